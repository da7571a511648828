/** The Internet checksum on RFC 1071's own example, and its update against a full computation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, readU16, writeU16 } from '../../../engine/base/bytes.ts';
import { foldChecksum, sumOctets, updateChecksum } from '../../../engine/base/internet-checksum.ts';

const checksum = (bytes: Uint8Array): number => foldChecksum(sumOctets(bytes, 0, bytes.length));

test('RFC 1071 §3', () => {
  assert.equal(checksum(fromHex('0001f203f4f5f6f7')), ~0xddf2 & 0xffff);
});

test('an odd octet counts as the upper half of a word', () => {
  assert.equal(checksum(fromHex('01')), checksum(fromHex('0100')));
});

test('parts sum like the whole, up to the longest packet', () => {
  const long = new Uint8Array(65_535).fill(0xff);
  assert.equal(checksum(long), foldChecksum(sumOctets(long, 30_000, 35_535, sumOctets(long, 0, 30_000))));
  assert.equal(checksum(long), 0x00ff);
});

test('an update equals a new computation', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 60 }),
      fc.nat(9),
      fc.nat(65_535),
      (bytes, word, value) => {
        const before = checksum(bytes);
        const old = readU16(bytes, 2 * word);
        writeU16(bytes, 2 * word, value);
        // 0 and 0xffff are the same sum.
        assert.equal(updateChecksum(before, old, value) % 0xffff, checksum(bytes) % 0xffff);
      },
    ),
  );
});
