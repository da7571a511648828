/** Who keeps the key of the secrets store on each system: the real systemd-creds, and foreign functions played by fakes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CommandOptions,
  type CommandResult,
  type CommandRunner,
  systemCommands,
} from '../../../../engine/os/command.ts';
import { type Crypt32, dataProtection } from '../../../../engine/os/ffi/crypt32.win32.ts';
import { SecretsError } from '../../../../engine/os/secrets/port.ts';
import { keychainKeeper } from '../../../../engine/os/secrets/secrets.darwin.ts';
import { linuxKeepers, systemdKeeper } from '../../../../engine/os/secrets/secrets.linux.ts';
import { dataProtectionKeeper, FLAGS } from '../../../../engine/os/secrets/secrets.win32.ts';
import { requireOrSkip } from '../../../support/require.ts';

const KEY = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
const HEX = Buffer.from(KEY).toString('hex');

const unavailable = (says: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SecretsError && error.code === 'unavailable', String(error));
  assert.match(error.message, says);
  assert.ok(!error.message.includes(HEX));
  return true;
};

interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly input: string;
}

function commands(
  answer: (call: Call) => Partial<CommandResult>,
  installed = true,
): CommandRunner & { readonly calls: Call[] } {
  const calls: Call[] = [];
  return {
    calls,
    find: (name) => (installed ? `/usr/bin/${name}` : undefined),
    run: async (name: string, args: readonly string[], options: CommandOptions = {}) => {
      const call = { name, args, input: options.input ?? '' };
      calls.push(call);
      return { status: 0, stdout: '', stderr: '', ...answer(call) };
    },
  };
}

test('systemd-creds really seals and opens, and not under another name', async (t) => {
  if (!requireOrSkip(t, { root: true, commands: ['systemd-creds'] })) return;
  const system = systemCommands();
  const keeper = systemdKeeper(system);
  const sealed = await keeper.seal(KEY);
  assert.ok(!Buffer.from(sealed).toString('utf8').includes(HEX));
  assert.deepEqual(await keeper.unseal(sealed), KEY);
  const text = Buffer.from(sealed).toString('utf8');
  const other = await system.run('systemd-creds', ['decrypt', '--name=something-else', '-', '-'], {
    input: text,
  });
  assert.notEqual(other.status, 0);
  const bytes = Buffer.from(text, 'base64');
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 1;
  await assert.rejects(keeper.unseal(Buffer.from(bytes.toString('base64'))), unavailable(/decrypt failed/));
});

test('systemd-creds: the key goes in by standard input, and failures are told', async () => {
  const fake = commands(({ args }) => ({ stdout: args[0] === 'encrypt' ? 'c2VhbGVk\n' : `${HEX}\n` }));
  const [keeper, file] = linuxKeepers(fake);
  assert.ok(keeper && file);
  const sealed = await keeper.seal(KEY);
  assert.deepEqual(await keeper.unseal(sealed), KEY);
  assert.deepEqual(
    fake.calls.map(({ args, input }) => [args.join(' '), input]),
    [
      ['encrypt --name=culvert-secrets-key - -', HEX],
      ['decrypt --name=culvert-secrets-key - -', 'c2VhbGVk\n'],
    ],
  );
  await assert.rejects(systemdKeeper(commands(() => ({}), false)).seal(KEY), unavailable(/not installed/));
  const failing = commands(() => ({ status: 1, stderr: 'warning\nNo TPM here' }));
  await assert.rejects(systemdKeeper(failing).seal(KEY), unavailable(/encrypt failed: No TPM here/));
  await assert.rejects(
    systemdKeeper(commands(() => ({ stdout: 'no hex' }))).unseal(sealed),
    unavailable(/no key/),
  );
  assert.deepEqual(await file.unseal(await file.seal(KEY)), KEY);
});

test('the keychain: the key is on no command line, and what comes back is checked', async () => {
  const items = new Map<string, string>();
  const fake = commands(({ args, input }) => {
    if (args[0] === '-i') {
      const [, service, secret] =
        /^add-generic-password -a culvert -s (\S+) -w (\S+) \S+\n$/.exec(input) ?? [];
      items.set(service ?? '', secret ?? '');
      return {};
    }
    const found = items.get(args[args.indexOf('-s') + 1] ?? '');
    return found === undefined
      ? { status: 44, stderr: 'The item could not be found.' }
      : { stdout: `${found}\n` };
  });
  const keeper = keychainKeeper(fake);
  const sealed = await keeper.seal(KEY);
  assert.deepEqual(await keeper.unseal(sealed), KEY);
  assert.ok(!fake.calls.some(({ args }) => args.join(' ').includes(HEX)), 'others see arguments');
  assert.notDeepEqual(await keeper.seal(KEY), sealed, 'each key has an item of its own');
  const gone = new TextEncoder().encode('culvert-secrets-0123456789abcdef');
  await assert.rejects(keeper.unseal(gone), unavailable(/could not be found/));
  await assert.rejects(
    keeper.unseal(new TextEncoder().encode('x -s y')),
    unavailable(/name of the key is damaged/),
  );
});

/** The system's functions: "sealing" is a mask under flags and entropy; each result is memory of its own. */
function crypt32(): Crypt32 & { readonly alive: Set<unknown>; error: number } {
  const alive = new Set<unknown>();
  const mask: Crypt32['protect'] = (input, entropy, flags, output) => {
    if (fake.error !== 0 || flags !== FLAGS) return 0;
    const bytes = Uint8Array.from(input.pbData as Uint8Array, (b) => b ^ 0x55 ^ entropy.cbData);
    alive.add(bytes);
    output.cbData = bytes.length;
    output.pbData = bytes;
    return 1;
  };
  const fake = {
    alive,
    error: 0,
    protect: mask,
    unprotect: mask,
    lastError: () => fake.error,
    copy: (at: unknown, length: number) => (at as Uint8Array).slice(0, length),
    free: (at: unknown) => void alive.delete(at),
  };
  return fake;
}

test('Data Protection: machine scope without a dialogue, memory freed, errors by their number', async () => {
  const api = crypt32();
  const keeper = dataProtectionKeeper(dataProtection(api));
  const sealed = await keeper.seal(KEY);
  assert.notDeepEqual(sealed, KEY);
  assert.deepEqual(await keeper.unseal(sealed), KEY);
  assert.equal(api.alive.size, 0);
  assert.equal(FLAGS, 5);
  api.error = 13;
  await assert.rejects(keeper.unseal(sealed), unavailable(/error 13/));
  await assert.rejects(dataProtectionKeeper(undefined).seal(KEY), unavailable(/not to be had/));
});
