/**
 * Two sessions and the network between them on a virtual clock. Time jumps to the next event; loss, order,
 * duplication and latency come from a seed. Data paths are played by {@link FakePath}, which checks that the pairs
 * of both ends fit.
 */
import assert from 'node:assert/strict';
import type { Instant } from '../../engine/base/brand.ts';
import { toHex } from '../../engine/base/bytes.ts';
import type { Effect, IkeConfig, IkeContext, Input, Path, Session } from '../../engine/ike/contract.ts';
import { createSession } from '../../engine/ike/session.ts';
import { CLIENT_PATH, context, initiatorConfig, responderConfig } from './configs.ts';
import { FakePath } from './fake-path.ts';

export type Who = 'i' | 'r';
type Sent = Extract<Effect, { kind: 'send' }>;
type Sign = Extract<Effect, { kind: 'sign' }>;
type Verify = Extract<Effect, { kind: 'verify-peer' }>;
type Asked = Extract<Effect, { kind: 'ask' }>;
type Result<K extends Input['kind']> = Extract<Input, { kind: K }> extends { result: infer R } ? R : never;

export interface Network {
  /** 0..1 each. */
  readonly loss: number;
  readonly reorder: number;
  readonly duplicate: number;
  /** Milliseconds one way. */
  readonly latency: number;
}

export const PERFECT: Network = { loss: 0, reorder: 0, duplicate: 0, latency: 10 };

