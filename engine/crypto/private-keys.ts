/**
 * How octets of a random source become a private key, the same in every provider, so that a replay with the same
 * octets gives the same KE payloads:
 *
 * - MODP: one draw of the group's exponent length, as a big-endian number; drawn again while below 2.
 * - ECP: one draw of the order's length, big-endian, surplus high bits cleared; drawn again unless
 *   1 ≤ d < order (FIPS 186-5 A.2.2).
 * - MODP with a small subgroup (RFC 5114): as ECP, below the subgroup's order.
 * - Curve25519 and Curve448: one draw of 32 or 56 octets, clamped by the function itself (RFC 7748 §5).
 * - ML-KEM: one draw of 64 octets, d ‖ z (FIPS 203 §7.1).
 */
import { fromHex, wipe } from '../base/bytes.ts';
import { fromBigInt } from './mod-pow.ts';
import { modpGroup } from './modp-groups.ts';
import { CryptoError, type RandomSource } from './port.ts';

/** Orders of the curves' base points (SEC 2; RFC 5903 §3; RFC 5639 §3). */
const ECP_ORDERS: ReadonlyMap<number, Uint8Array> = new Map([
  [19, fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')],
  [
    20,
    fromHex(
      'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    ),
  ],
  [21, fromHex(`01ff${'ff'.repeat(31)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`)],
  [25, fromHex('ffffffffffffffffffffffff99def836146bc9b1b4d22831')],
  [26, fromHex('ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d')],
  [27, fromHex('d7c134aa264366862a18302575d0fb98d116bc4b6ddebca3a5a7939f')],
  [28, fromHex('a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7')],
  [
    29,
    fromHex(
      '8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565',
    ),
  ],
  [
    30,
    fromHex(
      'aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069',
    ),
  ],
]);

/** Methods that take octets as they come. */
const PLAIN_LENGTHS: ReadonlyMap<number, number> = new Map([
  [31, 32],
  [32, 56],
  [35, 64],
  [36, 64],
  [37, 64],
]);

/** A sound source fails one draw with probability below 2^-32 (P-256), or 1/2 at worst for another order. */
const MAX_DRAWS = 128;

/** Big-endian comparison by subtraction, so that its time says nothing of the key. */
function isBelow(value: Uint8Array, order: Uint8Array): boolean {
  let borrow = 0;
  for (let i = order.length - 1; i >= 0; i--) {
    borrow = (value[i] as number) - (order[i] as number) - borrow < 0 ? 1 : 0;
  }
  return borrow === 1;
}

/** Zero when all octets of the range are. */
function orOf(value: Uint8Array, from: number, to: number): number {
  let bits = 0;
  for (let i = from; i < to; i++) bits |= value[i] as number;
  return bits;
}

function drawUntil(length: number, random: RandomSource, accept: (key: Uint8Array) => boolean): Uint8Array {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const key = random(length).slice();
    if (key.length !== length)
      throw new RangeError(`the random source gave ${key.length} octets of ${length}`);
    if (accept(key)) return key;
    wipe(key);
  }
  throw new RangeError('the random source is not random');
}

/**
 * A fresh private key for a Key Exchange Method, big-endian where it is a number (little-endian for Curve25519, as
 * RFC 7748 has it). The caller wipes it.
 * @throws CryptoError `unsupported`
 */
export function drawPrivateKey(method: number, random: RandomSource): Uint8Array {
  const group = modpGroup(method);
  if (group && group.order === undefined) {
    const { exponentLength } = group;
    return drawUntil(
      exponentLength,
      random,
      (x) => orOf(x, 0, exponentLength - 1) !== 0 || (x[exponentLength - 1] as number) > 1,
    );
  }
  const order = group?.order ? fromBigInt(group.order, group.exponentLength) : ECP_ORDERS.get(method);
  if (order) {
    const top = order[0] as number;
    const mask = top === 0x01 ? 0x01 : 0xff;
    return drawUntil(order.length, random, (d) => {
      d[0] = (d[0] as number) & mask;
      return orOf(d, 0, d.length) !== 0 && isBelow(d, order);
    });
  }
  const length = PLAIN_LENGTHS.get(method);
  if (length !== undefined) return drawUntil(length, random, () => true);
  throw new CryptoError('unsupported', `key exchange method ${method}`);
}
