/** Profiles and their secrets in two places: nothing in clear on the disk, and no crash between the writes loses anything. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../engine/api/failure.ts';
import { fileProfiles } from '../../engine/os/profiles/store.ts';
import { FileSecrets } from '../../engine/os/secrets/file-store.ts';
import type { SecretsStore } from '../../engine/os/secrets/port.ts';
import { memorySecrets } from '../../engine/os/secrets/secrets.fake.ts';
import { fileKeeper } from '../../engine/os/secrets/secrets.linux.ts';
import type { ProfileStorage } from '../../engine/profile/storage.ts';
import { protectedProfiles } from '../../engine/protected-profiles.ts';

const SECRETS = [
  'the-psk-of-us',
  'the-key-in-pem',
  'the-passphrase',
  'the-password',
  'the-psk-of-them',
  'the-ppk',
];
const DOCUMENT = {
  name: 'office',
  gateway: { hosts: 'vpn.example.org' },
  local: {
    id: 'me',
    auth: {
      psk: SECRETS[0],
      key: SECRETS[1],
      passphrase: SECRETS[2],
      password: SECRETS[3],
      certificate: 'cert',
    },
  },
  remote: { psk: SECRETS[4], anchors: ['ca'] },
  ike: { ppk: { id: 'q', secret: SECRETS[5] } },
};

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'culvert-protected-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const secretsOf = (stateFolder: string): FileSecrets =>
  new FileSecrets({ stateFolder, keepers: [fileKeeper] });
const profilesOf = (state: string) => protectedProfiles(fileProfiles(state), secretsOf(state));

/** Every octet of every file under the state folder. */
function everything(state: string): string {
  return readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

const documentOf = async (profiles: ProfileStorage, name = 'office'): Promise<unknown> => {
  const found = await profiles.get(name);
  assert.ok(found && 'document' in found, JSON.stringify(found));
  return found.document;
};

test('what is put is got, by a new engine too, and no file holds a secret', async (t) => {
  const state = folder(t);
  await profilesOf(state).put('office', DOCUMENT);
  assert.deepEqual(await documentOf(profilesOf(state)), DOCUMENT);
  assert.deepEqual((await profilesOf(state).list()).length, 1);
  const text = everything(state);
  assert.match(text, /vpn\.example\.org/);
  for (const secret of SECRETS) {
    assert.ok(!text.includes(secret), `${secret} is on the disk`);
    assert.ok(!text.includes(Buffer.from(secret).toString('base64').slice(0, -4)), `${secret} in Base64`);
    assert.ok(!text.includes(Buffer.from(secret).toString('hex')), `${secret} in hex`);
  }
});

test('a changed secret leaves nothing of the old, a removed profile nothing at all', async (t) => {
  const state = folder(t);
  const profiles = profilesOf(state);
  await profiles.put('office', DOCUMENT);
  await profiles.put('office', { ...DOCUMENT, remote: { psk: 'another' } });
  const sets = (): string[] => readdirSync(join(state, 'secrets')).filter((file) => file.includes('~'));
  assert.equal(sets().length, 1);
  await profiles.put('home', { name: 'home', local: { auth: { psk: 'x' } } });
  assert.equal(await profiles.remove('office'), true);
  assert.deepEqual(
    sets().map((file) => file.split('~')[0]),
    ['home'],
  );
  await profiles.put('home', { name: 'home', local: { auth: {} } });
  assert.deepEqual(sets(), []);
});

test('secrets in clear are moved at the start, and what cannot be read is left alone', async (t) => {
  const state = folder(t);
  mkdirSync(join(state, 'profiles'), { mode: 0o700 });
  writeFileSync(join(state, 'profiles', 'office.json'), JSON.stringify(DOCUMENT));
  writeFileSync(join(state, 'profiles', 'bad.json'), '{');
  writeFileSync(join(state, 'profiles', 'open.json'), JSON.stringify({ name: 'open', local: { auth: {} } }));
  const profiles = profilesOf(state);
  assert.deepEqual(await profiles.settle(), ['moved the secrets of profile office into the secrets store']);
  assert.deepEqual(await documentOf(profiles), DOCUMENT);
  for (const secret of SECRETS) assert.ok(!everything(state).includes(secret));
  assert.deepEqual(await profiles.settle(), []);
});

test('a secret that was written into the file by hand is taken in when the profile is read', async (t) => {
  const state = folder(t);
  const profiles = profilesOf(state);
  await profiles.put('office', DOCUMENT);
  const path = join(state, 'profiles', 'office.json');
  const file = JSON.parse(readFileSync(path, 'utf8'));
  file.remote.psk = 'by hand';
  writeFileSync(path, JSON.stringify(file));
  const expected = { ...DOCUMENT, remote: { ...DOCUMENT.remote, psk: 'by hand' } };
  assert.deepEqual(await documentOf(profiles), expected);
  assert.ok(!everything(state).includes('by hand'));
  assert.deepEqual(await documentOf(profilesOf(state)), expected);
});

/** A storage that stops working after some calls, as at a crash: what was done stays, the rest never happens. */
function crashing<T extends object>(inner: T, calls: { left: number }): T {
  return new Proxy(inner, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (calls.left-- <= 0) return Promise.reject(new Error('crashed'));
        return (value as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

test('a crash between the writes leaves the old pair or the new one, and the next start tidies up', async (t) => {
  const replaced = {
    ...DOCUMENT,
    gateway: { hosts: 'new.example.org' },
    remote: { psk: 'new', anchors: ['ca'] },
  };
  const seen = new Set<string>();
  for (let left = 0; left <= 4; left++) {
    const state = folder(t);
    await profilesOf(state).put('office', DOCUMENT);
    const calls = { left };
    const crash = protectedProfiles(
      crashing<ProfileStorage>(fileProfiles(state), calls),
      crashing<SecretsStore>(secretsOf(state), calls),
    );
    await crash.put('office', replaced).catch(() => undefined);
    const after = profilesOf(state);
    await after.settle();
    const document = await documentOf(after);
    const isNew = isDeepStrictEqual(document, replaced);
    seen.add(isNew ? 'new' : 'old');
    assert.deepEqual(document, isNew ? replaced : DOCUMENT);
    const sets = readdirSync(join(state, 'secrets')).filter((file) => file.includes('~'));
    assert.equal(sets.length, 1, `after ${left} calls`);
  }
  assert.deepEqual([...seen].sort(), ['new', 'old']);
});

test('a crash during the move from clear text loses nothing', async (t) => {
  for (let left = 0; left <= 5; left++) {
    const state = folder(t);
    mkdirSync(join(state, 'profiles'), { mode: 0o700 });
    writeFileSync(join(state, 'profiles', 'office.json'), JSON.stringify(DOCUMENT));
    const calls = { left };
    const crash = protectedProfiles(
      crashing<ProfileStorage>(fileProfiles(state), calls),
      crashing<SecretsStore>(secretsOf(state), calls),
    );
    await crash.settle().catch(() => undefined);
    const after = profilesOf(state);
    await after.settle();
    assert.deepEqual(await documentOf(after), DOCUMENT);
    for (const secret of SECRETS) assert.ok(!everything(state).includes(secret));
  }
});

test('a store that cannot be opened: profiles are there but say why they cannot be used; nothing is written in clear', async (t) => {
  const state = folder(t);
  await profilesOf(state).put('office', DOCUMENT);
  rmSync(join(state, 'secrets', 'key.json'));
  const profiles = profilesOf(state);
  const found = await profiles.get('office');
  assert.ok(found && 'problem' in found);
  assert.equal(found.code, 'SECRETS_UNAVAILABLE');
  assert.match(found.problem, /local\.auth\.psk of profile office|a secret of profile office/);
  await assert.rejects(
    profiles.put('home', DOCUMENT),
    (error) => error instanceof ApiError && error.failure.code === 'SECRETS_UNAVAILABLE',
  );
  assert.deepEqual(readdirSync(join(state, 'profiles')), ['office.json']);
  for (const secret of SECRETS) assert.ok(!everything(state).includes(secret));
  // Without secrets a profile needs no store, and a profile that cannot be read can be removed.
  await profiles.put('open', { name: 'open' });
  assert.equal(await profiles.remove('office'), true);
  assert.equal(await profiles.get('office'), undefined);
});

test('a record that was tampered with names its profile and field', async (t) => {
  const state = folder(t);
  await profilesOf(state).put('office', DOCUMENT);
  const [name = ''] = readdirSync(join(state, 'secrets')).filter((file) => file.includes('~'));
  const path = join(state, 'secrets', name);
  const file = JSON.parse(readFileSync(path, 'utf8'));
  file.records['remote.psk'] = file.records['local.auth.psk'];
  writeFileSync(path, JSON.stringify(file));
  const found = await profilesOf(state).get('office');
  assert.ok(found && 'problem' in found);
  assert.match(found.problem, /^remote\.psk of profile office was changed/);
});

test('readers and writers at once see whole profiles', async () => {
  const documents = new Map<string, Readonly<Record<string, unknown>>>();
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  const slow: ProfileStorage = {
    list: async () => [],
    get: async (name) => {
      const document = documents.get(name);
      await pause();
      return document && { name, document, savedAt: 0 };
    },
    put: async (name, document) => {
      await pause();
      documents.set(name, document);
    },
    remove: async (name) => documents.delete(name),
  };
  const profiles = protectedProfiles(slow, memorySecrets());
  const numbered = (n: number) => ({ name: 'a', n, local: { auth: { psk: `secret ${n}` } } });
  await profiles.put('a', numbered(0));
  const work = Array.from({ length: 20 }, async (_, n) => {
    if (n % 2 === 0) await profiles.put('a', numbered(n));
    else {
      const document = (await documentOf(profiles, 'a')) as ReturnType<typeof numbered>;
      assert.equal(document.local.auth.psk, `secret ${document.n}`);
    }
  });
  await Promise.all(work);
});
