/**
 * Key exchange by noble and BigInt: MODP (RFC 3526), ECP (RFC 5903), Curve25519 (RFC 8031), with the checks of
 * RFC 6989. The BigInt exponentiation takes a time that depends on the exponent: this is the reference, and the
 * private keys it handles live for one exchange.
 */
import { x25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { concat, fromHex, toHex, wipe } from '../../base/bytes.ts';
import { badPublicValue, checkPublicLength } from '../checks.ts';
import { modpGroup } from '../modp-groups.ts';
import { CryptoError, type PendingKeyExchange, type RandomSource } from '../port.ts';
import { drawPrivateKey } from '../private-keys.ts';

/** A Diffie-Hellman function over octet strings. */
interface Exchange {
  publicValue(privateKey: Uint8Array): Uint8Array;
  /** Throws when the peer's value is none; its length has been checked. */
  agree(privateKey: Uint8Array, peerPublic: Uint8Array): Uint8Array;
}

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes) || '0'}`);
const fromBigInt = (value: bigint, length: number): Uint8Array =>
  fromHex(value.toString(16).padStart(2 * length, '0'));

/** base^exponent mod modulus, by windows of four bits from the top. */
export function modPow(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  const table: bigint[] = [1n];
  for (let i = 1; i < 16; i++) table.push(((table[i - 1] as bigint) * base) % modulus);
  let result = 1n;
  for (const octet of exponent) {
    for (const digit of [octet >> 4, octet & 15]) {
      for (let i = 0; i < 4; i++) result = (result * result) % modulus;
      result = (result * (table[digit] as bigint)) % modulus;
    }
  }
  return result;
}

function modp(method: number): Exchange | undefined {
  const group = modpGroup(method);
  if (!group) return undefined;
  const { prime } = group;
  const length = group.bits / 8;
  return {
    publicValue: (privateKey) => fromBigInt(modPow(2n, privateKey, prime), length),
    agree(privateKey, peerPublic) {
      const y = toBigInt(peerPublic);
      if (y <= 1n || y >= prime - 1n) throw badPublicValue(method, 'not in 2..p-2');
      return fromBigInt(modPow(y, privateKey, prime), length);
    },
  };
}

/** RFC 5903 §7 and §9: points go as x ‖ y, the secret is x. noble refuses points off the curve. */
const ecp = (curve: typeof p256): Exchange => ({
  publicValue: (privateKey) => curve.getPublicKey(privateKey, false).slice(1),
  agree: (privateKey, peerPublic) =>
    curve
      .getSharedSecret(privateKey, concat(Uint8Array.of(4), peerPublic), false)
      .slice(1, 1 + peerPublic.length / 2),
});

const CURVES: ReadonlyMap<number, Exchange> = new Map([
  [19, ecp(p256)],
  [20, ecp(p384)],
  [21, ecp(p521)],
  // noble refuses an all-zero result (RFC 8031 §5).
  [31, { publicValue: x25519.getPublicKey, agree: x25519.getSharedSecret }],
]);

export const nobleHasKeyExchange = (method: number): boolean =>
  modpGroup(method) !== undefined || CURVES.has(method);

function exchangeOf(method: number): Exchange {
  const exchange = modp(method) ?? CURVES.get(method);
  if (!exchange) throw new CryptoError('unsupported', `key exchange method ${method}`);
  return exchange;
}

function agree(
  method: number,
  exchange: Exchange,
  privateKey: Uint8Array,
  peerPublic: Uint8Array,
): Uint8Array {
  checkPublicLength(method, peerPublic);
  try {
    return exchange.agree(privateKey, peerPublic);
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    // The lengths are right and our key is sound, so only the peer's value can be at fault.
    throw badPublicValue(method, error instanceof Error ? error.message : String(error));
  }
}

/** @throws CryptoError `unsupported` */
export function beginNobleKeyExchange(method: number, random: RandomSource): PendingKeyExchange {
  const exchange = exchangeOf(method);
  const privateKey = drawPrivateKey(method, random);
  let over = false;
  return {
    method,
    publicValue: exchange.publicValue(privateKey),
    finish(peerPublic) {
      if (over) throw new Error('the key exchange is over');
      over = true;
      try {
        return agree(method, exchange, privateKey, peerPublic);
      } finally {
        wipe(privateKey);
      }
    },
    destroy() {
      over = true;
      wipe(privateKey);
    },
  };
}

/** @throws CryptoError `unsupported` or `bad-public-value` */
export function answerNobleKeyExchange(
  method: number,
  peerPublic: Uint8Array,
  random: RandomSource,
): { publicValue: Uint8Array; shared: Uint8Array } {
  const exchange = exchangeOf(method);
  checkPublicLength(method, peerPublic);
  const privateKey = drawPrivateKey(method, random);
  try {
    return {
      publicValue: exchange.publicValue(privateKey),
      shared: agree(method, exchange, privateKey, peerPublic),
    };
  } finally {
    wipe(privateKey);
  }
}
