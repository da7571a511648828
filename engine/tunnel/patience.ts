/** How long an attempt may take; the clock stands still while the user is being asked. */
import type { Instant, Millis } from '../base/brand.ts';
import { after, between, millis } from '../base/instant.ts';
import type { Scheduler } from './ports.ts';

export class Patience {
  readonly #scheduler: Scheduler;
  readonly #over: () => void;
  #left: Millis = millis(0);
  #since: Instant | undefined;
  #cancel: (() => void) | undefined;

  constructor(scheduler: Scheduler, over: () => void) {
    this.#scheduler = scheduler;
    this.#over = over;
  }

  start(span: Millis): void {
    this.stop();
    this.#left = span;
    this.resume();
  }

  /** Gives back what was left. */
  stop(): Millis {
    this.pause();
    const left = this.#left;
    this.#left = millis(0);
    return left;
  }

  pause(): void {
    if (this.#since === undefined) return;
    this.#cancel?.();
    this.#left = millis(Math.max(1, this.#left - between(this.#since, this.#scheduler.now())));
    this.#since = undefined;
  }

  resume(): void {
    if (this.#since !== undefined || this.#left <= 0) return;
    this.#since = this.#scheduler.now();
    this.#cancel = this.#scheduler.at(after(this.#since, this.#left), () => {
      this.#since = undefined;
      this.#left = millis(0);
      this.#over();
    });
  }
}
