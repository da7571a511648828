/**
 * Key exchange by noble and BigInt: MODP (RFC 3526, RFC 5114), ECP (RFC 5903, RFC 6954), Curve25519 and Curve448
 * (RFC 8031), with the checks of RFC 6989; ML-KEM beside it (`ml-kem.ts`). The BigInt exponentiation takes a time
 * that depends on the exponent: this is the reference, and the private keys it handles live for one exchange.
 */

import { x448 } from '@noble/curves/ed448.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { concat, wipe } from '../../base/bytes.ts';
import { badPublicValue, checkModpValue, checkPublicLength } from '../checks.ts';
import { fromBigInt, modPow } from '../mod-pow.ts';
import { modpGroup } from '../modp-groups.ts';
import { CryptoError, type PendingKeyExchange, type RandomSource } from '../port.ts';
import { drawPrivateKey } from '../private-keys.ts';
import { type EcpCurve, ecpCurve } from './curves.ts';
import { answerKem, beginKem, isKem } from './ml-kem.ts';

/** A Diffie-Hellman function over octet strings. */
interface Exchange {
  publicValue(privateKey: Uint8Array): Uint8Array;
  /** Throws when the peer's value is none; its length has been checked. */
  agree(privateKey: Uint8Array, peerPublic: Uint8Array): Uint8Array;
}

function modp(method: number): Exchange | undefined {
  const group = modpGroup(method);
  if (!group) return undefined;
  const { prime, generator } = group;
  const length = group.bits / 8;
  return {
    publicValue: (privateKey) => fromBigInt(modPow(generator, privateKey, prime), length),
    agree: (privateKey, peerPublic) =>
      fromBigInt(modPow(checkModpValue(method, group, peerPublic), privateKey, prime), length),
  };
}

/** RFC 5903 §7 and §9: points go as x ‖ y, the secret is x. noble refuses points off the curve. */
const ecp = (curve: EcpCurve): Exchange => ({
  publicValue: (privateKey) => curve.getPublicKey(privateKey, false).slice(1),
  agree: (privateKey, peerPublic) =>
    curve
      .getSharedSecret(privateKey, concat(Uint8Array.of(4), peerPublic), false)
      .slice(1, 1 + peerPublic.length / 2),
});

/** noble refuses an all-zero result (RFC 8031 §5). */
const MONTGOMERY: ReadonlyMap<number, Exchange> = new Map([
  [31, { publicValue: x25519.getPublicKey, agree: x25519.getSharedSecret }],
  [32, { publicValue: x448.getPublicKey, agree: x448.getSharedSecret }],
]);

function findExchange(method: number): Exchange | undefined {
  const curve = ecpCurve(method);
  return curve ? ecp(curve) : (MONTGOMERY.get(method) ?? modp(method));
}

export const nobleHasKeyExchange = (method: number): boolean =>
  isKem(method) || findExchange(method) !== undefined;

function exchangeOf(method: number): Exchange {
  const exchange = findExchange(method);
  if (!exchange) throw new CryptoError('unsupported', `key exchange method ${method}`);
  return exchange;
}

function agree(
  method: number,
  exchange: Exchange,
  privateKey: Uint8Array,
  peerPublic: Uint8Array,
): Uint8Array {
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
  if (isKem(method)) return beginKem(method, random);
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
        checkPublicLength(method, peerPublic, 'responder');
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
  if (isKem(method)) return answerKem(method, peerPublic, random);
  const exchange = exchangeOf(method);
  checkPublicLength(method, peerPublic, 'initiator');
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