export interface WorldOptions {
  readonly initiator?: Partial<IkeConfig>;
  readonly responder?: Partial<IkeConfig>;
  readonly contexts?: { readonly i?: Partial<IkeContext>; readonly r?: Partial<IkeContext> };
  readonly network?: Network;
  readonly seed?: number;
  readonly path?: Path;
  readonly sign?: (who: Who, effect: Sign) => Result<'signature'>;
  readonly verify?: (who: Who, effect: Verify) => Result<'peer-verdict'>;
  /** The user; `undefined` leaves the question open. */
  readonly ask?: (effect: Asked) => Result<'answer'> | undefined;
  /** Sees each datagram before the network; false swallows it. */
  readonly filter?: (from: Who, sent: Sent, index: number) => boolean;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** mulberry32: small, good enough for a network's moods. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export class World {
  now = 1_000_000;
  readonly sessions: Record<Who, Session>;
  readonly effects: Record<Who, Effect[]> = { i: [], r: [] };
  readonly sent: {
    readonly from: Who;
    readonly at: number;
    readonly bytes: Uint8Array;
    readonly encapsulated: boolean;
  }[] = [];
  readonly paths: Record<Who, FakePath>;
  network: Network;
  filter: WorldOptions['filter'];
  /** When set, datagrams wait here for {@link deliver}. */
  held: { readonly from: Who; readonly sent: Sent }[] | undefined;
  readonly #options: WorldOptions;
  readonly #roll: () => number;
  #events: Event[] = [];
  #order = 0;

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.network = options.network ?? PERFECT;
    this.filter = options.filter;
    const seed = options.seed ?? 1;
    this.#roll = dice(seed);
    this.sessions = {
      i: createSession(initiatorConfig(options.initiator), context(`i${seed}`, options.contexts?.i)),
      r: createSession(responderConfig(options.responder), context(`r${seed}`, options.contexts?.r)),
    };
    this.paths = { i: new FakePath(), r: new FakePath() };
  }

  start(): this {
    this.feed('i', { kind: 'start', path: this.#options.path ?? CLIENT_PATH });
    return this;
  }

  feed(who: Who, input: Input): readonly Effect[] {
    const effects = this.sessions[who].handle(this.now as Instant, input);
    for (const effect of effects) this.#carryOut(who, effect);
    return effects;
  }

  #carryOut(who: Who, effect: Effect): void {
    this.effects[who].push(effect);
    this.paths[who].take(effect, this.now);
    if (effect.kind === 'send') this.#send(who, effect);
    else if (effect.kind === 'sign') {
      const result = this.#options.sign?.(who, effect);
      assert.ok(result, 'nobody to sign');
      this.#later(1, () => this.feed(who, { kind: 'signature', request: effect.request, result }));
    } else if (effect.kind === 'verify-peer') {
      const result = this.#options.verify?.(who, effect);
      assert.ok(result, 'nobody to verify');
      this.#later(1, () => this.feed(who, { kind: 'peer-verdict', request: effect.request, result }));
    } else if (effect.kind === 'ask') {
      const result = this.#options.ask?.(effect);
      if (result)
        this.#later(5000, () => this.feed(who, { kind: 'answer', request: effect.request, result }));
    }
  }

  #send(from: Who, effect: Sent): void {
    this.sent.push({ from, at: this.now, bytes: effect.bytes, encapsulated: effect.encapsulated });
    if (this.filter && !this.filter(from, effect, this.sent.length - 1)) return;
    if (this.held) {
      this.held.push({ from, sent: effect });
      return;
    }
    const { loss, reorder, duplicate, latency } = this.network;
    const copies = this.#roll() < duplicate ? 2 : 1;
    for (let n = 0; n < copies; n++) {
      if (this.#roll() < loss) continue;
      const extra = this.#roll() < reorder ? this.#roll() * 20 * latency : 0;
      this.#later(latency + extra, () => this.arrive(from, effect));
    }
  }

  /** Brings a datagram to the other end now. */
  arrive(from: Who, { bytes, path, encapsulated }: Pick<Sent, 'bytes' | 'path' | 'encapsulated'>): void {
    const turned = { local: path.remote, remote: path.local };
    this.feed(from === 'i' ? 'r' : 'i', { kind: 'datagram', bytes, path: turned, encapsulated });
  }

  /** Delivers the first held datagram of one side; messages that it causes are held too. */
  deliver(from: Who): void {
    const index = this.held?.findIndex((h) => h.from === from) ?? -1;
    const [next] = index < 0 ? [] : (this.held?.splice(index, 1) ?? []);
    assert.ok(next, `nothing of ${from} is under way`);
    this.now += 1;
    this.arrive(from, next.sent);
  }

  /** Holds datagrams from now on. */
  hold(): this {
    this.held = [];
    return this;
  }

  /** Lets the held ones go, in order, and holds no more. */
  release(): this {
    const held = this.held ?? [];
    this.held = undefined;
    for (const { from, sent } of held) this.#later(this.network.latency, () => this.arrive(from, sent));
    return this;
  }

  #later(ms: number, run: () => void): void {
    this.#events.push({ at: this.now + ms, order: this.#order++, run });
  }

  /** One event or deadline. False when nothing comes before `until`. */
  step(until: number): boolean {
    this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
    const event = this.#events[0];
    let next = event?.at ?? Number.POSITIVE_INFINITY;
    let due: Who | undefined;
    for (const who of ['i', 'r'] as const) {
      const deadline = this.sessions[who].nextDeadline();
      if (deadline !== undefined && deadline < next) {
        next = deadline;
        due = who;
      }
    }
    if (next > until || next === Number.POSITIVE_INFINITY) return false;
    this.now = Math.max(this.now, next);
    if (due) {
      this.feed(due, { kind: 'deadline' });
      const again = this.sessions[due].nextDeadline();
      assert.ok(again === undefined || again > next, 'a deadline that has come does not come again at once');
    } else {
      this.#events.shift();
      event?.run();
    }
    return true;
  }

  /** Runs for a while. */
  run(ms: number): this {
    const until = this.now + ms;
    for (let steps = 0; this.step(until); steps++)
      assert.ok(steps < 100_000, 'the world does not come to rest');
    this.now = Math.max(this.now, until);
    return this;
  }

  /** Runs until something is so, at most for a while. */
  until(what: () => boolean, ms = 600_000): this {
    const end = this.now + ms;
    while (!what()) assert.ok(this.step(end), 'it never came to be');
    return this;
  }

  connect(): this {
    this.start().until(() => this.state('i') === 'ESTABLISHED' && this.state('r') === 'ESTABLISHED', 120_000);
    return this.run(100);
  }

  state(who: Who): string {
    return this.sessions[who].view().state;
  }

  of<K extends Effect['kind']>(who: Who, kind: K): Extract<Effect, { kind: K }>[] {
    return this.effects[who].filter((e): e is Extract<Effect, { kind: K }> => e.kind === kind);
  }

  closed(who: Who): Extract<Effect, { kind: 'closed' }> | undefined {
    return this.of(who, 'closed')[0];
  }

  notes(who: Who): string[] {
    return this.of(who, 'note').map((n) => n.text);
  }

  /** Message lines of one side since the beginning, without header and sizes: `IKE_AUTH request`. */
  exchanges(who: Who): string[] {
    return this.of(who, 'note')
      .filter((n) => n.topic === 'message' && /^[A-Z_]+ (request|response) /.test(n.text))
      .map((n) => n.text.replace(/ (\d+) [IR]→.*? \[/, ' $1 ['));
  }

  /** Both ends have the same pairs, crossed, with the same keys; nothing is left over. */
  assertSameChildren(count: number): void {
    const i = this.sessions.i.view().children;
    const r = this.sessions.r.view().children;
    const text = (list: typeof i, inward: 'spiIn' | 'spiOut', outward: 'spiIn' | 'spiOut'): string[] =>
      list.map((c) => `${c.name} ${c[inward].toString(16)} ${c[outward].toString(16)}`).sort();
    assert.deepEqual(text(i, 'spiIn', 'spiOut'), text(r, 'spiOut', 'spiIn'));
    assert.equal(i.length, count);
    this.paths.i.assertFits(
      this.paths.r,
      i.map((c) => c.id),
    );
    assert.deepEqual(this.paths.i.live(), i.map((c) => c.id).sort());
    assert.deepEqual(this.paths.r.live(), r.map((c) => c.id).sort());
  }

  assertSameIke(): void {
    const { i, r } = this.sessions;
    assert.equal(i.view().spiInitiator, r.view().spiInitiator);
    assert.equal(i.view().spiResponder, r.view().spiResponder);
    assert.deepEqual([i.ownSpis().length > 0, r.ownSpis().length > 0], [true, true]);
  }
}

export const hex = toHex;
