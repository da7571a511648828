/** Signatures over AUTH octets (RFC 7296 §2.15, RFC 4754, RFC 7427, RFC 8420) with node:crypto. */
import { constants, type KeyObject, sign as nodeSign, verify as nodeVerify } from 'node:crypto';
import type { Certificate } from './certificate.ts';
import { PkiError } from './error.ts';
import { describeKey, type KeyInfo } from './key-type.ts';
import type { PrivateKey } from './private-key.ts';
import { HASH, hashInfo, type SignatureScheme } from './scheme.ts';

/** Form of an ECDSA signature: r‖s in methods 9 to 11 (RFC 4754 §7), DER in method 14 (RFC 7427 §3). */
export type EcdsaEncoding = 'raw' | 'der';

interface NodeScheme {
  readonly digest: string | null;
  readonly options: { padding?: number; saltLength?: number; dsaEncoding?: 'der' | 'ieee-p1363' };
}

/** How node:crypto calls the scheme with this key, or `undefined` when the two do not fit. */
function nodeScheme(key: KeyInfo, scheme: SignatureScheme, encoding: EcdsaEncoding): NodeScheme | undefined {
  if (scheme.kind === 'ed25519' || scheme.kind === 'ed448') {
    const identity = scheme.hash === undefined || scheme.hash === HASH.IDENTITY;
    return key.type === scheme.kind && identity ? { digest: null, options: {} } : undefined;
  }
  const hash = hashInfo(scheme.hash);
  if (!hash) return undefined;
  switch (scheme.kind) {
    case 'rsa-pkcs1':
      return key.type === 'rsa'
        ? { digest: hash.name, options: { padding: constants.RSA_PKCS1_PADDING } }
        : undefined;
    case 'rsa-pss':
      return key.type === 'rsa' || key.type === 'rsa-pss'
        ? {
            digest: hash.name,
            options: {
              padding: constants.RSA_PKCS1_PSS_PADDING,
              saltLength: scheme.saltLength ?? hash.length,
            },
          }
        : undefined;
    case 'ecdsa':
      return key.type === 'ec'
        ? { digest: hash.name, options: { dsaEncoding: encoding === 'raw' ? 'ieee-p1363' : 'der' } }
        : undefined;
  }
}

/** @throws PkiError `unsupported-scheme` when key and scheme do not fit */
export function sign(
  key: PrivateKey,
  scheme: SignatureScheme,
  octets: Uint8Array,
  encoding: EcdsaEncoding = 'der',
): Uint8Array {
  const how = nodeScheme(key.info, scheme, encoding);
  const refuse = (): never => {
    throw new PkiError(
      'unsupported-scheme',
      `a key of the kind ${describeKey(key.info)} cannot make the signature ${describeScheme(scheme)}`,
    );
  };
  if (!how) return refuse();
  try {
    return new Uint8Array(nodeSign(how.digest, octets, { key: key.expose(), ...how.options }));
  } catch {
    return refuse();
  }
}

/** False for a wrong signature as well as for a scheme that does not fit the key. Never throws. */
export const verifySignature = (
  certificate: Certificate,
  scheme: SignatureScheme,
  octets: Uint8Array,
  signature: Uint8Array,
  encoding: EcdsaEncoding = 'der',
): boolean =>
  certificate.key !== undefined &&
  verifyWithKey(certificate.publicKey, certificate.key, scheme, octets, signature, encoding);

/** The same with a bare public key. */
export function verifyWithKey(
  key: KeyObject,
  info: KeyInfo,
  scheme: SignatureScheme,
  octets: Uint8Array,
  signature: Uint8Array,
  encoding: EcdsaEncoding = 'der',
): boolean {
  const how = nodeScheme(info, scheme, encoding);
  if (!how) return false;
  try {
    return nodeVerify(how.digest, octets, { key, ...how.options }, signature);
  } catch {
    return false;
  }
}

/** `RSA-PSS with SHA-256`, for logs and reasons. */
export function describeScheme(scheme: SignatureScheme): string {
  const kinds = {
    'rsa-pkcs1': 'RSA PKCS#1 v1.5',
    'rsa-pss': 'RSA-PSS',
    ecdsa: 'ECDSA',
    ed25519: 'Ed25519',
    ed448: 'Ed448',
  };
  const hash = hashInfo(scheme.hash)?.name.replace('sha', 'SHA-');
  return hash ? `${kinds[scheme.kind]} with ${hash}` : kinds[scheme.kind];
}

/** Hashes in the order that fits the key's strength (NIST SP 800-57 part 1, table 2). */
function hashOrder({ bits, type }: KeyInfo): readonly number[] {
  const order = [HASH.SHA2_256, HASH.SHA2_384, HASH.SHA2_512] as const;
  const least =
    type === 'ec' ? (bits <= 256 ? 0 : bits <= 384 ? 1 : 2) : bits <= 3072 ? 0 : bits <= 7680 ? 1 : 2;
  return [...order.slice(least), ...order.slice(0, least).reverse()];
}

/**
 * Which schemes our AUTH may use, best first; empty when none will do.
 * @param offeredHashes the peer's SIGNATURE_HASH_ALGORITHMS; `undefined` when it sent none: then only the
 *   methods of RFC 7296 and RFC 4754 remain. SHA-1 is never used in method 14 (RFC 8247 §3.2).
 */
export function schemesFor(
  key: KeyInfo,
  offeredHashes: readonly number[] | undefined,
  preferPss: boolean,
): SignatureScheme[] {
  const hashes = offeredHashes ? hashOrder(key).filter((hash) => offeredHashes.includes(hash)) : [];
  const schemes = ((): SignatureScheme[] => {
    switch (key.type) {
      case 'rsa': {
        const pss = hashes.map((hash): SignatureScheme => pssScheme(hash));
        const pkcs1 = hashes.map((hash): SignatureScheme => ({ kind: 'rsa-pkcs1', hash }));
        return preferPss ? [...pss, ...pkcs1] : [...pkcs1, ...pss];
      }
      case 'rsa-pss':
        return hashes.map(pssScheme);
      case 'ec':
        return hashes.map((hash): SignatureScheme => ({ kind: 'ecdsa', hash }));
      case 'ed25519':
      case 'ed448':
        return offeredHashes?.includes(HASH.IDENTITY) ? [{ kind: key.type, hash: HASH.IDENTITY }] : [];
    }
  })();
  return schemes.length > 0 ? schemes : classicSchemes(key);
}

const pssScheme = (hash: number): SignatureScheme => ({
  kind: 'rsa-pss',
  hash,
  saltLength: hashInfo(hash)?.length ?? 0,
});

/** Method 1 with SHA-1 (RFC 7296 §3.8), methods 9 to 11 by curve (RFC 4754 §3). */
function classicSchemes(key: KeyInfo): SignatureScheme[] {
  if (key.type === 'rsa') return [{ kind: 'rsa-pkcs1', hash: HASH.SHA1 }];
  const hash = classicEcdsaHash(key);
  return hash === undefined ? [] : [{ kind: 'ecdsa', hash }];
}

/** The hash that RFC 4754 ties to a curve; only the three NIST curves have a method. */
export function classicEcdsaHash(key: KeyInfo): number | undefined {
  if (key.type !== 'ec') return undefined;
  switch (key.curve) {
    case 'prime256v1':
      return HASH.SHA2_256;
    case 'secp384r1':
      return HASH.SHA2_384;
    case 'secp521r1':
      return HASH.SHA2_512;
    default:
      return undefined;
  }
}
