/**
 * How octets of a random source become a private key, the same in every provider, so that a replay with the same
 * octets gives the same KE payloads:
 *
 * - MODP: one draw of the group's exponent length, as a big-endian number; drawn again while below 2.
 * - ECP: one draw of the order's length, big-endian, surplus high bits cleared; drawn again unless
 *   1 ≤ d < order (FIPS 186-5 A.2.2).
 * - Curve25519: one draw of 32 octets, clamped by the function itself (RFC 7748 §5).
 */
import { fromHex, wipe } from '../base/bytes.ts';
import { modpGroup } from './modp-groups.ts';
import { CryptoError, type RandomSource } from './port.ts';

/** Orders of the curves' base points (SEC 2; RFC 5903 §3). */
const ECP_ORDERS: ReadonlyMap<number, Uint8Array> = new Map([
  [19, fromHex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')],
  [
    20,
    fromHex(
      'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    ),
  ],
  [21, fromHex(`01ff${'ff'.repeat(31)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`)],
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
  if (group) {
    const { exponentLength } = group;
    return drawUntil(
      exponentLength,
      random,
      (x) => orOf(x, 0, exponentLength - 1) !== 0 || (x[exponentLength - 1] as number) > 1,
    );
  }
  const order = ECP_ORDERS.get(method);
  if (order) {
    const top = order[0] as number;
    const mask = top === 0x01 ? 0x01 : 0xff;
    return drawUntil(order.length, random, (d) => {
      d[0] = (d[0] as number) & mask;
      return orOf(d, 0, d.length) !== 0 && isBelow(d, order);
    });
  }
  if (method === 31) return drawUntil(32, random, () => true);
  throw new CryptoError('unsupported', `key exchange method ${method}`);
}
