/**
 * The timeline of one tunnel: its latest events, and since when it has its state. What comes often is kept short:
 * messages are in the negotiation, and answers to liveness checks in a row are one event.
 */
import type { TunnelEvent } from '../api/events.ts';
import { HISTORY_EVENTS } from '../api/limits.ts';
import type { TunnelState } from '../api/snapshot.ts';

/** Kept elsewhere, or of no use to somebody who looks at an hour. */
const NOT_KEPT: ReadonlySet<string> = new Set(['message', 'drop']);

export class History {
  readonly #events: TunnelEvent[] = [];
  #state: TunnelState = 'CREATED';
  /** Milliseconds since 1970. */
  #since: number;

  constructor(now: number) {
    this.#since = now;
  }

  /** Notes a state; true when it is another than before. */
  enter(state: TunnelState, now: number): boolean {
    if (state === this.#state) return false;
    this.#state = state;
    this.#since = now;
    return true;
  }

  add(event: TunnelEvent): void {
    if (NOT_KEPT.has(event.topic)) return;
    // The question of a liveness check says nothing that its answer does not.
    if (event.topic === 'liveness' && !event.data) return;
    const last = this.#events.at(-1);
    if (answered(event) && last && answered(last)) {
      const count = Number(last.data?.count ?? 1) + 1;
      this.#events[this.#events.length - 1] = { ...event, data: { ...event.data, count } };
      return;
    }
    this.#events.push(event);
    if (this.#events.length > HISTORY_EVENTS) this.#events.shift();
  }

  get stateSince(): number {
    return this.#since;
  }

  events(): readonly TunnelEvent[] {
    return [...this.#events];
  }
}

const answered = (event: TunnelEvent): boolean => event.topic === 'liveness' && event.data?.ok === true;
