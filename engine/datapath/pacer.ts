/** Lets at most so many events through in so many milliseconds. */
import type { Instant } from '../base/brand.ts';

export class Pacer {
  readonly #span: number;
  readonly #most: number;
  #start = Number.NEGATIVE_INFINITY;
  #used = 0;

  constructor(spanMs: number, most: number) {
    this.#span = spanMs;
    this.#most = most;
  }

  allows(now: Instant): boolean {
    if (now - this.#start >= this.#span) {
      this.#start = now;
      this.#used = 0;
    }
    if (this.#used >= this.#most) return false;
    this.#used++;
    return true;
  }
}
