/** Arithmetic on moments and spans. Nothing here reads a clock. */
import type { Instant, Millis } from './brand.ts';

export const seconds = (n: number): Millis => (n * 1000) as Millis;
export const minutes = (n: number): Millis => (n * 60_000) as Millis;
export const hours = (n: number): Millis => (n * 3_600_000) as Millis;
export const millis = (n: number): Millis => n as Millis;

export const after = (start: Instant, span: Millis): Instant => (start + span) as Instant;
export const between = (from: Instant, to: Instant): Millis => (to - from) as Millis;

/** The earliest of the moments that are set, or `undefined` when none is. */
export function earliest(...moments: readonly (Instant | undefined)[]): Instant | undefined {
  let first: Instant | undefined;
  for (const m of moments) if (m !== undefined && (first === undefined || m < first)) first = m;
  return first;
}
