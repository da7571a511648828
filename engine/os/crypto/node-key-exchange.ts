/**
 * Key exchange by node:crypto: MODP (RFC 3526), ECP (RFC 5903), Curve25519 (RFC 8031), with the checks of
 * RFC 6989. Private keys come from the random source alone (`crypto/private-keys.ts`).
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
import { badPublicValue, checkPublicLength } from '../../crypto/checks.ts';
import { modpGroup } from '../../crypto/modp-groups.ts';
import { CryptoError, type PendingKeyExchange, type RandomSource } from '../../crypto/port.ts';
import { drawPrivateKey } from '../../crypto/private-keys.ts';
import { publicValueLength } from '../../crypto/suites.ts';

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
]);

/** RFC 8410 §7 and §4: everything before the 32 octets of the key. */
const X25519_PKCS8 = fromHex('302e020100300506032b656e04220420');
const X25519_SPKI = fromHex('302a300506032b656e032100');

export const nodeHasKeyExchange = (method: number): boolean =>
  publicValueLength(method) !== undefined &&
  (modpGroup(method) !== undefined || CURVES.has(method) || method === 31);

function modpHalf(method: number, privateKey: Uint8Array): Half | undefined {
  const group = modpGroup(method);
  if (!group) return undefined;
  const { prime, bits } = group;
  const dh = createDiffieHellman(Buffer.from(prime.toString(16), 'hex'), 2);
  dh.setPrivateKey(privateKey);
  return {
    publicValue: leftPad(dh.generateKeys(), bits / 8),
    agree(peerPublic) {
      const y = BigInt(`0x${Buffer.from(peerPublic).toString('hex')}`);
      if (y <= 1n || y >= prime - 1n) throw badPublicValue(method, 'not in 2..p-2');
      return leftPad(dh.computeSecret(peerPublic), bits / 8);
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

function x25519Half(privateKey: Uint8Array): Half {
  const pkcs8 = concat(X25519_PKCS8, privateKey);
  const key: KeyObject = createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' });
  wipe(pkcs8);
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicValue: new Uint8Array(spki.subarray(X25519_SPKI.length)),
    agree(peerPublic) {
      const peer = createPublicKey({
        key: Buffer.from(concat(X25519_SPKI, peerPublic)),
        format: 'der',
        type: 'spki',
      });
      // OpenSSL refuses an all-zero result (RFC 8031 §5), as RFC 7748 §6.1 advises.
      return new Uint8Array(diffieHellman({ privateKey: key, publicKey: peer }));
    },
  };
}

function makeHalf(method: number, random: RandomSource): Half {
  if (!nodeHasKeyExchange(method)) throw new CryptoError('unsupported', `key exchange method ${method}`);
  const privateKey = drawPrivateKey(method, random);
  try {
    return modpHalf(method, privateKey) ?? ecpHalf(method, privateKey) ?? x25519Half(privateKey);
  } finally {
    wipe(privateKey);
  }
}

function agree(method: number, half: Half, peerPublic: Uint8Array): Uint8Array {
  checkPublicLength(method, peerPublic);
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
  const made = makeHalf(method, random);
  let half: Half | undefined = made;
  return {
    method,
    publicValue: made.publicValue,
    finish(peerPublic) {
      if (!half) throw new Error('the key exchange is over');
      const mine = half;
      half = undefined;
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
  if (nodeHasKeyExchange(method)) checkPublicLength(method, peerPublic);
  const half = makeHalf(method, random);
  return { publicValue: half.publicValue, shared: agree(method, half, peerPublic) };
}
