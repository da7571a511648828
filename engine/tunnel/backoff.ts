/** How long to wait before the next attempt: doubling, with jitter, bounded. */
import type { Millis } from '../base/brand.ts';
import { readU16 } from '../base/bytes.ts';
import type { RandomSource } from '../crypto/port.ts';

const FIRST = 1000;
const LONGEST = 60_000;

/** Wait after the `failures`-th failure in a row (1, 2, …): half of it fixed, half random, so that a crowd spreads out. */
export function backoff(failures: number, random: RandomSource): Millis {
  const whole = Math.min(LONGEST, FIRST * 2 ** Math.min(16, failures - 1));
  const fraction = readU16(random(2), 0) / 0x10000;
  return Math.round(whole * (0.5 + fraction / 2)) as Millis;
}
