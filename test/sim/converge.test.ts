/** Whatever the network does, both ends come to the same SAs, or both to the end (RFC 7296 §2.1, §2.8, §2.25). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dice, type Network, type Who, World } from './world.ts';

const LOSSES = [0, 0.1, 0.3];
const REORDERS = [0, 0.5];
const DUPLICATES = [0, 0.3];

/** Both closed, or both up with the same IKE SA and pairs. */
function assertConverged(world: World, what: string): void {
  const ends = [world.closed('i'), world.closed('r')];
  if (ends[0] || ends[1]) {
    assert.ok(ends[0] && ends[1], `${what}: only one end closed: ${JSON.stringify(ends)}`);
    return;
  }
  assert.deepEqual([world.state('i'), world.state('r')], ['ESTABLISHED', 'ESTABLISHED'], what);
  world.assertSameIke();
  world.assertSameChildren(world.sessions.i.view().children.length);
}

function busyLife(network: Network, seed: number): World {
  const world = new World({ network, seed });
  world.start().run(60_000);
  const roll = dice(seed * 7919);
  for (let n = 0; n < 6; n++) {
    for (const who of ['i', 'r'] as const) {
      const child = world.sessions[who].view().children.at(-1);
      const pick = roll();
      if (pick < 0.45 && child)
        world.feed(who, { kind: 'command', command: { kind: 'rekey-child', id: child.id } });
      else if (pick < 0.8) world.feed(who, { kind: 'command', command: { kind: 'rekey-ike' } });
      else world.feed(who, { kind: 'command', command: { kind: 'probe' } });
      world.run(roll() * 30);
    }
    world.run(roll() < 0.5 ? 200 : 20_000);
  }
  return world.run(180_000);
}

for (const loss of LOSSES)
  for (const reorder of REORDERS)
    for (const duplicate of DUPLICATES)
      test(`loss ${loss}, reorder ${reorder}, duplicate ${duplicate}: rekeys from both sides converge`, () => {
        let survived = 0;
        for (let seed = 1; seed <= 8; seed++) {
          const world = busyLife({ loss, reorder, duplicate, latency: 20 }, seed);
          assertConverged(world, `seed ${seed}`);
          if (!world.closed('i')) {
            survived++;
            world.assertSameChildren(1);
          }
        }
        if (loss <= 0.1) assert.equal(survived, 8);
        else assert.ok(survived >= 4, `only ${survived} of 8 lived`);
      });

for (const first of ['i', 'r'] as const)
  test(`${first} closes on a bad network: both ends close`, () => {
    for (let seed = 1; seed <= 10; seed++) {
      const world = new World({ network: { loss: 0.2, reorder: 0.3, duplicate: 0.2, latency: 20 }, seed });
      world.start().run(60_000);
      world.feed(first, { kind: 'command', command: { kind: 'close' } });
      world.run(400_000);
      for (const who of ['i', 'r'] satisfies Who[]) assert.ok(world.closed(who), `seed ${seed}: ${who}`);
      assert.deepEqual([world.paths.i.live(), world.paths.r.live()], [[], []]);
    }
  });
