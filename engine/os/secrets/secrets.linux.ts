/**
 * Who keeps the key on Linux: systemd-creds seals it to this machine (TPM2 where there is one, and the host's key),
 * else a file that only the engine's user may read.
 */
import { fromHex, toHex } from '../../base/bytes.ts';
import type { CommandRunner } from '../command.ts';
import { type KeyKeeper, SecretsError } from './port.ts';

/** Bound into what is sealed: a credential of another name does not open. */
const NAME = '--name=culvert-secrets-key';
const HEX = /^(?:[0-9a-f]{2})+$/;

export function systemdKeeper(commands: CommandRunner): KeyKeeper {
  const run = async (what: 'encrypt' | 'decrypt', input: string): Promise<string> => {
    if (commands.find('systemd-creds') === undefined)
      throw new SecretsError('unavailable', 'systemd-creds is not installed');
    const { status, stdout, stderr } = await commands.run('systemd-creds', [what, NAME, '-', '-'], { input });
    if (status === 0) return stdout;
    const said = stderr.trim().split('\n').at(-1) ?? '';
    throw new SecretsError('unavailable', `systemd-creds ${what} failed: ${said.slice(0, 200)}`);
  };
  return {
    kind: 'systemd-creds',
    protection: 'secrets are encrypted with a key that systemd-creds seals to this machine',
    seal: async (key) => new TextEncoder().encode(await run('encrypt', toHex(key))),
    unseal: async (sealed) => {
      const text = (await run('decrypt', new TextDecoder().decode(sealed))).trim();
      if (!HEX.test(text)) throw new SecretsError('unavailable', 'systemd-creds gave back no key');
      return fromHex(text);
    },
  };
}

/** The key as it is, in the store's own file: as safe as the file's mode and the disk. */
export const fileKeeper: KeyKeeper = {
  kind: 'file',
  protection:
    "secrets are encrypted with a key in a file that only the engine's user can read, for nothing on this system seals it",
  seal: async (key) => key.slice(),
  unseal: async (sealed) => sealed.slice(),
};

export const linuxKeepers = (commands: CommandRunner): readonly KeyKeeper[] => [
  systemdKeeper(commands),
  fileKeeper,
];
