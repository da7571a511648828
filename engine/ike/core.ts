/** What a session knows: the state that exchanges work on, and how they speak to the world. Decides nothing itself. */
import type { IkeSpi, Instant, Millis, Spi32 } from '../base/brand.ts';
import { toHex } from '../base/bytes.ts';
import type { Failure } from '../base/failure.ts';
import { after } from '../base/instant.ts';
import type { VolumeLimits } from '../esp/params.ts';
import type { Child } from './child.ts';
import type {
  Assigned,
  Effect,
  Identity,
  IkeConfig,
  IkeContext,
  IkeState,
  Lifetime,
  NatView,
  NoteData,
  NoteTopic,
  Path,
} from './contract.ts';
import { Deadlines } from './deadlines.ts';
import type { EapAnswer } from './exchanges/auth-eap-answer.ts';
import type { Exchange } from './exchanges/exchange.ts';
import type { Handshake } from './handshake.ts';
import { IkeSa } from './ike-sa.ts';
import type { Opened } from './int-auth.ts';
import { fraction, softSpan } from './lifetime.ts';
import { PeerFollowUps } from './peer-follow-ups.ts';

export interface QueuedTask {
  readonly exchange: Exchange;
  readonly notBefore: Instant;
}

/** A `sign`, `verify-peer`, `ask` or `tls` effect that waits for its input. */
export interface Question {
  readonly request: number;
  readonly kind: 'sign' | 'verify-peer' | 'ask' | 'tls';
  readonly answered: (result: never) => void;
  /** No answer is wanted any more: wipes what waits for it. */
  readonly abandon?: (() => void) | undefined;
}

export class Core {
  readonly config: IkeConfig;
  readonly context: IkeContext;
  readonly deadlines: Deadlines = new Deadlines();
  readonly children: Map<number, Child> = new Map();
  now: Instant = 0 as Instant;
  effects: Effect[] = [];
  state: IkeState = 'CREATED';
  /** Nothing more happens. */
  closed = false;
  /** Why the session is ending, once it is. */
  ending: { readonly failure: Failure | undefined } | undefined;
  /** Another IKE SA carries the traffic, and this one ends soon. */
  retired = false;
  hint: Failure | undefined;
  path: Path | undefined;
  encapsulated = false;
  nat: NatView = { local: false, remote: false, forced: false };
  /** When the peer's patience with our authentication nears its end (RFC 4478). */
  reauthAt: Instant | undefined;
  authExpiresAt: Instant | undefined;
  /** Both ends have it (RFC 4555). */
  mobike = false;
  /** Ours, for the peer to know of. */
  ownAddresses: readonly string[] = [];
  /** Where else the peer says it can be reached. */
  peerAddresses: readonly string[] = [];
  /** Our address as the peer sees it, hashed; another one means another NAT mapping. */
  natSeen: Uint8Array | undefined;
  fragmentation = false;
  /** Transform numbers of private use may be spoken of: always ours to offer, a peer's to name with its vendor ID. */
  privateUse: boolean;
  /** The fragment size that gets through, as far as is known: an index of `fragmentation.sizes`. */
  sizeIndex = 0;
  handshake: Handshake | undefined;
  /** The datagram being read, and its SPIs: AUTH signs IKE_SA_INIT octet for octet. */
  received: Uint8Array | undefined;
  receivedSpis: { readonly spiInitiator: IkeSpi; readonly spiResponder: IkeSpi } | undefined;
  /** The authentic message being read, for what AUTH says of IKE_INTERMEDIATE. */
  opened: Opened | undefined;
  /** The SA that new exchanges of ours use. */
  current: IkeSa | undefined;
  sas: IkeSa[] = [];
  queue: QueuedTask[] = [];
  /** Pairs that the peer deleted before its answer that made them arrived; kept while ours is open. */
  readonly deletedEarly: Set<Spi32> = new Set();
  /** After the peer rekeyed the IKE SA: no exchange on the new one before the peer has it for certain. */
  holdUntil: Instant | undefined;
  /** The peer's new SAs that wait for additional key exchanges. */
  readonly peerFollowUps: PeerFollowUps = new PeerFollowUps();
  /** How often in a row the peer had forgotten ours. */
  followUpsForgotten = 0;
  remoteId: Identity | undefined;
  localAuthMethod: number | undefined;
  remoteAuthMethod: number | undefined;
  /** The keys have a PPK in them (RFC 8784). */
  ppkInUse = false;
  eapMethod: string | undefined;
  /** The peer follows a REDIRECT (RFC 5685). */
  peerFollows = false;
  /** The peer said INITIAL_CONTACT. */
  initialContact = false;
  /** A responder's EAP rounds while they go on. */
  eapAnswer: EapAnswer | undefined;
  /** Virtual addresses: ours as an initiator, the peer's as a responder. */
  assigned: Assigned | undefined;
  establishedAt: Instant | undefined;
  rekeyAt: Instant | undefined;
  expiresAt: Instant | undefined;
  roundTrip: Millis | undefined;
  retransmits = 0;
  /** When the peer last proved to be there. */
  lastHeard: Instant = 0 as Instant;
  /** When a sign that the peer has forgotten us was last looked into. */
  suspectedAt: Instant | undefined;
  question: Question | undefined;
  #nextQuestion = 1;
  #nextSa = 1;

