/** Additional key exchanges of CREATE_CHILD_SA, over IKE_FOLLOWUP_KE (RFC 9370 §2.2.4): both rekeys and new children. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IkeSpi, Instant } from '../../engine/base/brand.ts';
import { toHex } from '../../engine/base/bytes.ts';
import type { Command, IkeConfig } from '../../engine/ike/contract.ts';
import { Core } from '../../engine/ike/core.ts';
import { nodeProvider } from '../../engine/os/crypto/node.ts';
import { findError, findNotify, notify } from '../../engine/wire/find.ts';
import type { Payload } from '../../engine/wire/payloads/types.ts';
import { Exchange, NotifyType } from '../../engine/wire/registry.ts';
import { childConfig, context, proposals, responderConfig, selector } from './configs.ts';
import { assertTraffic, orders } from './crossing.ts';
import { PERFECT, type Who, World, type WorldOptions } from './world.ts';

const IKE = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768';
const ESP = 'aes256gcm16-x25519-ke1_mlkem768';
const ROUNDS = ['ke1_mlkem768', 'ke1_mlkem768-ke2_mlkem512', 'ke1_mlkem768-ke2_mlkem512-ke5_ecp256'] as const;

const sideOf = (who: Who, ike: string, esp: string): Partial<IkeConfig> => {
  const list = proposals('esp', ...esp.split(','));
  const gateway = { local: [selector('10.99.0.0/16')], remote: ['dynamic' as const] };
  return {
    proposals: proposals('ike', ...ike.split(',')),
    children: [childConfig({ proposals: list, ...(who === 'r' ? gateway : {}) })],
    // One datagram a message.
    fragmentation: { enabled: true, sizes: [1500] },
    // Long enough that nothing but what a test asks for happens.
    liveness: { delay: 0 as never },
  };
};

function hybrid(more: WorldOptions = {}, ike: string = IKE, esp: string = ESP): World {
  return new World({ ...more, initiator: sideOf('i', ike, esp), responder: sideOf('r', ike, esp) });
}

const childOf = (world: World, who: Who): number => world.sessions[who].view().children[0]?.id ?? 0;
const commands = {
  child: (world: World, who: Who): Command => ({ kind: 'rekey-child', id: childOf(world, who) }),
  IKE: (): Command => ({ kind: 'rekey-ike' }),
} as const;
type What = keyof typeof commands;
const order = (world: World, who: Who, what: What): void => {
  world.feed(who, { kind: 'command', command: commands[what](world, who) });
};
const generation = (world: World, who: Who, what: What): number | undefined => {
  const view = world.sessions[who].view();
  return what === 'IKE' ? view.generation : view.children[0]?.generation;
};
const additional = (world: World, who: Who, what: What): unknown => {
  const view = world.sessions[who].view();
  return what === 'IKE' ? view.suite?.additional : view.children[0]?.additional;
};

for (const who of ['i', 'r'] as const)
  for (const what of ['child', 'IKE'] as const)
    for (const [n, rounds] of ROUNDS.entries())
      test(`${who} rekeys the ${what} SA with ${rounds}`, () => {
        const world = hybrid({}, `aes256gcm16-prfsha384-x25519-${rounds}`, `aes256gcm16-x25519-${rounds}`);
        world.connect();
        const before = world.exchanges('i').length;
        order(world, who, what);
        world.run(20_000);
        world.assertSameIke();
        world.assertSameChildren(1);
        assertTraffic(world);
        for (const side of ['i', 'r'] as const) {
          assert.equal(generation(world, side, what), 1);
          assert.equal((additional(world, side, what) as unknown[]).length, n + 1);
          assert.equal(world.state(side), 'ESTABLISHED');
        }
        const names = world
          .exchanges(who)
          .slice(before)
          .map((line) => line.split(' ').slice(0, 2).join(' '));
        assert.deepEqual(names, [
          'CREATE_CHILD_SA request',
          'CREATE_CHILD_SA response',
          ...Array.from({ length: n + 1 }, () => [
            'IKE_FOLLOWUP_KE request',
            'IKE_FOLLOWUP_KE response',
          ]).flat(),
          'INFORMATIONAL request',
          'INFORMATIONAL response',
        ]);
        const last = world.exchanges(who).filter((l) => l.startsWith('IKE_FOLLOWUP_KE response'));
        assert.doesNotMatch(last.at(-1) ?? '', /ADDITIONAL_KEY_EXCHANGE/);
        // What comes after works with the keys that were made.
        order(world, who === 'i' ? 'r' : 'i', 'IKE');
        world.run(20_000);
        world.assertSameIke();
        world.assertSameChildren(1);
      });

test('a further child with an additional key exchange', () => {
  const world = hybrid().connect();
  const config = childConfig({ name: 'more', proposals: proposals('esp', ESP) });
  world.feed('i', { kind: 'command', command: { kind: 'create-child', config } });
  world.run(10_000);
  assert.deepEqual(
    world.sessions.i.view().children.map((c) => c.additional),
    [[], [36]],
  );
  assert.deepEqual(
    world.sessions.r.view().children.map((c) => c.additional),
    [[], [36]],
  );
});

test('the secrets of follow-ups are in the keys', () => {
  const keys = (esp: string): string => {
    const world = hybrid({}, IKE, esp).connect();
    order(world, 'i', 'child');
    world.run(10_000);
    return toHex(world.of('i', 'install-child').at(-1)?.pair.keys.outEncr as Uint8Array);
  };
  const all = ['aes256gcm16-x25519', ESP, `${ESP}-ke2_mlkem512`].map(keys);
  assert.equal(new Set(all).size, 3);
});

test('nothing is installed before the last key exchange', () => {
  const world = hybrid({}, IKE, `${ESP}-ke2_mlkem512`).connect().hold();
  order(world, 'i', 'child');
  for (const from of ['i', 'r', 'i', 'r'] as const) {
    world.deliver(from);
    assert.deepEqual([world.paths.i.live().length, world.paths.r.live().length], [1, 1]);
  }
  world.deliver('i');
  assert.deepEqual([world.paths.i.live().length, world.paths.r.live().length], [1, 2]);
  world.release().run(10_000);
  world.assertSameChildren(1);
});

for (const what of ['child', 'IKE'] as const)
  for (let swallowed = 0; swallowed < 8; swallowed++)
    test(`message ${swallowed} of a ${what} rekey is lost: the retransmit finds its answer`, () => {
      const world = hybrid({}, `${IKE}-ke2_mlkem512`, `${ESP}-ke2_mlkem512`).connect();
      let count = 0;
      world.filter = () => count++ !== swallowed;
      order(world, 'i', what);
      world.run(60_000);
      world.assertSameIke();
      world.assertSameChildren(1);
      for (const side of ['i', 'r'] as const) {
        assert.equal(generation(world, side, what), 1);
        assert.equal(world.state(side), 'ESTABLISHED');
      }
    });

for (const what of ['child', 'IKE'] as const)
  test(`both rekey the ${what} SA: one stays, in every order, and traffic never stops`, () => {
    const yielded = new Set<Who>();
    for (const seed of [1, 2, 3, 4])
      for (const way of orders(8)) {
        const world = hybrid({ seed }).connect().hold();
        order(world, 'i', what);
        order(world, 'r', what);
        for (const who of way) {
          assertTraffic(world);
          const from = world.held?.some((h) => h.from === who) ? who : who === 'i' ? 'r' : 'i';
          if (world.held?.some((h) => h.from === from)) world.deliver(from);
        }
        assertTraffic(world);
        world.release().run(60_000);
        world.assertSameIke();
        world.assertSameChildren(1);
        assertTraffic(world);
        for (const side of ['i', 'r'] as const) {
          assert.equal(generation(world, side, what), 1, `seed ${seed} ${way.join('')}`);
          assert.equal(world.state(side), 'ESTABLISHED');
          if (world.notes(side).some((n) => n.includes('is not finished'))) yielded.add(side);
        }
      }
    assert.deepEqual([...yielded].sort(), ['i', 'r']);
  });

for (const [i, r] of [
  ['child', 'IKE'],
  ['IKE', 'child'],
] as const)
  test(`${i} rekey of the initiator crosses ${r} rekey of the responder: both come through`, () => {
    for (const seed of [1, 2])
      for (const way of orders(6)) {
        const world = hybrid({ seed }).connect().hold();
        order(world, 'i', i);
        order(world, 'r', r);
        for (const who of way) {
          const from = world.held?.some((h) => h.from === who) ? who : who === 'i' ? 'r' : 'i';
          if (world.held?.some((h) => h.from === from)) world.deliver(from);
        }
        world.release().run(90_000);
        world.assertSameIke();
        world.assertSameChildren(1);
        assertTraffic(world);
        assert.equal(world.sessions.i.view().generation, 1);
        assert.equal(world.sessions.i.view().children[0]?.generation, 1);
      }
  });

test('one side rekeys with an additional key exchange, the other without: one pair stays', () => {
  for (const seed of [1, 2, 3, 4])
    for (const way of orders(6)) {
      const world = new World({
        seed,
        initiator: sideOf('i', IKE, `${ESP},aes256gcm16-x25519`),
        responder: sideOf('r', IKE, `aes256gcm16-x25519,${ESP}`),
      })
        .connect()
        .hold();
      order(world, 'i', 'child');
      order(world, 'r', 'child');
      for (const who of way) {
        assertTraffic(world);
        const from = world.held?.some((h) => h.from === who) ? who : who === 'i' ? 'r' : 'i';
        if (world.held?.some((h) => h.from === from)) world.deliver(from);
      }
      world.release().run(90_000);
      world.assertSameIke();
      world.assertSameChildren(1);
      assertTraffic(world);
    }
});

test('loss, reordering and duplicates: rekeys from both sides converge', () => {
  let survived = 0;
  for (let seed = 1; seed <= 16; seed++) {
    const network = { loss: 0.15, reorder: 0.4, duplicate: 0.3, latency: 20 };
    const world = hybrid({ seed }, `${IKE}-ke2_mlkem512`, `${ESP}-ke2_mlkem512`).connect();
    world.network = network;
    for (let n = 0; n < 4; n++)
      for (const who of ['i', 'r'] as const) {
        order(world, who, (seed + n) % 2 === 0 ? 'child' : 'IKE');
        world.run(((seed * 7 + n * 13) % 40) * 10);
      }
    world.run(120_000);
    world.network = PERFECT;
    world.run(60_000);
    if (world.closed('i') || world.closed('r')) {
      world.run(400_000);
      assert.ok(world.closed('i') && world.closed('r'), `seed ${seed}`);
      continue;
    }
    survived++;
    world.assertSameIke();
    world.assertSameChildren(1);
    assertTraffic(world);
  }
  assert.ok(survived >= 13, `${survived} of 16 lived`);
});

for (const what of ['child', 'IKE'] as const)
  test(`a peer that begins a ${what} rekey and falls silent is forgotten, and the rekey is tried again`, () => {
    const world = hybrid().connect();
    // The initiator's follow-ups are lost, and it gives its session up: only the responder is left to watch.
    world.filter = (from, { bytes }) => from !== 'i' || bytes[18] !== Exchange.IKE_FOLLOWUP_KE;
    order(world, 'i', what);
    world.run(1_000);
    assert.equal(what === 'IKE' ? world.state('r') : 'REKEYING', 'REKEYING');
    world.run(9_000);
    world.filter = undefined;
    world.run(30_000);
    world.assertSameIke();
    world.assertSameChildren(1);
    assert.equal(generation(world, 'r', what), 1);
  });

test('a link that came too late is answered with STATE_NOT_FOUND, and the whole series begins again', () => {
  for (const what of ['child', 'IKE'] as const) {
    const world = hybrid().connect();
    let late = true;
    world.filter = (from, { bytes }) => !late || from !== 'i' || bytes[18] !== Exchange.IKE_FOLLOWUP_KE;
    order(world, 'i', what);
    // The responder waits for 20 seconds; the initiator's retransmits go on for longer.
    world.run(20_500);
    late = false;
    world.run(60_000);
    assert.ok(world.exchanges('r').some((l) => l.includes('N(STATE_NOT_FOUND)')));
    world.assertSameIke();
    world.assertSameChildren(1);
    assert.equal(generation(world, 'i', what), 1);
    assert.deepEqual([world.state('i'), world.state('r')], ['ESTABLISHED', 'ESTABLISHED']);
  }
});

test('closing in the middle of a series ends both', () => {
  for (const what of ['child', 'IKE'] as const)
    for (const who of ['i', 'r'] as const) {
      const world = hybrid().connect().hold();
      order(world, 'i', what);
      world.deliver('i');
      world.deliver('r');
      world.feed(who, { kind: 'command', command: { kind: 'close' } });
      world.release().run(30_000);
      assert.ok(world.closed('i') && world.closed('r'), `${what} ${who}`);
      assert.deepEqual([world.paths.i.live(), world.paths.r.live()], [[], []]);
    }
});

test('a series is kept under its link alone, few at a time, and not for long', () => {
  const core = new Core(responderConfig(), context('follow-ups'));
  core.now = 1000 as Instant;
  const sa = core.addSa(false, 'aa'.repeat(8) as IkeSpi, 'bb'.repeat(8) as IkeSpi, 0);
  let made = 0;
  const begin = (replaces: number | undefined): Uint8Array | undefined => {
    const link = core.peerFollowUps.begin(core, {
      what: { kind: 'child', replaces },
      sa,
      methods: [31, 19],
      first: new Uint8Array(32),
      finish: () => ++made > 0,
    });
    return link?.kind === 'Notify' ? link.data : undefined;
  };
  const say = (link: Uint8Array | undefined, method: number, on = sa): readonly Payload[] => {
    const ke = nodeProvider.beginKeyExchange(method, core.context.random).publicValue;
    const named = link ? [notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, link)] : [];
    return core.peerFollowUps.answer(core, on, [{ kind: 'KE', method, data: ke }, ...named]);
  };
  const errorOf = (answer: readonly Payload[]): number | undefined => findError(answer)?.type;
  const forgotten = NotifyType.STATE_NOT_FOUND;
  const first = begin(1);
  assert.equal(errorOf(say(undefined, 31)), forgotten);
  assert.equal(errorOf(say(new Uint8Array(16), 31)), forgotten);
  const other = core.addSa(false, 'cc'.repeat(8) as IkeSpi, 'dd'.repeat(8) as IkeSpi, 0);
  assert.equal(errorOf(say(first, 31, other)), forgotten);
  // The wrong method ends the series; a link works once.
  assert.equal(errorOf(say(first, 19)), NotifyType.INVALID_SYNTAX);
  assert.equal(errorOf(say(first, 31)), forgotten);
  const again = begin(1);
  const next = findNotify(say(again, 31), NotifyType.ADDITIONAL_KEY_EXCHANGE)?.data;
  assert.ok(next && again && toHex(next) !== toHex(again));
  assert.equal(errorOf(say(again, 19)), forgotten);
  assert.equal(errorOf(say(next, 19)), undefined);
  assert.equal(made, 1);
  // The same pair begun anew takes the place of the series before; others fill it up.
  const links = [begin(1), begin(1), begin(2), begin(3), begin(4), begin(5)];
  assert.deepEqual(
    links.map((link) => link !== undefined),
    [true, true, true, true, true, false],
  );
  assert.equal(errorOf(say(links[0], 31)), forgotten);
  assert.equal(core.deadlines.get('follow-ups'), 21_000);
  core.now = 21_000 as Instant;
  assert.equal(core.peerFollowUps.expire(core), false);
  assert.equal(core.deadlines.get('follow-ups'), undefined);
  assert.equal(errorOf(say(links[2], 31)), forgotten);
  assert.equal(made, 1);
});
