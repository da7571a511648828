/**
 * ML-KEM-512, -768 and -1024 (FIPS 203) as a key exchange: the initiator's KE data is its encapsulation key, the
 * responder's the ciphertext (draft-ietf-ipsecme-ikev2-mlkem §2.2). A ciphertext that was tampered with gives another
 * secret, not an error (FIPS 203 §6.3), so the exchange then fails at its authentication.
 */
import { ml_kem512, ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { wipe } from '../../base/bytes.ts';
import { badPublicValue, checkPublicLength } from '../checks.ts';
import { CryptoError, type PendingKeyExchange, type RandomSource } from '../port.ts';
import { drawPrivateKey } from '../private-keys.ts';

type Kem = typeof ml_kem768;

const KEMS: ReadonlyMap<number, Kem> = new Map([
  [35, ml_kem512],
  [36, ml_kem768],
  [37, ml_kem1024],
]);

/** Octets of randomness that an encapsulation takes (FIPS 203 §7.2). */
const MESSAGE_LENGTH = 32;

export const isKem = (method: number): boolean => KEMS.has(method);

function kemOf(method: number): Kem {
  const kem = KEMS.get(method);
  if (!kem) throw new CryptoError('unsupported', `key exchange method ${method}`);
  return kem;
}

/** @throws CryptoError `unsupported` */
export function beginKem(method: number, random: RandomSource): PendingKeyExchange {
  const kem = kemOf(method);
  const seed = drawPrivateKey(method, random);
  const { publicKey, secretKey } = kem.keygen(seed);
  wipe(seed);
  let over = false;
  return {
    method,
    publicValue: publicKey,
    finish(ciphertext) {
      if (over) throw new Error('the key exchange is over');
      over = true;
      try {
        checkPublicLength(method, ciphertext, 'responder');
        return kem.decapsulate(ciphertext, secretKey);
      } finally {
        wipe(secretKey);
      }
    },
    destroy() {
      over = true;
      wipe(secretKey);
    },
  };
}

/** @throws CryptoError `unsupported` or `bad-public-value` */
export function answerKem(
  method: number,
  encapsulationKey: Uint8Array,
  random: RandomSource,
): { publicValue: Uint8Array; shared: Uint8Array } {
  const kem = kemOf(method);
  checkPublicLength(method, encapsulationKey, 'initiator');
  const message = random(MESSAGE_LENGTH).slice();
  if (message.length !== MESSAGE_LENGTH)
    throw new RangeError(`the random source gave ${message.length} octets of ${MESSAGE_LENGTH}`);
  try {
    const { cipherText, sharedSecret } = kem.encapsulate(encapsulationKey, message);
    return { publicValue: cipherText, shared: sharedSecret };
  } catch (error) {
    // The length is right, so what is left to refuse is a coefficient that is not reduced (FIPS 203 §7.2).
    throw badPublicValue(method, error instanceof Error ? error.message : String(error));
  } finally {
    wipe(message);
  }
}
