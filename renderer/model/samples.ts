/**
 * Throughput from the byte counters of snapshots: a ring of the latest hour for each tunnel, in typed arrays of a
 * fixed size, so that a window that stays open for days does not grow.
 */
import type { ChildSnapshot, Snapshot } from '../../engine/api/snapshot.ts';

/** One hour at one snapshot a second. */
export const SAMPLES = 3600;
const MAX_TUNNELS = 16;

interface Counters {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Bits per second in both directions, oldest first; times in seconds since 1970. */
export interface Series {
  readonly times: Float64Array;
  readonly bitsIn: Float64Array;
  readonly bitsOut: Float64Array;
}

export class Ring {
  readonly #times = new Float64Array(SAMPLES);
  readonly #in = new Float64Array(SAMPLES);
  readonly #out = new Float64Array(SAMPLES);
  #next = 0;
  #used = 0;
  #before: ReadonlyMap<number, Counters> = new Map();
  #lastTime: number | undefined;

  /** Notes the counters of all children at `time`; snapshots closer than half a second are taken together. */
  add(time: number, children: readonly ChildSnapshot[]): void {
    const elapsed = this.#lastTime === undefined ? undefined : time - this.#lastTime;
    if (elapsed !== undefined && elapsed < 0.5) return;
    let bytesIn = 0;
    let bytesOut = 0;
    for (const child of children) {
      // A child that is new counts from zero; one that is gone takes its last octets with it.
      const before = this.#before.get(child.id);
      bytesIn += Math.max(0, child.bytesIn - (before?.bytesIn ?? 0));
      bytesOut += Math.max(0, child.bytesOut - (before?.bytesOut ?? 0));
    }
    this.#before = new Map(
      children.map(({ id, bytesIn: i, bytesOut: o }) => [id, { bytesIn: i, bytesOut: o }]),
    );
    this.#lastTime = time;
    if (elapsed === undefined) return;
    this.#times[this.#next] = time;
    this.#in[this.#next] = (bytesIn * 8) / elapsed;
    this.#out[this.#next] = (bytesOut * 8) / elapsed;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#used = Math.min(SAMPLES, this.#used + 1);
  }

  /** The samples of the latest `seconds`. */
  series(seconds: number): Series {
    const newest = this.#times[(this.#next - 1 + SAMPLES) % SAMPLES] ?? 0;
    const at = (n: number): number => (this.#next - this.#used + n + SAMPLES) % SAMPLES;
    let first = 0;
    while (first < this.#used && (this.#times[at(first)] ?? 0) < newest - seconds) first++;
    const size = this.#used - first;
    const copy = (from: Float64Array): Float64Array =>
      Float64Array.from({ length: size }, (_, n) => from[at(first + n)] ?? 0);
    return { times: copy(this.#times), bitsIn: copy(this.#in), bitsOut: copy(this.#out) };
  }

  /** Bits per second just now. */
  latest(): { readonly bitsIn: number; readonly bitsOut: number } {
    const last = (this.#next - 1 + SAMPLES) % SAMPLES;
    return this.#used === 0
      ? { bitsIn: 0, bitsOut: 0 }
      : { bitsIn: this.#in[last] ?? 0, bitsOut: this.#out[last] ?? 0 };
  }
}

const rings = new Map<string, Ring>();

export function takeSamples(snapshot: Snapshot): void {
  const time = Date.parse(snapshot.time) / 1000;
  for (const { name, children } of snapshot.tunnels) {
    let ring = rings.get(name);
    if (!ring) {
      ring = new Ring();
      rings.set(name, ring);
      const oldest = rings.keys().next().value;
      if (rings.size > MAX_TUNNELS && oldest !== undefined) rings.delete(oldest);
    }
    ring.add(time, children);
  }
}

export const ringOf = (tunnel: string): Ring | undefined => rings.get(tunnel);
