/** The secrets store on a real disk: round trips, tampering with each octet, owners and modes, lost and foreign keys. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileSecrets } from '../../../../engine/os/secrets/file-store.ts';
import { type KeyKeeper, SecretsError } from '../../../../engine/os/secrets/port.ts';
import { fileKeeper } from '../../../../engine/os/secrets/secrets.linux.ts';

const PSK = 'local.auth.psk';
const SECRETS = { [PSK]: 'correct horse battery staple', 'ike.ppk.secret': 'a post-quantum secret, ünïcode' };

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'culvert-secrets-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const store = (stateFolder: string, keepers: readonly KeyKeeper[] = [fileKeeper]): FileSecrets =>
  new FileSecrets({ stateFolder, keepers });

const fails =
  (code: SecretsError['code'], says: RegExp, field?: string) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof SecretsError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    if (field !== undefined) assert.equal(error.field, field);
    for (const secret of Object.values(SECRETS)) assert.ok(!error.message.includes(secret));
    return true;
  };

interface Kept {
  readonly state: string;
  readonly set: string;
  readonly path: string;
  readonly key: string;
}

async function kept(t: TestContext): Promise<Kept> {
  const state = folder(t);
  const set = await store(state).put('office', SECRETS);
  const path = join(state, 'secrets', `office~${set}.json`);
  return { state, set, path, key: join(state, 'secrets', 'key.json') };
}

test('what is put is got, by a new process too; files are for the owner alone and hold no secret', async (t) => {
  const { state, set, path, key } = await kept(t);
  assert.deepEqual(await store(state).get('office', set, Object.keys(SECRETS)), SECRETS);
  assert.equal(statSync(join(state, 'secrets')).mode & 0o777, 0o700);
  for (const file of [path, key]) {
    assert.equal(statSync(file).mode & 0o777, 0o600);
    for (const secret of Object.values(SECRETS)) assert.ok(!readFileSync(file, 'utf8').includes(secret));
  }
  assert.deepEqual(readdirSync(join(state, 'secrets')).sort(), ['key.json', `office~${set}.json`]);
});

test('the same secret looks different each time', async (t) => {
  const state = folder(t);
  const secrets = store(state);
  const sets = [await secrets.put('office', SECRETS), await secrets.put('office', SECRETS)];
  const [a, b] = sets.map((set) => {
    const { records } = JSON.parse(readFileSync(join(state, 'secrets', `office~${set}.json`), 'utf8'));
    return records[PSK] as string;
  });
  assert.notEqual(a, b);
});

test('a record with any octet changed, cut or longer is not used', async (t) => {
  const { state, set, path } = await kept(t);
  const file = JSON.parse(readFileSync(path, 'utf8')) as { records: Record<string, string> };
  const sealed = Buffer.from(file.records[PSK] ?? '', 'base64');
  const secrets = store(state);
  const refused = async (bytes: Buffer): Promise<void> => {
    const records = { ...file.records, [PSK]: bytes.toString('base64') };
    writeFileSync(path, JSON.stringify({ ...file, records }));
    await assert.rejects(
      secrets.get('office', set, [PSK]),
      fails('damaged', /local\.auth\.psk of profile office was changed/, PSK),
    );
  };
  for (let at = 0; at < sealed.length; at++) {
    const bytes = Buffer.from(sealed);
    bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
    await refused(bytes);
  }
  for (const length of [0, 11, 12, 27, 28, sealed.length - 1]) await refused(sealed.subarray(0, length));
  await refused(Buffer.concat([sealed, Buffer.from([0])]));
});

test('records do not open in the place of another field, profile or set', async (t) => {
  const { state, set, path } = await kept(t);
  const secrets = store(state);
  const file = JSON.parse(readFileSync(path, 'utf8')) as { records: Record<string, string> };
  const swapped = { [PSK]: file.records['ike.ppk.secret'], 'ike.ppk.secret': file.records[PSK] };
  writeFileSync(path, JSON.stringify({ ...file, records: swapped }));
  await assert.rejects(secrets.get('office', set, [PSK]), fails('damaged', /was changed/, PSK));
  writeFileSync(path, JSON.stringify(file));
  const other = '0'.repeat(32);
  renameSync(path, join(state, 'secrets', `home~${set}.json`));
  await assert.rejects(secrets.get('home', set, [PSK]), fails('damaged', /profile home was changed/, PSK));
  renameSync(join(state, 'secrets', `home~${set}.json`), join(state, 'secrets', `office~${other}.json`));
  await assert.rejects(secrets.get('office', other, [PSK]), fails('damaged', /was changed/, PSK));
});

test('what is missing or no such file is named', async (t) => {
  const { state, set, path } = await kept(t);
  const secrets = store(state);
  await assert.rejects(
    secrets.get('office', set, [PSK, 'local.auth.password']),
    fails('damaged', /local\.auth\.password of profile office is not in the secrets store/),
  );
  writeFileSync(path, '{"version":1,"records":[]}');
  await assert.rejects(secrets.get('office', set, [PSK]), fails('damaged', /is not in/));
  for (const text of ['', '{', '[]', '{"version":2,"records":{}}']) {
    writeFileSync(path, text);
    await assert.rejects(secrets.get('office', set, [PSK]), fails('damaged', /file is damaged/, PSK));
  }
  rmSync(path);
  await assert.rejects(secrets.get('office', set, [PSK]), fails('damaged', /is not in/, PSK));
});

test('a file, a key or a folder that others may touch is refused', async (t) => {
  const { state, set, path, key } = await kept(t);
  const refused = (says: RegExp): Promise<void> =>
    assert.rejects(store(state).get('office', set, [PSK]), fails('unavailable', says));
  for (const [target, mode] of [
    [path, 0o640],
    [path, 0o604],
    [key, 0o644],
    [join(state, 'secrets'), 0o750],
  ] as const) {
    const before = statSync(target).mode & 0o777;
    chmodSync(target, mode);
    await refused(new RegExp(`has mode 0${mode.toString(8)}`));
    chmodSync(target, before);
  }
  if (process.geteuid?.() === 0) {
    for (const target of [path, key, join(state, 'secrets')]) {
      chownSync(target, 12_345, 12_345);
      await refused(/belongs to user 12345/);
      chownSync(target, 0, 0);
    }
  }
  assert.deepEqual(await store(state).get('office', set, [PSK]), { [PSK]: SECRETS[PSK] });
  const real = join(state, 'elsewhere');
  renameSync(path, real);
  symlinkSync(real, path);
  await assert.rejects(store(state).get('office', set, [PSK]), fails('unavailable', /cannot be read/));
});

test('a folder that others had made before is not taken over', async (t) => {
  const state = folder(t);
  mkdirSync(join(state, 'secrets'));
  chmodSync(join(state, 'secrets'), 0o777);
  await assert.rejects(store(state).put('office', SECRETS), fails('unavailable', /has mode 0777/));
});

test('a lost, damaged or foreign key is an error, and no new one is made while records wait', async (t) => {
  const { state, set, key } = await kept(t);
  const before = readFileSync(key, 'utf8');
  const refused = async (says: RegExp): Promise<void> => {
    await assert.rejects(store(state).get('office', set, [PSK]), fails('unavailable', says));
    await assert.rejects(store(state).put('home', SECRETS), fails('unavailable', says));
  };
  rmSync(key);
  await refused(/key\.json is missing/);
  const file = (value: unknown): void => writeFileSync(key, JSON.stringify(value), { mode: 0o600 });
  file({ version: 1, kind: 'file', sealed: 'AAAA' });
  await refused(/does not hold a key/);
  file({ version: 1, kind: 'unheard of', sealed: 'AAAA' });
  await refused(/nothing here opens a key of the kind "unheard of"/);
  writeFileSync(key, 'no JSON');
  await refused(/damaged/);
  file({ version: 1, kind: 'file', sealed: Buffer.alloc(32).toString('base64') });
  await assert.rejects(store(state).get('office', set, [PSK]), fails('damaged', /was changed/, PSK));
  writeFileSync(key, before);
  assert.deepEqual(await store(state).get('office', set, [PSK]), { [PSK]: SECRETS[PSK] });
});

test('the key is kept by the first keeper that works, and opened by the one that sealed it', async (t) => {
  const state = folder(t);
  const passed: string[] = [];
  const broken: KeyKeeper = {
    kind: 'broken',
    protection: 'never',
    seal: async () => {
      throw new SecretsError('unavailable', 'there is no such thing here');
    },
    unseal: async () => new Uint8Array(32),
  };
  const lying: KeyKeeper = { ...broken, kind: 'lying', seal: async () => new Uint8Array(5) };
  const secrets = new FileSecrets({
    stateFolder: state,
    keepers: [broken, lying, fileKeeper],
    passedOver: (reason) => passed.push(reason),
  });
  assert.equal(secrets.protection, undefined);
  const set = await secrets.put('office', SECRETS);
  assert.equal(secrets.protection, fileKeeper.protection);
  assert.deepEqual(passed, ['there is no such thing here', 'lying does not give back what it sealed']);
  await assert.rejects(store(state, [broken]).get('office', set, [PSK]), fails('unavailable', /kind "file"/));
  await assert.rejects(
    store(folder(t), [broken]).put('office', SECRETS),
    fails('unavailable', /nothing on this system/),
  );
});

test('sets are pruned, and what a crash left of a write with them', async (t) => {
  const { state, set } = await kept(t);
  const secrets = store(state);
  const next = await secrets.put('office', SECRETS);
  await secrets.put('office2', SECRETS);
  writeFileSync(join(state, 'secrets', `office~${next}.json.new`), 'half');
  assert.deepEqual([...(await secrets.profiles())].sort(), ['office', 'office2']);
  await secrets.prune('office', next);
  await assert.rejects(secrets.get('office', set, [PSK]), SecretsError);
  assert.deepEqual(await secrets.get('office', next, [PSK]), { [PSK]: SECRETS[PSK] });
  await secrets.prune('office');
  assert.deepEqual(await secrets.profiles(), ['office2']);
  assert.ok(!readdirSync(join(state, 'secrets')).some((file) => file.endsWith('.new')));
});

test('names that would leave the folder are refused', async (t) => {
  const secrets = store(folder(t));
  for (const name of ['..', '../a', 'a/b', '', 'x'.repeat(65)])
    await assert.rejects(secrets.put(name, SECRETS), RangeError);
  await assert.rejects(secrets.get('office', '../x', [PSK]), RangeError);
});

test('what is too large is refused before it is written', async (t) => {
  const secrets = store(folder(t));
  await assert.rejects(
    secrets.put('office', { [PSK]: 'x'.repeat(600_000) }),
    fails('unavailable', /more than/, PSK),
  );
});
