/** What tests of crossing exchanges share: every order of delivery, and that a packet gets through at any moment. */
import assert from 'node:assert/strict';
import type { Who, World } from './world.ts';

/** All ways to deliver what is under way: at each point one side's oldest datagram, or the other's. */
export function* orders(depth: number): Generator<Who[]> {
  for (let bits = 0; bits < 2 ** depth; bits++)
    yield Array.from({ length: depth }, (_, n) => ((bits >> n) & 1 ? 'i' : 'r'));
}

export function assertTraffic(world: World): void {
  for (const [from, to] of [
    ['i', 'r'],
    ['r', 'i'],
  ] as const) {
    if (world.closed('i') || world.closed('r')) return;
    const pair = world.paths[from].outbound();
    assert.ok(pair, `${from} has no pair to send by`);
    const there = world.paths[to].inbound(pair.spiOut, world.now);
    assert.ok(there, `${from} sends by a pair that ${to} does not have`);
  }
}
