/** When what has a lifetime is renewed: its soft end, spread so that the ends of many SAs do not fall together. */
import type { Millis } from '../base/brand.ts';
import type { RandomSource } from '../crypto/port.ts';
import type { Lifetime } from './contract.ts';

/** 0 ≤ x < 1. */
export function fraction(random: RandomSource): number {
  const b = random(4);
  return ((b[0] as number) * 0x1_00_00 + (b[1] as number) * 0x1_00 + (b[2] as number)) / 0x1_00_00_00;
}

/** From the beginning to the soft end; a tenth of the lifetime always passes. @param roll 0..1 */
export function softSpan({ lifetime, margin, fuzz }: Lifetime, roll: number): Millis {
  return Math.max(lifetime - margin * (1 + roll * fuzz), lifetime * 0.1) as Millis;
}
