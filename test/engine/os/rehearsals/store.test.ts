/** What was rehearsed, in its file: there after a restart, whole or not at all, and nothing when it is damaged. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Rehearsed } from '../../../../engine/os/rehearsals/port.ts';
import { fileRehearsals } from '../../../../engine/os/rehearsals/store.ts';

const one = (n: number): Rehearsed => ({
  profile: 'office',
  child: `net${n}`,
  proposals: 'aes128gcm16-x25519',
});

function world(t: TestContext) {
  const state = mkdtempSync(join(tmpdir(), 'culvert-rehearsed-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const problems: string[] = [];
  const store = () => fileRehearsals(state, (text) => problems.push(text));
  return { state, path: join(state, 'rehearsed.json'), problems, store };
}

test('is there after a restart, for the owner alone', async (t) => {
  const { state, path, problems, store } = world(t);
  assert.deepEqual(await store().load(), []);
  await store().save([one(1), one(2)]);
  assert.deepEqual(await store().load(), [one(1), one(2)]);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(state), ['rehearsed.json']);
  assert.deepEqual(problems, []);
});

test('of many writes at once the last one stays', async (t) => {
  const { store, problems } = world(t);
  const same = store();
  await Promise.all(Array.from({ length: 50 }, (_, n) => same.save([one(n)])));
  assert.deepEqual(await store().load(), [one(49)]);
  assert.deepEqual(problems, []);
});

test('a damaged file counts as nothing, is told of, and is written over', async (t) => {
  const { path, problems, store } = world(t);
  for (const damaged of ['', '{', '{"a":1}', 'null', '\0'.repeat(100), `["${'x'.repeat(600_000)}"]`]) {
    problems.length = 0;
    writeFileSync(path, damaged);
    assert.deepEqual(await store().load(), []);
    assert.equal(problems.length, 1, damaged.slice(0, 10));
  }
  await store().save([one(1)]);
  assert.deepEqual(await store().load(), [one(1)]);
});

test('entries that are none are left out, whatever they are', async (t) => {
  const { path, store } = world(t);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue(), { maxLength: 5 }), async (others) => {
      writeFileSync(path, JSON.stringify([...others, one(1)]));
      const found = await store().load();
      assert.deepEqual(found.at(-1), one(1));
    }),
    { numRuns: 30 },
  );
  writeFileSync(
    path,
    JSON.stringify([
      { profile: 1, child: 'a', proposals: 'b' },
      { ...one(2), proposals: '' },
    ]),
  );
  assert.deepEqual(await store().load(), []);
});

test('more than fits is not written; a disk that does not take it is told of', async (t) => {
  const { state, path, problems, store } = world(t);
  await store().save([one(1)]);
  await store().save([{ ...one(2), proposals: 'x'.repeat(600_000) }]);
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).length, 1);
  assert.deepEqual(problems, []);
  rmSync(state, { recursive: true });
  await store().save([one(3)]);
  assert.match(problems[0] ?? '', /could not be written/);
});
