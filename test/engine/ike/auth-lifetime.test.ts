/** When we authenticate anew (RFC 4478), and what a session makes of the notify. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../engine/base/brand.ts';
import { reauthMoment } from '../../../engine/ike/parts/auth-lifetime.ts';

const left = (seconds: number): number => (seconds * 1000 - reauthMoment(0 as Instant, seconds)) / 1000;

test('a tenth is left, at least three seconds, at most five minutes, never more than half', () => {
  assert.equal(left(600), 60);
  assert.equal(left(20), 3);
  assert.equal(left(4), 2);
  assert.equal(left(86_400), 300);
  assert.equal(reauthMoment(0 as Instant, 0xffffffff) > 0, true);
});
