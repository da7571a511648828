/** The contract with clients: what validators take, and that nothing in the tables is out of step. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METHOD_NAMES, METHODS, RIGHTS } from '../../../engine/api/commands.ts';
import { failureSchema, localFailure } from '../../../engine/api/failure.ts';
import { snapshotSchema, tunnelSnapshotSchema } from '../../../engine/api/snapshot.ts';
import { FAILURES, type FailureCode } from '../../../engine/base/failure.ts';
import { HANDLERS } from '../../../engine/rpc/dispatch.ts';
import { FakeEngine, TUNNEL } from '../rpc/fake-engine.ts';

test('a snapshot survives JSON and the validator without loss', () => {
  const engine = new FakeEngine();
  engine.tunnels = [{ ...TUNNEL, lastFailure: localFailure('TUN_UNAVAILABLE', 'no tun', ['load it']) }];
  const json: unknown = JSON.parse(JSON.stringify(engine.snapshot()));
  assert.deepEqual(snapshotSchema.parse(json), json);
});

test('a newer engine may say more, a wrong one is caught', () => {
  assert.equal(tunnelSnapshotSchema.safeParse({ ...TUNNEL, mood: 'good' }).success, true);
  assert.equal(tunnelSnapshotSchema.safeParse({ ...TUNNEL, state: 'UP' }).success, false);
  assert.equal(tunnelSnapshotSchema.safeParse({ ...TUNNEL, children: [{}] }).success, false);
});

test('every failure code passes, with an exit code of its own from 1 to 99', () => {
  for (const code of Object.keys(FAILURES) as FailureCode[])
    assert.equal(failureSchema.safeParse(localFailure(code, 'x')).success, true, code);
  assert.equal(failureSchema.safeParse({ ...localFailure('USAGE', 'x'), code: 'OTHER' }).success, false);
  const codes = Object.values(FAILURES);
  assert.equal(new Set(codes).size, codes.length);
  assert.ok(codes.every((code) => code > 0 && code < 100));
});

test('every method has a right and a handler', () => {
  assert.deepEqual(Object.keys(HANDLERS).sort(), [...METHOD_NAMES].sort());
  for (const method of METHOD_NAMES) assert.ok(RIGHTS.includes(METHODS[method].right));
  const changing = METHOD_NAMES.filter((method) => METHODS[method].right === 'read');
  assert.ok(
    changing.every((method) => /^(engine|snapshot|log)\.|\.(list|get|negotiation)$/.test(method)),
    String(changing),
  );
});

test('names cannot leave a folder', () => {
  const takes = (name: string): boolean => METHODS['profiles.get'].params.safeParse({ name }).success;
  assert.deepEqual(['office', 'a.b-c_D', 'x'.repeat(64)].map(takes), [true, true, true]);
  assert.deepEqual(['', '.', '..', 'a/b', 'a b', 'x'.repeat(65), 'a\n'].map(takes), Array(7).fill(false));
});
