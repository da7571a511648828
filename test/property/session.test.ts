/**
 * Datagrams of any content at sessions in every state: nothing throws, nothing changes, nothing grows
 * (RFC 7296 §2.21, §2.4). 100,000 in all: random octets, and mutations, truncations and replays of a real exchange.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../engine/base/brand.ts';
import type { Effect, IkeView, Session } from '../../engine/ike/contract.ts';
import { createSession } from '../../engine/ike/session.ts';
import { CLIENT_PATH, context, initiatorConfig, responderConfig } from '../sim/configs.ts';
import { dice, World } from '../sim/world.ts';

const EACH = 12_500;

/** What must stay as it is: all but counters. */
function stable(view: IkeView): unknown {
  const { retransmits: _, roundTrip: __, ...rest } = view;
  return rest;
}

/** A real exchange: handshake, rekeys, delete; both directions. */
function recorded(): Uint8Array[] {
  const world = new World({ seed: 99 }).connect();
  world.feed('i', { kind: 'command', command: { kind: 'rekey-child', id: 1 } });
  world.run(1000);
  world.feed('r', { kind: 'command', command: { kind: 'rekey-ike' } });
  world.run(1000);
  world.feed('i', { kind: 'command', command: { kind: 'close' } });
  world.run(5000);
  return world.sent.map((s) => s.bytes);
}

type Roll = () => number;
const below = (roll: Roll, n: number): number => Math.floor(roll() * n);

function randomOctets(roll: Roll): Uint8Array {
  return Uint8Array.from({ length: below(roll, roll() < 0.9 ? 200 : 1500) }, () => below(roll, 256));
}

function mutated(roll: Roll, corpus: readonly Uint8Array[]): Uint8Array {
  const source = corpus[below(roll, corpus.length)] as Uint8Array;
  const pick = roll();
  if (pick < 0.15) return source.slice(0, below(roll, source.length));
  const copy = source.slice();
  for (let n = 1 + below(roll, 4); n > 0; n--) copy[below(roll, copy.length)] = below(roll, 256);
  // Most headers stay right, so that the datagram comes deeper.
  if (pick < 0.8) copy.set(source.subarray(0, 28), 0);
  if (pick > 0.7 && pick < 0.8) copy[23] = below(roll, 4);
  return copy;
}

interface State {
  readonly name: string;
  readonly make: () => {
    readonly session: Session;
    readonly corpus: readonly Uint8Array[];
    readonly now: number;
  };
  /** Whether a well-formed IKE_SA_INIT message may rightly be taken for the peer's. */
  readonly open: boolean;
}

function midway(who: 'i' | 'r', stop: (w: World) => boolean): ReturnType<State['make']> {
  const world = new World({ seed: 5 });
  if (stop(world)) return { session: world.sessions[who], corpus: recorded(), now: world.now };
  world.start().until(() => stop(world));
  return {
    session: world.sessions[who],
    corpus: [...world.sent.map((s) => s.bytes), ...recorded()],
    now: world.now,
  };
}

const STATES: readonly State[] = [
  { name: 'initiator CREATED', make: () => midway('i', () => true), open: false },
  {
    name: 'initiator after IKE_SA_INIT',
    make: () => midway('i', (w) => w.sessions.i.view().suite !== undefined),
    open: false,
  },
  {
    name: 'responder after IKE_SA_INIT',
    make: () => midway('r', (w) => w.sessions.r.view().suite !== undefined),
    open: false,
  },
  {
    name: 'initiator ESTABLISHED',
    make: () => {
      const world = new World({ seed: 5 }).connect();
      return { session: world.sessions.i, corpus: world.sent.map((s) => s.bytes), now: world.now };
    },
    open: false,
  },
  {
    name: 'responder ESTABLISHED',
    make: () => {
      const world = new World({ seed: 5 }).connect();
      return { session: world.sessions.r, corpus: world.sent.map((s) => s.bytes), now: world.now };
    },
    open: false,
  },
  {
    name: 'initiator rekeying its IKE SA',
    make: () => {
      const world = new World({ seed: 5 }).connect().hold();
      world.feed('i', { kind: 'command', command: { kind: 'rekey-ike' } });
      // What is under way would be genuine: only mutations of it are used.
      const corpus = world.sent.map((s) => s.bytes);
      return { session: world.sessions.i, corpus, now: world.now };
    },
    open: false,
  },
  {
    name: 'responder with two IKE SAs',
    make: () => {
      const world = new World({ seed: 5 }).connect().hold();
      world.feed('i', { kind: 'command', command: { kind: 'rekey-ike' } });
      world.deliver('i');
      return { session: world.sessions.r, corpus: world.sent.map((s) => s.bytes), now: world.now };
    },
    open: false,
  },
  {
    name: 'initiator DELETING',
    make: () => {
      const world = new World({ seed: 5 }).connect().hold();
      world.feed('i', { kind: 'command', command: { kind: 'close' } });
      return { session: world.sessions.i, corpus: world.sent.map((s) => s.bytes), now: world.now };
    },
    open: false,
  },
];

