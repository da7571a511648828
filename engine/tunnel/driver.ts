/**
 * Runs one sans-IO session against the world: feeds it datagrams, deadlines and answers, and carries out
 * its effects in their order. Tunnels and the embedded gateway share it. It decides nothing.
 */
import { assertNever } from '../base/assert-never.ts';
import type { IkeSpi, Instant } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import type { Log } from '../base/log.ts';
import type { Datapath, DatapathEvent } from '../datapath/protocol.ts';
import type {
  Assigned,
  ChildView,
  Command,
  Effect,
  IkeState,
  IkeView,
  Input,
  NatView,
  NoteData,
  NoteTopic,
  Path,
  Session,
} from '../ike/contract.ts';
import type { Ask } from '../ike/eap/ask.ts';
import type { Credentials, IkeSocket, Scheduler, TlsConnection } from './ports.ts';

/** What the session tells of its messages. */
export type MessageEffect = Extract<Effect, { kind: 'message' | 'resent' }>;

/** The peer sends us to another gateway. */
export type RedirectEffect = Extract<Effect, { kind: 'redirect' }>;

export type AnswerResult = Extract<Input, { kind: 'answer' }>['result'];

/** What the owner of a session hears of it. */
export interface SessionEvents {
  state(state: IkeState): void;
  /** `answer` may be called once, at any later time; the secret is the session's to wipe. */
  ask(ask: Ask, answer: (result: AnswerResult) => void): void;
  assigned(assigned: Assigned): void;
  installed(child: ChildView, replaces: number | undefined): void;
  removed(id: number, reason: Extract<Effect, { kind: 'remove-child' }>['reason']): void;
  childFailed(name: string, failure: Failure): void;
  path(path: Path, nat: NatView): void;
  /** Somebody says that the peer has forgotten us; it is being asked. */
  suspicion?(sign: string): void;
  /** For those who let the peer send them to another gateway. */
  redirect?(effect: RedirectEffect): void;
  note(level: 'debug' | 'info' | 'warn', topic: NoteTopic, text: string, data?: NoteData): void;
  /** A message was sent, understood, or sent again; for those who keep them. */
  message?(effect: MessageEffect): void;
  closed(failure: Failure | undefined): void;
}

export interface DriverParts {
  readonly session: Session;
  readonly datapath: Datapath;
  readonly scheduler: Scheduler;
  readonly credentials: Credentials;
  readonly events: SessionEvents;
  readonly log: Log;
  /** Where messages without the non-ESP marker go; none when the session began on the encapsulated port. */
  readonly ikeSocket?: IkeSocket;
  /** Seconds between NAT keepalives, 0 for none. */
  readonly keepalive: number;
  /** Another session carries the traffic: none goes out by this one's pairs before `takeOver`. */
  readonly heldBack?: boolean;
}

