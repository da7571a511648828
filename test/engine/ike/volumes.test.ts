/** Volumes of a CHILD_SA: the margin before a hard limit grows by a random share (strongSwan's rekeyfuzz). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VolumeLimits } from '../../../engine/esp/params.ts';
import { childConfig } from '../../sim/configs.ts';
import { World } from '../../sim/world.ts';

const HARD = 1_000_000;

function installed(limits: VolumeLimits, fuzz: number): VolumeLimits {
  const child = childConfig();
  const config = { ...child, limits, lifetime: { ...child.lifetime, fuzz } };
  const world = new World({ initiator: { children: [config] } }).connect();
  const pair = world.paths.i.outbound();
  assert.ok(pair);
  return pair.limits;
}

test('without fuzz the limits are as they were given, and none stays none', () => {
  const limits = { softBytes: 900_000, hardBytes: HARD, softPackets: 0, hardPackets: 0 };
  assert.deepEqual(installed(limits, 0), limits);
});

test('with fuzz the soft limit comes sooner, by at most so much, and another time each', () => {
  const limits = { softBytes: 800_000, hardBytes: HARD, softPackets: 800, hardPackets: 1000 };
  const { softBytes, hardBytes, softPackets, hardPackets } = installed(limits, 0.5);
  assert.deepEqual([hardBytes, hardPackets], [HARD, 1000]);
  assert.ok(softBytes >= 700_000 && softBytes < 800_000, String(softBytes));
  assert.ok(softPackets >= 700 && softPackets < 800, String(softPackets));
  assert.notEqual(Math.floor(softBytes / 1000), softPackets);
});

test('however wide the spread, a tenth is carried before a rekey', () => {
  const limits = { softBytes: 1, hardBytes: HARD, softPackets: 0, hardPackets: 0 };
  assert.equal(installed(limits, 100).softBytes, HARD / 10);
});
