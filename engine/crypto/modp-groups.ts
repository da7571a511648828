/**
 * MODP groups. RFC 2409 §6 and RFC 3526 define their primes by one formula over the binary digits of pi:
 *
 *     p = 2^n - 2^(n-64) - 1 + 2^64 * ( [2^(n-130) pi] + offset ),   generator 2
 *
 * Those are safe primes; the groups of RFC 5114 have a small subgroup instead, whose order is checked.
 */
import { RFC5114_GROUPS } from './modp-subgroups.ts';

export interface ModpGroup {
  readonly bits: number;
  readonly prime: bigint;
  readonly generator: bigint;
  /** Order of the generator's subgroup, where a public value must be shown to lie in it (RFC 6989 §2.2). */
  readonly order?: bigint;
  /** Octets of our private exponent: at least twice the group's strength (upper estimates of RFC 3526 §8). */
  readonly exponentLength: number;
}

const ROWS: ReadonlyMap<number, { bits: number; offset: bigint; exponentLength: number }> = new Map([
  [1, { bits: 768, offset: 149686n, exponentLength: 20 }],
  [2, { bits: 1024, offset: 129093n, exponentLength: 20 }],
  [5, { bits: 1536, offset: 741804n, exponentLength: 30 }],
  [14, { bits: 2048, offset: 124476n, exponentLength: 40 }],
  [15, { bits: 3072, offset: 1690314n, exponentLength: 53 }],
  [16, { bits: 4096, offset: 240904n, exponentLength: 60 }],
  [17, { bits: 6144, offset: 929484n, exponentLength: 68 }],
  [18, { bits: 8192, offset: 4743158n, exponentLength: 78 }],
]);

/** arctan(1/q) scaled by 2^bits, off by less than one unit a term of the series. */
function arctanInverse(q: bigint, bits: bigint): bigint {
  let power = (1n << bits) / q;
  let sum = power;
  for (let k = 3n, sign = -1n; power > 0n; k += 2n, sign = -sign) {
    power /= q * q;
    sum += (sign * power) / k;
  }
  return sum;
}

/** floor(2^bits pi) by Machin's formula, with guard bits for the rounding of the series. */
function piDigits(bits: bigint): bigint {
  const guard = 64n;
  const scaled = 4n * (4n * arctanInverse(5n, bits + guard) - arctanInverse(239n, bits + guard));
  return scaled >> guard;
}

function byFormula(method: number): ModpGroup | undefined {
  const row = ROWS.get(method);
  if (!row) return undefined;
  const n = BigInt(row.bits);
  const prime = (1n << n) - (1n << (n - 64n)) - 1n + ((piDigits(n - 130n) + row.offset) << 64n);
  return { bits: row.bits, prime, generator: 2n, exponentLength: row.exponentLength };
}

function byTable(method: number): ModpGroup | undefined {
  const row = RFC5114_GROUPS.get(method);
  if (!row) return undefined;
  return {
    bits: 4 * row.prime.length,
    prime: BigInt(`0x${row.prime}`),
    generator: BigInt(`0x${row.generator}`),
    order: BigInt(`0x${row.order}`),
    // Exponents are drawn below the order's length, never above it.
    exponentLength: row.order.length / 2,
  };
}

const made = new Map<number, ModpGroup>();

/** The group of a Key Exchange Method, or `undefined` when that is no MODP group known here. */
export function modpGroup(method: number): ModpGroup | undefined {
  const group = made.get(method) ?? byFormula(method) ?? byTable(method);
  if (group) made.set(method, group);
  return group;
}