export class SessionDriver {
  readonly #parts: DriverParts;
  readonly #childIds = new Set<number>();
  /** Those of them whose outbound side waits for the peer. */
  readonly #waiting = new Set<number>();
  #heldBack: boolean;
  #keepalive = 0;
  #cancelDeadline: (() => void) | undefined;
  readonly #inbox: Input[] = [];
  #feeding = false;
  #closed = false;
  #path: Path | undefined;
  #tlsConnection: TlsConnection | undefined;

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.#heldBack = parts.heldBack ?? false;
  }

  start(path: Path, addresses: readonly string[] = []): void {
    this.#path = path;
    this.#feed({ kind: 'start', path, addresses });
  }

  datagram(bytes: Uint8Array, path: Path, encapsulated: boolean): void {
    this.#feed({ kind: 'datagram', bytes, path, encapsulated });
  }

  /** Datagrams go another way from now on. */
  move(path: Path, addresses: readonly string[]): void {
    this.#feed({ kind: 'path-changed', path, addresses });
  }

  command(command: Command): void {
    this.#feed({ kind: 'command', command });
  }

  /** Gives a data path event to the session when it concerns one of its pairs; true when it did. */
  traffic(event: DatapathEvent): boolean {
    if (event.kind !== 'soft-limit' && event.kind !== 'hard-limit' && event.kind !== 'first-inbound')
      return false;
    if (!this.#childIds.has(event.id)) return false;
    this.#feed({ kind: 'traffic', event: event.kind, id: event.id });
    return true;
  }

  /** Whether the driver's session has the SPI that a datagram names as ours. */
  owns(spi: IkeSpi): boolean {
    return !this.#closed && this.#parts.session.ownSpis().includes(spi);
  }

  /** Outbound traffic goes by this session's pairs from now on, whatever others there are. */
  takeOver(): void {
    this.#heldBack = false;
    for (const id of this.#childIds) if (!this.#waiting.has(id)) this.#parts.datapath.activateOutbound(id);
  }

  /** Keeps the NAT mapping alive, after another session with the same peer has ended its own care for it. */
  keepAlive(): void {
    if (this.#path && !this.#closed) this.#parts.datapath.keepalive(this.#path.remote, this.#keepalive);
  }

  view(): IkeView {
    return this.#parts.session.view();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends at once without telling the peer; the owner has decided that nobody listens. */
  abandon(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#tlsConnection?.close();
    this.#cancelDeadline?.();
    for (const id of this.#childIds) this.#parts.datapath.remove(id, 0);
    this.#childIds.clear();
    if (this.#path) this.#parts.datapath.keepalive(this.#path.remote, 0);
  }

  #feed(input: Input): void {
    this.#inbox.push(input);
    if (this.#feeding) return;
    // An owner that reacts to an effect with a command must not overtake the effects behind it.
    this.#feeding = true;
    try {
      for (let next = this.#inbox.shift(); next && !this.#closed; next = this.#inbox.shift()) {
        for (const effect of this.#parts.session.handle(this.#parts.scheduler.now(), next))
          this.#carryOut(effect);
      }
    } finally {
      this.#feeding = false;
    }
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    const deadline = this.#closed ? undefined : this.#parts.session.nextDeadline();
    if (deadline !== undefined)
      this.#cancelDeadline = this.#parts.scheduler.at(deadline, () => this.#deadline());
  }

  #tls({ request, server, step }: Extract<Effect, { kind: 'tls' }>): void {
    if (step.kind === 'open') {
      this.#tlsConnection?.close();
      this.#tlsConnection = this.#parts.credentials.openTls?.(server);
    }
    const answer = this.#tlsConnection?.step(step) ?? Promise.reject(new Error('there is no TLS here'));
    answer
      .catch((error: unknown) => ({ ok: false as const, octets: NOTHING, failure: localFailure(error) }))
      .then((result) => {
        if (this.#closed) forgetKeys(result);
        else this.#feed({ kind: 'tls', request, result });
      });
  }

  #deadline(): void {
    const lastInbound = this.#lastInbound();
    this.#feed(lastInbound === undefined ? { kind: 'deadline' } : { kind: 'deadline', lastInbound });
  }

  #lastInbound(): Instant | undefined {
    const { datapath, scheduler } = this.#parts;
    let idle: number | undefined;
    for (const id of this.#childIds) {
      const seen = datapath.counters(id)?.idleIn;
      if (seen !== undefined && (idle === undefined || seen < idle)) idle = seen;
    }
    return idle === undefined ? undefined : ((scheduler.now() - idle) as Instant);
  }

  #carryOut(effect: Effect): void {
    const { datapath, events, credentials, ikeSocket, keepalive, log } = this.#parts;
    switch (effect.kind) {
      case 'send':
        if (effect.encapsulated) datapath.sendIke(effect.bytes, effect.path.remote);
        else if (ikeSocket) ikeSocket.send(effect.bytes, effect.path.remote);
        else log.error('a message without the marker has no socket to leave by');
        return;
      case 'sign':
        credentials
          .sign(effect)
          .catch((error: unknown) => ({ ok: false as const, failure: localFailure(error) }))
          .then((result) => this.#feed({ kind: 'signature', request: effect.request, result }));
        return;
      case 'verify-peer':
        credentials
          .verifyPeer(effect)
          .catch((error: unknown) => ({ ok: false as const, failure: localFailure(error) }))
          .then((result) => this.#feed({ kind: 'peer-verdict', request: effect.request, result }));
        return;
      case 'ask':
        events.ask(effect.ask, (result) => {
          if (!this.#closed) this.#feed({ kind: 'answer', request: effect.request, result });
          else if (result.ok) result.secret.wipe();
        });
        return;
      case 'tls':
        this.#tls(effect);
        return;
      case 'assigned':
        events.assigned(effect.assigned);
        return;
      case 'install-child':
        this.#childIds.add(effect.pair.id);
        if (effect.pair.outbound === 'later') this.#waiting.add(effect.pair.id);
        datapath.install(this.#heldBack ? { ...effect.pair, outbound: 'later' } : effect.pair, effect.path);
        events.installed(effect.child, effect.replaces);
        return;
      case 'activate-outbound':
        this.#waiting.delete(effect.id);
        if (!this.#heldBack) datapath.activateOutbound(effect.id);
        return;
      case 'remove-child':
        this.#childIds.delete(effect.id);
        this.#waiting.delete(effect.id);
        datapath.remove(effect.id, effect.lingerMs);
        events.removed(effect.id, effect.reason);
        return;
      case 'child-failed':
        events.childFailed(effect.name, effect.failure);
        return;
      case 'path':
        if (this.#path) datapath.keepalive(this.#path.remote, 0);
        this.#path = effect.path;
        for (const id of this.#childIds) datapath.setPath(id, effect.path);
        // A forced encapsulation hides whether a NAT is there, so the mapping is kept alive in any case.
        this.#keepalive = effect.nat.local || effect.nat.forced ? keepalive : 0;
        this.keepAlive();
        events.path(effect.path, effect.nat);
        return;
      case 'suspicion':
        events.suspicion?.(effect.sign);
        return;
      case 'redirect':
        events.redirect?.(effect);
        return;
      case 'state':
        events.state(effect.state);
        return;
      case 'note':
        events.note(effect.level, effect.topic, effect.text, effect.data);
        return;
      case 'message':
      case 'resent':
        events.message?.(effect);
        return;
      case 'closed':
        this.abandon();
        events.closed(effect.failure);
        return;
      default:
        assertNever(effect);
    }
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);

function forgetKeys(result: Extract<Input, { kind: 'tls' }>['result']): void {
  if (result.ok) for (const key of result.established?.exported ?? []) key.fill(0);
}

function localFailure(error: unknown): Failure {
  const text = error instanceof Error ? error.message : String(error);
  return {
    code: 'LOCAL_CREDENTIALS',
    phase: 'IKE_AUTH',
    authenticated: false,
    message: `the key or certificate could not be used: ${text}`,
  };
}
