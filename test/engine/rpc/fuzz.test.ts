/** Arbitrary parameters to every method: a result or a typed error, and the server lives on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { METHOD_NAMES } from '../../../engine/api/commands.ts';
import { failureSchema } from '../../../engine/api/failure.ts';
import { RawClient, serve } from './wire.ts';

/** Whole bursts: beyond them the server makes a client wait. */
const RUNS = 180;

test('any parameters give a result or a Failure', async (t) => {
  const { path } = await serve(t);
  let id = 0;
  let raw = await RawClient.open(t, path);
  const field = fc.constantFrom(
    'name',
    'profile',
    'wait',
    'what',
    'child',
    'lines',
    'after',
    'watch',
    '__proto__',
  );
  const params = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.dictionary(field, fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('office', 'ike', true, 1))),
  );
  for (let round = 0; round < 3; round++) {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...METHOD_NAMES), params, async (method, value) => {
        const { result, error } = await raw.call(++id, method, value);
        if (result === undefined)
          assert.ok(failureSchema.safeParse(error?.data).success, JSON.stringify(error));
        assert.notEqual(error?.code, -32603);
      }),
      { numRuns: RUNS / 3 },
    );
    raw = await RawClient.open(t, path);
  }
});

test('arbitrary messages are answered or end the connection', async (t) => {
  const { path } = await serve(t);
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (value) => {
      const raw = await RawClient.open(t, path);
      raw.send(
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? { jsonrpc: '2.0', ...value }
          : value,
      );
      raw.request(77, 'engine.info', {});
      const answer = await raw.answer((one) => one.id === 77 || one.error !== undefined);
      assert.ok(answer);
      raw.socket.destroy();
      await raw.ended;
    }),
    { numRuns: 100 },
  );
});
