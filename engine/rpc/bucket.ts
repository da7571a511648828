/** A token bucket: bursts up to its size, then a steady rate. */
export class TokenBucket {
  readonly #size: number;
  readonly #perMilli: number;
  #tokens: number;
  #at: number | undefined;

  constructor(size: number, perSecond: number) {
    this.#size = size;
    this.#perMilli = perSecond / 1000;
    this.#tokens = size;
  }

  /** Takes one token and gives 0, or gives the milliseconds until there is one. `now` in milliseconds. */
  take(now: number): number {
    this.#tokens = Math.min(this.#size, this.#tokens + (now - (this.#at ?? now)) * this.#perMilli);
    this.#at = now;
    if (this.#tokens < 1) return Math.ceil((1 - this.#tokens) / this.#perMilli);
    this.#tokens -= 1;
    return 0;
  }
}