  constructor(config: IkeConfig, context: IkeContext) {
    this.config = config;
    this.privateUse = config.role === 'initiator';
    this.context = context;
    this.nat = { local: false, remote: false, forced: config.encapsulation === 'forced' };
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  note(
    topic: NoteTopic,
    text: string,
    level: 'debug' | 'info' | 'warn' = 'info',
    data?: NoteData | undefined,
  ): void {
    this.effects.push({ kind: 'note', level, topic, text, data });
  }

  setState(state: IkeState): void {
    if (this.state === state) return;
    this.state = state;
    this.emit({ kind: 'state', state });
  }

  addSa(initiator: boolean, spiInitiator: IkeSpi, spiResponder: IkeSpi, generation: number): IkeSa {
    const sa = new IkeSa(this.#nextSa++, initiator, spiInitiator, spiResponder, generation);
    this.sas.push(sa);
    return sa;
  }

  /** Drops an SA altogether. */
  removeSa(sa: IkeSa): void {
    sa.destroy();
    this.deadlines.clear(`retransmit/${sa.id}`);
    this.deadlines.clear(`retire/${sa.id}`);
    this.sas = this.sas.filter((other) => other !== sa);
  }

  freshIkeSpi(): IkeSpi {
    for (;;) {
      const spi = toHex(this.context.random(8)) as IkeSpi;
      if (!/^0+$/.test(spi) && !this.sas.some((sa) => sa.ownSpi === spi)) return spi;
    }
  }

  /** 0 ≤ x < 1. */
  fraction(): number {
    return fraction(this.context.random);
  }

  /** Soft and hard end from now; a lifetime of 0 never ends. */
  lifetimeFrom(lifetime: Lifetime): { readonly rekeyAt: Instant; readonly expiresAt: Instant } {
    if (lifetime.lifetime <= 0) {
      const never = Number.POSITIVE_INFINITY as Instant;
      return { rekeyAt: never, expiresAt: never };
    }
    return {
      rekeyAt: after(this.now, softSpan(lifetime, this.fraction())),
      expiresAt: after(this.now, lifetime.lifetime),
    };
  }

  /** Volumes with their margins grown by a random share, as {@link lifetimeFrom} grows that of time. */
  spread(limits: VolumeLimits, fuzz: number): VolumeLimits {
    const soft = (hard: number, before: number): number =>
      hard === 0
        ? 0
        : Math.floor(Math.max(hard - (hard - before) * (1 + this.fraction() * fuzz), hard * 0.1, 1));
    return {
      ...limits,
      softBytes: soft(limits.hardBytes, limits.softBytes),
      softPackets: soft(limits.hardPackets, limits.softPackets),
    };
  }

  /** Asks the world; the session feeds its answer to `answered`. */
  ask<T>(kind: Question['kind'], answered: (result: T) => void, abandon?: () => void): number {
    const request = this.#nextQuestion++;
    this.question = { request, kind, answered: answered as (result: never) => void, abandon };
    return request;
  }

  /** Puts an exchange behind the others, unless the same is waiting already. */
  enqueue(exchange: Exchange, wait: Millis = 0 as Millis): void {
    if (this.ending || this.retired) return;
    if (this.queue.some((task) => task.exchange.key === exchange.key)) return;
    if (this.sas.some((sa) => sa.window.flight?.exchange.key === exchange.key)) return;
    this.queue.push({ exchange, notBefore: after(this.now, wait) });
  }

  /** Puts an exchange in front of the others. */
  enqueueFirst(exchange: Exchange): void {
    if (this.queue.some((task) => task.exchange.key === exchange.key)) return;
    this.queue.unshift({ exchange, notBefore: this.now });
  }
}
