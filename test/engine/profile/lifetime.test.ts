/** Durations and shares as strongSwan reads them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Millis } from '../../../engine/base/brand.ts';
import { parseDuration, parseFuzz, printDuration } from '../../../engine/profile/lifetime.ts';

const GOOD: readonly (readonly [string | number, number])[] = [
  ['0', 0],
  ['90', 90],
  [90, 90],
  ['90s', 90],
  ['9m', 540],
  ['0.5m', 30],
  ['3h', 10_800],
  ['1.5h', 5400],
  ['1d', 86_400],
  [' 30 s ', 30],
];

const BAD = [
  '',
  's',
  '-1',
  '1.5',
  '1.5s',
  '1e3',
  '0x10',
  '10 min',
  '1h30m',
  '1w',
  'Infinity',
  '25d',
  '99999999999',
  NaN,
  -1,
  1.5,
];

test('durations', () => {
  for (const [text, seconds] of GOOD) {
    const read = parseDuration(text);
    assert.ok(read.ok, `${text}`);
    assert.equal(read.value, seconds * 1000, `${text}`);
  }
  for (const text of BAD) assert.equal(parseDuration(text).ok, false, `${text}`);
});

test('a printed duration reads as itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2_000_000 }), (seconds) => {
      const read = parseDuration(printDuration((seconds * 1000) as Millis));
      assert.deepEqual(read, { ok: true, value: seconds * 1000 });
    }),
  );
  assert.equal(printDuration(86_400_000 as Millis), '24h');
});

test('shares', () => {
  assert.deepEqual(parseFuzz('100%'), { ok: true, value: 1 });
  assert.deepEqual(parseFuzz(0.5), { ok: true, value: 0.5 });
  for (const text of ['', '%', '-1', '101', '10001%', 'one']) assert.equal(parseFuzz(text).ok, false, text);
});
