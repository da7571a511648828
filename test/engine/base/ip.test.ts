/** Addresses, prefixes and ranges: text forms of RFC 4291 and RFC 5952, and ranges against a naive model. */
import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  canonicalIp,
  compareIp,
  formatIp,
  formatPrefix,
  inRange,
  parseIp,
  parsePrefix,
  prefixRange,
  rangePrefix,
  rangePrefixes,
} from '../../../engine/base/ip.ts';

const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);

test('IPv6 text follows RFC 5952', () => {
  const cases: readonly [string, string][] = [
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ];
  for (const [text, canonical] of cases) assert.equal(canonicalIp(text), canonical, text);
});

test('text that is no address is refused', () => {
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.4.5',
    ':::',
    '1:2',
    '::1::',
    'g::',
    '12345::',
    '1:2:3:4:5:6:7:8:9',
    '::1.2.3',
    ' ::1',
  ])
    assert.equal(parseIp(text), undefined, text);
  for (const text of ['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '10.0.0.0/08'])
    assert.equal(parsePrefix(text), undefined, text);
});

test('an address survives its text form, and node:net agrees that it is one', () => {
  fc.assert(
    fc.property(address, (bytes) => {
      const text = formatIp(bytes);
      assert.deepEqual(parseIp(text), bytes);
      assert.equal(bytes.length === 4 ? isIPv4(text) : isIPv6(text), true);
    }),
  );
});

test('arbitrary text is an address exactly when node:net says so', () => {
  const text = fc.stringMatching(/^[0-9a-f:.]{0,20}$/);
  fc.assert(
    fc.property(text, (t) => {
      assert.equal(parseIp(t) !== undefined, isIPv4(t) || isIPv6(t), t);
    }),
    { numRuns: 5000 },
  );
});

test('a range splits into prefixes that cover it exactly, and no fewer would do', () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(0xffff), (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      const of = (n: number): Uint8Array => new Uint8Array([10, 0, n >> 8, n & 0xff]);
      const prefixes = rangePrefixes({ start: of(low), end: of(high) });
      let next = low;
      for (const prefix of prefixes) {
        const { start, end } = prefixRange(prefix);
        assert.equal(compareIp(start, of(next)), 0);
        next = ((end[2] as number) << 8) + (end[3] as number) + 1;
      }
      assert.equal(next, high + 1);
      assert.equal(prefixes.length === 1, rangePrefix({ start: of(low), end: of(high) }) !== undefined);
    }),
  );
});

test('the whole address space is one prefix', () => {
  const all = { start: new Uint8Array(16), end: new Uint8Array(16).fill(255) };
  assert.deepEqual(rangePrefixes(all).map(formatPrefix), ['::/0']);
  assert.equal(inRange(new Uint8Array(4), all), false, 'families do not mix');
});
