/** `culvert diagnose`: where the bundle goes, and who may read it. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUNDLE } from '../rpc/fake-engine.ts';
import { folder, serve } from '../rpc/wire.ts';
import { run } from './command.ts';

test('to standard output, indented or as one line', async (t) => {
  const { engine, path } = await serve(t);
  const shown = await run(['diagnose', '--socket', path]);
  assert.equal(shown.code, 0, shown.stderr);
  assert.deepEqual(JSON.parse(shown.stdout), BUNDLE);
  assert.ok(shown.stdout.includes('\n  "format": 1'));
  assert.match(shown.stderr, /left out: the oldest 7 lines of the log/);
  const json = await run(['diagnose', '--mask', '--json', '--socket', path]);
  assert.equal(json.stdout.trimEnd().split('\n').length, 1);
  assert.equal(JSON.parse(json.stdout).masked, true);
  assert.deepEqual(engine.calls.at(-1), ['diagnose', { mask: true }]);
});

test('into a file that only its owner may read', async (t) => {
  const { path } = await serve(t);
  const file = join(folder(t), 'bundle.json');
  const { code, stdout } = await run(['diagnose', '-o', file, '--socket', path]);
  assert.equal(code, 0);
  assert.match(stdout, /^wrote .*bundle\.json \(\d+ octets\); addresses and names are in it, see --mask\n$/);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), BUNDLE);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const failed = await run(['diagnose', '-o', join(file, 'x'), '--socket', path]);
  assert.equal(failed.code, 2);
  assert.match(failed.stderr, /cannot be written \(ENOTDIR\)/);
});
