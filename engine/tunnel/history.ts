/** The timeline of one tunnel: its latest events, and since when it has its state. */
import type { TunnelEvent } from '../api/events.ts';
import { HISTORY_EVENTS } from '../api/limits.ts';
import type { TunnelState } from '../api/snapshot.ts';

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
