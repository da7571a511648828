/**
 * Key exchange by node:crypto: MODP (RFC 3526, RFC 5114), ECP (RFC 5903, RFC 6954), Curve25519 and Curve448
 * (RFC 8031), with the checks of RFC 6989; ML-KEM is noble's, as OpenSSL has it from 3.5 only. Private keys come from the random source alone (`crypto/private-keys.ts`).
 */
import {
  createDiffieHellman,
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import { concat, fromHex, wipe } from '../../base/bytes.ts';
import { badPublicValue, checkModpValue, checkPublicLength } from '../../crypto/checks.ts';
import { fromBigInt } from '../../crypto/mod-pow.ts';
import { modpGroup } from '../../crypto/modp-groups.ts';
import { answerKem, beginKem, isKem } from '../../crypto/noble/ml-kem.ts';
import { CryptoError, type PendingKeyExchange, type RandomSource } from '../../crypto/port.ts';
import { drawPrivateKey } from '../../crypto/private-keys.ts';
import { modpKey } from './node-modp-key.ts';

/** One party's half: the public value, and what the private key makes of the peer's. */
interface Half {
  readonly publicValue: Uint8Array;
  /** May throw whatever OpenSSL throws at a bad value. */
  agree(peerPublic: Uint8Array): Uint8Array;
}

const CURVES: ReadonlyMap<number, string> = new Map([
  [19, 'prime256v1'],
  [20, 'secp384r1'],
  [21, 'secp521r1'],
  [25, 'prime192v1'],
  [26, 'secp224r1'],
  [27, 'brainpoolP224r1'],
  [28, 'brainpoolP256r1'],
  [29, 'brainpoolP384r1'],
  [30, 'brainpoolP512r1'],
]);

/** RFC 8410 §7 and §4: everything before the octets of the key. */
const MONTGOMERY: ReadonlyMap<number, { readonly pkcs8: Uint8Array; readonly spki: Uint8Array }> = new Map([
  [31, { pkcs8: fromHex('302e020100300506032b656e04220420'), spki: fromHex('302a300506032b656e032100') }],
  [32, { pkcs8: fromHex('3046020100300506032b656f043a0438'), spki: fromHex('3042300506032b656f033900') }],
]);

export const nodeHasKeyExchange = (method: number): boolean =>
  isKem(method) || modpGroup(method) !== undefined || CURVES.has(method) || MONTGOMERY.has(method);

/** See `node-modp-key.ts`; on Node 20 the older way is the faster one. */
const CREATE_IS_SLOW: boolean = Number.parseInt(process.versions.node, 10) >= 22;

function modpHalf(method: number, privateKey: Uint8Array): Half | undefined {
  const group = modpGroup(method);
  if (!group) return undefined;
  const { prime, generator, bits } = group;
  const length = bits / 8;
  if (CREATE_IS_SLOW) {
    const key = modpKey(fromBigInt(prime, length), fromBigInt(generator, length), privateKey);
    return {
      publicValue: leftPad(key.publicValue, length),
      agree(peerPublic) {
        checkModpValue(method, group, peerPublic);
        return leftPad(key.agree(peerPublic), length);
      },
    };
  }
  const dh = createDiffieHellman(fromBigInt(prime, length), fromBigInt(generator, length));
  dh.setPrivateKey(privateKey);
  return {
    publicValue: leftPad(dh.generateKeys(), length),
    agree(peerPublic) {
      checkModpValue(method, group, peerPublic);
      return leftPad(dh.computeSecret(peerPublic), length);
    },
  };
}

function leftPad(value: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(value, length - value.length);
  return out;
}

function ecpHalf(method: number, privateKey: Uint8Array): Half | undefined {
  const curve = CURVES.get(method);
  if (curve === undefined) return undefined;
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(privateKey);
  return {
    publicValue: new Uint8Array(ecdh.getPublicKey().subarray(1)),
    // OpenSSL itself refuses a point that is not on the curve.
    agree: (peerPublic) => new Uint8Array(ecdh.computeSecret(concat(Uint8Array.of(4), peerPublic))),
  };
}

function montgomeryHalf(method: number, privateKey: Uint8Array): Half | undefined {
  const prefix = MONTGOMERY.get(method);
  if (!prefix) return undefined;
  const pkcs8 = concat(prefix.pkcs8, privateKey);
  const key: KeyObject = createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' });
  wipe(pkcs8);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicValue: new Uint8Array(spki.subarray(prefix.spki.length)),
    agree(peerPublic) {
      const peer = createPublicKey({
        key: Buffer.from(concat(prefix.spki, peerPublic)),
        format: 'der',
        type: 'spki',
      });
      // OpenSSL refuses an all-zero result (RFC 8031 §5), as RFC 7748 §6.1 advises.
      return new Uint8Array(diffieHellman({ privateKey: key, publicKey: peer }));
    },
  };
}

function makeHalf(method: number, random: RandomSource): Half {
  const privateKey = drawPrivateKey(method, random);
  try {
    const half =
      modpHalf(method, privateKey) ?? ecpHalf(method, privateKey) ?? montgomeryHalf(method, privateKey);
    if (!half) throw new CryptoError('unsupported', `key exchange method ${method}`);
    return half;
  } finally {
    wipe(privateKey);
  }
}

function agree(method: number, half: Half, peerPublic: Uint8Array): Uint8Array {
  try {
    return half.agree(peerPublic);
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    // The lengths are right and our key is sound, so only the peer's value can be at fault.
    throw badPublicValue(method, error instanceof Error ? error.message : String(error));
  }
}

/** @throws CryptoError `unsupported` */
export function beginNodeKeyExchange(method: number, random: RandomSource): PendingKeyExchange {
  if (isKem(method)) return beginKem(method, random);
  const made = makeHalf(method, random);
  let half: Half | undefined = made;
  return {
    method,
    publicValue: made.publicValue,
    finish(peerPublic) {
      if (!half) throw new Error('the key exchange is over');
      const mine = half;
      half = undefined;
      checkPublicLength(method, peerPublic, 'responder');
      return agree(method, mine, peerPublic);
    },
    destroy() {
      half = undefined;
    },
  };
}

/** @throws CryptoError `unsupported` or `bad-public-value` */
export function answerNodeKeyExchange(
  method: number,
  peerPublic: Uint8Array,
  random: RandomSource,
): { publicValue: Uint8Array; shared: Uint8Array } {
  if (isKem(method)) return answerKem(method, peerPublic, random);
  if (nodeHasKeyExchange(method)) checkPublicLength(method, peerPublic, 'initiator');
  const half = makeHalf(method, random);
  return { publicValue: half.publicValue, shared: agree(method, half, peerPublic) };
}
