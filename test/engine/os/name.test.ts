import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveName } from '../../../engine/os/name.ts';

const never = () => assert.fail('an address needs no look-up');

test('an address is its own answer, in canonical form', async () => {
  assert.deepEqual(await resolveName('192.0.2.1', 100, never), ['192.0.2.1']);
  assert.deepEqual(await resolveName('2001:DB8:0::1', 100, never), ['2001:db8::1']);
});

test('both families come back in order, without repeats', async () => {
  const answer = ['2001:db8:0::1', '192.0.2.1', '192.0.2.1'].map((address) => ({ address }));
  assert.deepEqual(await resolveName('gw.example', 100, async () => answer), ['2001:db8::1', '192.0.2.1']);
});

test('localhost comes from the system', async () => {
  const found = await resolveName('localhost');
  assert.ok(found.includes('127.0.0.1') || found.includes('::1'));
});

test('no address, an empty answer and no answer in time are name-not-found', async () => {
  const wrong = { name: 'OsError', code: 'name-not-found' };
  await assert.rejects(
    resolveName('x.example', 100, () => Promise.reject(new Error('ENOTFOUND'))),
    wrong,
  );
  await assert.rejects(
    resolveName('x.example', 100, async () => []),
    wrong,
  );
  await assert.rejects(
    resolveName('x.example', 20, () => new Promise(() => undefined)),
    {
      ...wrong,
      detail: 'no answer within 20 ms',
    },
  );
});
