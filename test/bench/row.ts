/** One line of a benchmark: what was measured of Culvert, and of a peer in the same run. */

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export interface BenchRow {
  readonly bench: string;
  readonly metric: string;
  readonly unit: string;
  readonly culvert: Spread;
  readonly peer?: Spread & { readonly name: string };
  /** Culvert's median divided by the peer's; whether high is good depends on the unit. */
  readonly ratio?: number;
}

export interface Bench {
  readonly name: string;
  readonly describe: string;
  /** What the machine must have, in the words of `test/support/require.ts`; nothing when left out. */
  readonly needs?: {
    readonly root?: boolean;
    readonly namespaces?: boolean;
    readonly commands?: readonly string[];
    readonly files?: readonly string[];
  };
  run(report: (row: BenchRow) => void): Promise<void>;
}

/** @throws RangeError without values */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const min = sorted[0];
  const max = sorted[sorted.length - 1];
  if (min === undefined || max === undefined) throw new RangeError('no values to summarise');
  const upper = sorted[sorted.length >> 1] as number;
  const lower = sorted[(sorted.length - 1) >> 1] as number;
  return { min, median: (lower + upper) / 2, max };
}

/** A row with its ratio, unless the peer's median is nothing to compare with. */
export function row(
  what: { readonly bench: string; readonly metric: string; readonly unit: string },
  culvert: readonly number[],
  peer?: { readonly name: string; readonly values: readonly number[] },
): BenchRow {
  const ours = spread(culvert);
  if (peer === undefined) return { ...what, culvert: ours };
  const theirs = spread(peer.values);
  const compared = { ...what, culvert: ours, peer: { name: peer.name, ...theirs } };
  return theirs.median === 0 ? compared : { ...compared, ratio: ours.median / theirs.median };
}
