/** Crossing rekeys and deletes in every order of their messages (RFC 7296 §2.8.1, §2.8.2, §2.25). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../engine/base/bytes.ts';
import type { Command } from '../../engine/ike/contract.ts';
import { seededRandom } from './configs.ts';
import { assertTraffic, orders } from './crossing.ts';
import { type Who, World } from './world.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];

function cross(
  seed: number,
  order: readonly Who[],
  i: (w: World) => Command,
  r: (w: World) => Command,
): World {
  const world = new World({ seed }).connect().hold();
  const commands = { i: i(world), r: r(world) };
  for (const who of ['i', 'r'] as const) world.feed(who, { kind: 'command', command: commands[who] });
  for (const who of order) {
    // A packet gets through at any moment, both ways.
    assertTraffic(world);
    const from = world.held?.some((h) => h.from === who) ? who : who === 'i' ? 'r' : 'i';
    if (world.held?.some((h) => h.from === from)) world.deliver(from);
  }
  assertTraffic(world);
  world.release().run(45_000);
  return world;
}

const childOf = (world: World, who: Who): number => world.sessions[who].view().children[0]?.id ?? 0;
const rekeyChild =
  (who: Who) =>
  (world: World): Command => ({ kind: 'rekey-child', id: childOf(world, who) });
const deleteChild =
  (who: Who) =>
  (world: World): Command => ({ kind: 'delete-child', id: childOf(world, who) });
const rekeyIke = (): Command => ({ kind: 'rekey-ike' });
const close = (): Command => ({ kind: 'close' });

test('both rekey the CHILD_SA: one new pair stays, in every order', () => {
  let collisions = 0;
  const losers = new Set<Who>();
  for (const seed of SEEDS)
    for (const order of orders(6)) {
      const world = cross(seed, order, rekeyChild('i'), rekeyChild('r'));
      world.assertSameChildren(1);
      assert.equal(world.sessions.i.view().children[0]?.generation, 1);
      assertTraffic(world);
      for (const who of ['i', 'r'] as const)
        if (world.notes(who).some((n) => n.includes('ours has the lowest nonce'))) {
          collisions++;
          losers.add(who);
        }
    }
  assert.ok(collisions > 20, `${collisions} collisions`);
  assert.deepEqual([...losers].sort(), ['i', 'r']);
});

for (const what of ['child', 'IKE'] as const)
  test(`the ${what} SA that stays is the one without the lowest of the four nonces`, () => {
    for (const seed of SEEDS) {
      const nonces: Record<Who, string[]> = { i: [], r: [] };
      const spied = (who: Who) => {
        const random = seededRandom(`${who}${seed}`);
        return (length: number): Uint8Array => {
          const out = random(length);
          if (length === 32) nonces[who].push(toHex(out));
          return out;
        };
      };
      const contexts = { i: { random: spied('i') }, r: { random: spied('r') } };
      const world = new World({ seed, contexts }).connect().hold();
      nonces.i.length = 0;
      nonces.r.length = 0;
      for (const who of ['i', 'r'] as const)
        world.feed(who, {
          kind: 'command',
          command: what === 'IKE' ? rekeyIke() : { kind: 'rekey-child', id: childOf(world, who) },
        });
      const wished = { i: nonces.i[0] as string, r: nonces.r[0] as string };
      // --> and <-- the requests: each side answers while its own is open.
      world.deliver('i');
      world.deliver('r');
      const answered = { i: nonces.i.at(-1) as string, r: nonces.r.at(-1) as string };
      assert.notEqual(answered.i, wished.i);
      const lowestOfI = [wished.i, answered.r].sort()[0] as string;
      const lowestOfR = [wished.r, answered.i].sort()[0] as string;
      world.release().run(30_000);
      const loser: Who = lowestOfI < lowestOfR ? 'i' : 'r';
      const lost = (who: Who) => world.notes(who).some((n) => n.includes('ours has the lowest nonce'));
      assert.deepEqual({ i: lost('i'), r: lost('r') }, { i: loser === 'i', r: loser === 'r' });
      world.assertSameIke();
      world.assertSameChildren(1);
    }
  });

test('both rekey the IKE SA: one new SA stays, with the children, in every order', () => {
  let collisions = 0;
  const losers = new Set<Who>();
  for (const seed of SEEDS)
    for (const order of orders(6)) {
      const world = cross(seed, order, rekeyIke, rekeyIke);
      world.assertSameIke();
      world.assertSameChildren(1);
      assert.deepEqual([world.state('i'), world.state('r')], ['ESTABLISHED', 'ESTABLISHED']);
      assert.equal(world.sessions.i.view().generation, 1);
      assert.equal(world.sessions.i.view().children[0]?.generation, 0);
      for (const who of ['i', 'r'] as const)
        if (world.notes(who).some((n) => n.includes('ours has the lowest nonce'))) {
          collisions++;
          losers.add(who);
        }
    }
  assert.ok(collisions > 20, `${collisions} collisions`);
  assert.deepEqual([...losers].sort(), ['i', 'r']);
});

for (const [title, i, r] of [
  ['IKE rekey crosses child rekey', rekeyIke, rekeyChild('r')],
  ['child rekey crosses IKE rekey', rekeyChild('i'), rekeyIke],
] as const)
  test(`${title}: both come through, one after the other`, () => {
    for (const seed of SEEDS.slice(0, 3))
      for (const order of orders(5)) {
        const world = cross(seed, order, i, r);
        world.assertSameIke();
        world.assertSameChildren(1);
        assert.equal(world.sessions.i.view().generation, 1);
        assert.equal(world.sessions.i.view().children[0]?.generation, 1);
      }
  });

test('both delete the CHILD_SA: it goes, the answers add nothing, and all else stays', () => {
  const world = new World().connect().hold();
  const commands = { i: deleteChild('i')(world), r: deleteChild('r')(world) };
  for (const who of ['i', 'r'] as const) world.feed(who, { kind: 'command', command: commands[who] });
  world.release().run(10_000);
  world.assertSameChildren(0);
  assert.deepEqual([world.state('i'), world.state('r')], ['ESTABLISHED', 'ESTABLISHED']);
  const answers = world.exchanges('i').filter((l) => l.startsWith('INFORMATIONAL response'));
  assert.deepEqual(
    answers.map((l) => l.slice(l.indexOf('['))),
    ['[SK{}]', '[SK{}]'],
  );
});

for (const [title, i, r] of [
  ['rekey of the CHILD_SA crosses its delete', rekeyChild('i'), deleteChild('r')],
  ['delete of the CHILD_SA crosses its rekey', deleteChild('i'), rekeyChild('r')],
] as const)
  test(`${title}: both ends agree on what is left`, () => {
    for (const seed of SEEDS.slice(0, 3)) {
      const world = new World({ seed }).connect().hold();
      const commands = { i: i(world), r: r(world) };
      for (const who of ['i', 'r'] as const) world.feed(who, { kind: 'command', command: commands[who] });
      world.release().run(60_000);
      const left = world.sessions.i.view().children.length;
      assert.ok(left <= 1);
      world.assertSameChildren(left);
    }
  });

for (const [title, i, r] of [
  ['both close', close, close],
  ['one closes while the other rekeys the IKE SA', close, rekeyIke],
  ['one rekeys the IKE SA while the other closes', rekeyIke, close],
  ['one closes while the other rekeys the CHILD_SA', close, rekeyChild('r')],
] as const)
  test(`${title}: both end, in every order`, () => {
    for (const order of orders(4)) {
      const world = cross(1, order, i, r);
      assert.ok(world.closed('i') && world.closed('r'), `${order}`);
      assert.deepEqual([world.paths.i.live(), world.paths.r.live()], [[], []]);
    }
  });

for (const swallowed of [0, 1, 2, 3])
  for (const command of [rekeyIke, rekeyChild('i')])
    test(`message ${swallowed} of a ${command === rekeyIke ? 'IKE' : 'child'} rekey is lost: the retransmit finds its answer`, () => {
      const world = new World().connect();
      let count = 0;
      world.filter = () => count++ !== swallowed;
      world.feed('i', { kind: 'command', command: command(world) });
      world.run(30_000);
      world.assertSameIke();
      world.assertSameChildren(1);
      assert.equal(
        command === rekeyIke
          ? world.sessions.r.view().generation
          : world.sessions.r.view().children[0]?.generation,
        1,
      );
      assert.deepEqual([world.state('i'), world.state('r')], ['ESTABLISHED', 'ESTABLISHED']);
    });
