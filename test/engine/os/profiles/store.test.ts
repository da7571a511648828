/** Profiles as files: modes, atomic writes, damaged files, names that would leave the folder. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileProfiles } from '../../../../engine/os/profiles/store.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'culvert-profiles-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('what is put is listed, got and removed; files are for the owner alone', async (t) => {
  const state = folder(t);
  const store = fileProfiles(state);
  assert.deepEqual(await store.list(), []);
  await store.put('b', { name: 'b', n: 1 });
  await store.put('a', { name: 'a' });
  await store.put('b', { name: 'b', n: 2 });
  assert.deepEqual(
    (await store.list()).map((profile) => ('document' in profile ? profile.document : profile.problem)),
    [{ name: 'a' }, { name: 'b', n: 2 }],
  );
  assert.equal(statSync(join(state, 'profiles')).mode & 0o777, 0o700);
  assert.equal(statSync(join(state, 'profiles', 'a.json')).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(join(state, 'profiles')), ['a.json', 'b.json']);
  assert.equal(await store.remove('a'), true);
  assert.equal(await store.remove('a'), false);
  assert.equal(await store.get('a'), undefined);
});

test('what a crash left beside a file does not hinder the next write, a lax folder is tightened', async (t) => {
  const state = folder(t);
  const store = fileProfiles(state);
  await store.put('a', { n: 1 });
  writeFileSync(join(state, 'profiles', 'a.json.new'), '{"n":');
  chmodSync(join(state, 'profiles'), 0o755);
  await store.put('a', { n: 2 });
  const got = await store.get('a');
  assert.deepEqual(got && 'document' in got && got.document, { n: 2 });
  assert.equal((await store.list()).length, 1);
  assert.equal(statSync(join(state, 'profiles')).mode & 0o777, 0o700);
});

test('a damaged file is reported without its text and hides no other', async (t) => {
  const state = folder(t);
  const store = fileProfiles(state);
  await store.put('good', { n: 1 });
  writeFileSync(join(state, 'profiles', 'bad.json'), '{"psk": "the secret"');
  writeFileSync(join(state, 'profiles', 'list.json'), '[]');
  const [bad, good, list] = await store.list();
  assert.ok(bad && 'problem' in bad && !bad.problem.includes('the secret'));
  assert.ok(good && 'document' in good);
  assert.ok(list && 'problem' in list);
});

test('writes under way at once come out whole', async (t) => {
  const store = fileProfiles(folder(t));
  await Promise.all(Array.from({ length: 20 }, (_, n) => store.put('a', { n, text: 'x'.repeat(n * 1000) })));
  const got = await store.get('a');
  assert.equal(got && 'document' in got && got.document.n, 19);
});

test('a name that would leave the folder is refused here as well', async (t) => {
  const store = fileProfiles(folder(t));
  for (const name of ['..', '../a', 'a/b', '', 'a\u0000', 'x'.repeat(65)]) {
    await assert.rejects(store.put(name, {}), RangeError);
    await assert.rejects(store.remove(name), RangeError);
    assert.throws(() => store.get(name), RangeError);
  }
});
