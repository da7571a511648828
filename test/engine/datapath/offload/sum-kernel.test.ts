/** The checksum kernel against the plain loop. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldSum, sumOctets } from '../../../../engine/base/internet-checksum.ts';
import { packetMemory } from '../../../../engine/datapath/offload/sum-kernel.ts';
import { octets } from './support/super-packets.ts';

const memory = packetMemory(4 * 65536);
const HALF = 2 * 65536;

const length = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 65536 }));

test('sums are those of the plain loop, at any place and of any length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 64 }), length, fc.integer(), (at, length, seed) => {
      memory.octets.set(octets(length, seed), at);
      assert.equal(memory.sum(at, length), foldSum(sumOctets(memory.octets, at, length)));
    }),
    { numRuns: 500 },
  );
});

test('a copy is the same octets, no more, with the same sum', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 64 }), length, fc.integer(), (at, length, seed) => {
      const data = octets(length, seed);
      memory.octets.set(data, at);
      memory.octets.fill(0xa5, HALF, HALF + length + 200);
      const sum = memory.copySum(HALF + 50 + (seed & 15), at, length);
      const to = HALF + 50 + (seed & 15);
      assert.equal(sum, foldSum(sumOctets(data, 0, length)));
      assert.deepEqual(memory.octets.slice(to, to + length), data);
      assert.ok(memory.octets.subarray(HALF, to).every((octet) => octet === 0xa5));
      assert.ok(memory.octets.subarray(to + length, HALF + length + 200).every((octet) => octet === 0xa5));
    }),
    { numRuns: 300 },
  );
});

test('the largest sums do not overflow', () => {
  memory.octets.fill(0xff, 0, 65536);
  assert.equal(memory.sum(0, 65536), 0xffff);
  assert.equal(memory.sum(0, 65535), foldSum(sumOctets(memory.octets, 0, 65535)));
});

test('memory is of whole pages and does not move', () => {
  const small = packetMemory(1);
  assert.equal(small.octets.length, 65536);
  assert.equal(small.octets.buffer, small.octets.buffer);
});