/** A send is a repeated answer; notes tell of it. Nothing else may come of noise. */
/** `resent` only tells of a repeated answer, which is among the counted sends. */
const harmless = (effect: Effect): boolean => ['note', 'send', 'resent'].includes(effect.kind);

for (const [index, state] of STATES.entries())
  test(`${EACH} arbitrary datagrams: ${state.name}`, () => {
    const { session, corpus, now } = state.make();
    const roll = dice(1000 + index);
    const before = JSON.stringify(stable(session.view()));
    const deadline = session.nextDeadline();
    let sends = 0;
    for (let n = 0; n < EACH; n++) {
      const pick = roll();
      const bytes =
        pick < 0.3
          ? randomOctets(roll)
          : pick < 0.4
            ? (corpus[below(roll, corpus.length)] as Uint8Array)
            : mutated(roll, corpus);
      const effects = session.handle(now as Instant, {
        kind: 'datagram',
        bytes,
        path: { local: CLIENT_PATH.local, remote: { address: '203.0.113.9', port: 1 + below(roll, 65535) } },
        encapsulated: roll() < 0.9,
      });
      assert.ok(effects.length <= 8, `${effects.length} effects of one datagram`);
      for (const effect of effects) {
        assert.ok(harmless(effect), `datagram ${n} caused ${effect.kind}`);
        if (effect.kind === 'send') sends++;
      }
      if (n % 50 === 0) assert.equal(JSON.stringify(stable(session.view())), before, `after datagram ${n}`);
    }
    assert.equal(JSON.stringify(stable(session.view())), before);
    assert.ok(session.ownSpis().length <= 2);
    assert.ok(sends <= 100, `${sends} datagrams sent in answer to noise`);
    const after = session.nextDeadline();
    assert.ok(after === deadline || state.name.includes('after IKE_SA_INIT'), 'no deadline was moved');
  });

test('an unused responder stays one through octets that are no IKE_SA_INIT', () => {
  const session = createSession(responderConfig(), context('quiet'));
  const roll = dice(7);
  for (let n = 0; n < 2000; n++)
    session.handle(1000 as Instant, {
      kind: 'datagram',
      bytes: randomOctets(roll),
      path: CLIENT_PATH,
      encapsulated: true,
    });
  assert.equal(session.view().state, 'CREATED');
  assert.deepEqual(session.ownSpis(), []);
});

test('a waiting initiator takes no mutated answer for a secret-keeping peer', () => {
  const roll = dice(11);
  for (let n = 0; n < 200; n++) {
    const world = new World({ seed: 6 });
    world.start();
    const [request] = world.sent;
    const responder = createSession(responderConfig(), context('r6'));
    const [answer] = responder
      .handle(world.now as Instant, {
        kind: 'datagram',
        bytes: request?.bytes as Uint8Array,
        path: CLIENT_PATH,
        encapsulated: true,
      })
      .filter((e) => e.kind === 'send');
    assert.ok(answer?.kind === 'send');
    world.arrive('r', { bytes: mutated(roll, [answer.bytes]), path: CLIENT_PATH, encapsulated: true });
    assert.notEqual(world.state('i'), 'ESTABLISHED');
  }
  assert.equal(initiatorConfig().role, 'initiator');
});
