import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileCache } from '../../../../engine/os/revocation/cache.ts';

const key = (n: number): string => n.toString(16).padStart(64, '0');

test('keeps, replaces, bounds and survives', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'culvert-cache-'));
  t.after(() => rmSync(state, { recursive: true }));
  const folder = join(state, 'revocation');
  const cache = fileCache(state, { files: 3, octets: 100 });
  assert.equal(await cache.get(key(1)), undefined);
  await cache.put(key(1), Uint8Array.of(1));
  await cache.put(key(1), Uint8Array.of(2));
  assert.deepEqual(await fileCache(state).get(key(1)), Uint8Array.of(2));
  assert.equal(statSync(join(folder, key(1))).mode & 0o777, 0o600);
  utimesSync(join(folder, key(1)), 1000, 1000);
  writeFileSync(join(folder, `${key(9)}.new`), 'left by a crash');
  for (const n of [2, 3, 4]) await cache.put(key(n), new Uint8Array(20));
  assert.deepEqual(readdirSync(folder).sort(), [key(2), key(3), key(4)]);
  await cache.put(key(5), new Uint8Array(90));
  assert.deepEqual(readdirSync(folder), [key(5)]);
  await cache.put(key(6), new Uint8Array(101));
  assert.equal(await cache.get(key(6)), undefined);
  await cache.put('../escape', Uint8Array.of(1));
  assert.deepEqual(readdirSync(state), ['revocation']);
});

test('a folder that cannot be written costs nothing but the keeping', async () => {
  await fileCache('/dev/null').put(key(1), Uint8Array.of(1));
});
