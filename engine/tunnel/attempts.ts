/**
 * The attempts of one tunnel at connecting: which endpoint failed for which reason, and how long to wait before the
 * next. Waits grow with the failures in a row. A connection that ends soon after it came up is one of them: a gateway
 * that takes and drops us is not asked every second.
 */
import type { AttemptSnapshot } from '../api/attempt.ts';
import { RECENT_ATTEMPTS } from '../api/limits.ts';
import type { Instant, Millis } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { after, between, millis } from '../base/instant.ts';
import type { Endpoint } from '../base/ip.ts';
import type { RandomSource } from '../crypto/port.ts';
import { backoff } from './backoff.ts';
import type { Scheduler } from './ports.ts';
import type { TunnelEvents } from './tunnel-parts.ts';

/** A connection that lasted this long was a good one: what follows it starts with the shortest wait. */
const STABLE: Millis = millis(60_000);

/** Attempts that nobody waits for begin at least so long after one another, whatever the network does. */
const APART: Millis = millis(1000);

interface Entry {
  readonly seen: AttemptSnapshot;
  readonly began: Instant;
}

const place = ({ address, port }: Endpoint): string => `${address} port ${port}`;

export class Attempts {
  readonly #scheduler: Scheduler;
  readonly #note: TunnelEvents['note'];
  readonly #entries: Entry[] = [];
  #number = 0;
  #failures = 0;
  #began: Instant | undefined;
  #upSince: Instant | undefined;
  #tried: Endpoint[] = [];

  constructor(scheduler: Scheduler, note: TunnelEvents['note']) {
    this.#scheduler = scheduler;
    this.#note = note;
  }

  /** Attempts since `up`, the current one included. */
  get number(): number {
    return this.#number;
  }

  /** Attempts in a row that came to nothing, those that a wait has followed. */
  get failures(): number {
    return this.#failures;
  }

  /** Endpoints of the current attempt. */
  get tried(): readonly Endpoint[] {
    return this.#tried;
  }

  /** The latest, oldest first. */
  recent(): readonly AttemptSnapshot[] {
    return this.#entries.map((entry) => entry.seen);
  }

  begin(): void {
    this.#number++;
    this.#tried = [];
    this.#began = this.#scheduler.now();
  }

  /** Turns to an endpoint. */
  trying(endpoint: Endpoint): void {
    this.#tried.push(endpoint);
    this.#add({ ...this.#head(), address: endpoint.address, port: endpoint.port, outcome: 'trying' });
    const [number, text] = [this.#number, place(endpoint)];
    this.#note('info', 'attempt', `attempt ${number}: ${text}`, { number, endpoint: text });
  }

  /** The open endpoint, or the attempt before it had one, has failed. */
  failed(failure: Failure): void {
    const { code, message } = failure;
    const endpoint = this.#tried.at(-1);
    if (this.#conclude({ outcome: 'failed', code, message }) && endpoint)
      this.#note('warn', 'attempt', message, { number: this.#number, endpoint: place(endpoint), code });
    else this.#add({ ...this.#head(), outcome: 'failed', durationMs: 0, code, message });
  }

  /** An endpoint that was passed over without a try. */
  passedOver(address: string, failure: Failure): void {
    const { code, message } = failure;
    this.#add({ ...this.#head(), address, outcome: 'failed', durationMs: 0, code, message });
  }

  connected(): void {
    this.#conclude({ outcome: 'connected' });
    this.#upSince = this.#scheduler.now();
  }

  /** What was up is up no more. */
  lost(): void {
    if (this.#upSince !== undefined && between(this.#upSince, this.#scheduler.now()) >= STABLE)
      this.#failures = 0;
    this.#upSince = undefined;
  }

  /** How long to wait now that another attempt has failed. */
  wait(random: RandomSource): Millis {
    this.#failures++;
    return backoff(this.#failures, random);
  }

  /** How long not to listen for traffic: not at all after the first failure. */
  pause(random: RandomSource): Millis {
    const first = this.#failures === 0;
    const wait = this.wait(random);
    return first ? millis(0) : wait;
  }

  /** When the next one may begin at the earliest. */
  earliest(): Instant {
    return this.#began === undefined ? this.#scheduler.now() : after(this.#began, APART);
  }

  /** For good: the tunnel is down. What was tried stays to be seen until the next `up`. */
  end(): void {
    this.#failures = 0;
    this.#upSince = undefined;
  }

  #head(): Pick<AttemptSnapshot, 'number' | 'time'> {
    const scheduler = this.#scheduler;
    return { number: this.#number, time: scheduler.isoTime(scheduler.wallClock()) };
  }

  #add(seen: AttemptSnapshot): void {
    this.#entries.push({ seen, began: this.#scheduler.now() });
    if (this.#entries.length > RECENT_ATTEMPTS) this.#entries.shift();
  }

  #conclude(end: Pick<AttemptSnapshot, 'outcome' | 'code' | 'message'>): boolean {
    const last = this.#entries.at(-1);
    if (last?.seen.outcome !== 'trying') return false;
    const durationMs = between(last.began, this.#scheduler.now());
    this.#entries[this.#entries.length - 1] = { ...last, seen: { ...last.seen, ...end, durationMs } };
    return true;
  }
}
