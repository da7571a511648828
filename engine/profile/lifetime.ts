/**
 * Durations as strongSwan reads them: a whole number of seconds with an optional `s`, or a decimal number with
 * `m`, `h` or `d`.
 */
import type { Millis } from '../base/brand.ts';
import { err, ok, type Result } from '../base/result.ts';

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Longest duration that any field takes; more does not fit a timer of 32 bits in milliseconds. */
const MAX_SECONDS = 2_147_483;

const RULE =
  'must be whole seconds such as "90" or "90s", or a number with m, h or d such as "10m" or "1.5h"';

/** Milliseconds of a duration, or why the text is none. */
export function parseDuration(text: string | number): Result<Millis, string> {
  const match = /^([0-9]{1,10}(?:\.[0-9]{1,10})?) ?([smhd])?$/.exec(String(text).trim());
  if (!match) return err(RULE);
  const unit = match[2] ?? 's';
  if (unit === 's' && match[1]?.includes('.')) return err(RULE);
  const seconds = Number(match[1]) * (UNIT_SECONDS[unit] as number);
  if (seconds > MAX_SECONDS) return err('is longer than 24 days');
  return ok(Math.round(seconds * 1000) as Millis);
}

/** A short text that reads as the same duration, in whole seconds: `90s`, `9m`, `24h`, `7d`. */
export function printDuration(span: Millis): string {
  const seconds = Math.round(span / 1000);
  for (const unit of ['d', 'h', 'm'] as const) {
    const size = UNIT_SECONDS[unit] as number;
    if (seconds >= (unit === 'd' ? 2 * size : size) && seconds % size === 0)
      return `${seconds / size}${unit}`;
  }
  return `${seconds}s`;
}

/** A share: `1`, `0.5`, `"50%"`. */
export function parseFuzz(value: string | number): Result<number, string> {
  const match = /^([0-9]{1,4}(?:\.[0-9]{1,10})?)(%)?$/.exec(String(value).trim());
  if (!match) return err('must be a number such as 1, or a share such as "100%"');
  const share = Number(match[1]) / (match[2] ? 100 : 1);
  return share <= 100 ? ok(share) : err('is more than 100 (10000%)');
}
