/** Counts what one direction of an SA has carried against its soft and hard limits (RFC 4301 §4.4.2.1). */
import type { VolumeLimits } from './params.ts';

export const LimitState = { BELOW: 0, SOFT: 1, HARD: 2 } as const;
export type LimitState = (typeof LimitState)[keyof typeof LimitState];

/** Zero means none. */
const limit = (n: number): number => (n > 0 ? n : Number.POSITIVE_INFINITY);

export class VolumeMeter {
  bytes = 0;
  packets = 0;
  readonly #softBytes: number;
  readonly #hardBytes: number;
  readonly #softPackets: number;
  readonly #hardPackets: number;

  constructor(limits: VolumeLimits) {
    this.#softBytes = limit(limits.softBytes);
    this.#hardBytes = limit(limits.hardBytes);
    this.#softPackets = limit(limits.softPackets);
    this.#hardPackets = limit(limits.hardPackets);
  }

  /** Whether another packet of `length` octets would go past the hard limit. */
  exceeds(length: number): boolean {
    return this.packets >= this.#hardPackets || this.bytes + length > this.#hardBytes;
  }

  add(length: number): void {
    this.bytes += length;
    this.packets++;
  }

  state(): LimitState {
    if (this.bytes >= this.#hardBytes || this.packets >= this.#hardPackets) return LimitState.HARD;
    return this.bytes >= this.#softBytes || this.packets >= this.#softPackets
      ? LimitState.SOFT
      : LimitState.BELOW;
  }
}
