/** The gateway's address pool. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressPool } from '../../../engine/gateway/pool.ts';

test('addresses are leased lowest first, once an owner and family, and come back', () => {
  const pool = new AddressPool([
    { address: '10.9.0.0', length: 30 },
    { address: 'fd09::', length: 126 },
  ]);
  assert.equal(pool.lease('a', 4), '10.9.0.1');
  assert.equal(pool.lease('a', 4), '10.9.0.1', 'the same owner keeps its address');
  assert.equal(pool.lease('b', 4), '10.9.0.2');
  assert.equal(pool.lease('c', 4), undefined, 'the broadcast address is no host');
  assert.equal(pool.lease('a', 6), 'fd09::1');
  assert.equal(pool.used, 3);
  pool.release('a');
  assert.equal(pool.lease('c', 4), '10.9.0.1');
  assert.equal(pool.lease('b', 4), '10.9.0.2', 'an owner keeps its lease although a lower one is free');
});

test('a single address is a pool of one', () => {
  const pool = new AddressPool([{ address: '10.9.0.7', length: 32 }]);
  assert.equal(pool.lease('a', 4), '10.9.0.7');
  assert.equal(pool.lease('b', 4), undefined);
});
