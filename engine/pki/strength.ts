/** Which keys and signature algorithms still count as safe (RFC 8247 §3, NIST SP 800-131A). */
import type { Certificate, SignatureAlgorithm } from './certificate.ts';

/** Signature algorithms of certificates by OID; `true` is safe. */
const ALGORITHMS: ReadonlyMap<string, readonly [string, boolean]> = new Map([
  ['1.2.840.113549.1.1.2', ['RSA with MD2', false]],
  ['1.2.840.113549.1.1.3', ['RSA with MD4', false]],
  ['1.2.840.113549.1.1.4', ['RSA with MD5', false]],
  ['1.2.840.113549.1.1.5', ['RSA with SHA-1', false]],
  ['1.3.14.3.2.29', ['RSA with SHA-1', false]],
  ['1.2.840.113549.1.1.14', ['RSA with SHA-224', true]],
  ['1.2.840.113549.1.1.11', ['RSA with SHA-256', true]],
  ['1.2.840.113549.1.1.12', ['RSA with SHA-384', true]],
  ['1.2.840.113549.1.1.13', ['RSA with SHA-512', true]],
  ['1.2.840.10045.4.1', ['ECDSA with SHA-1', false]],
  ['1.2.840.10045.4.3.1', ['ECDSA with SHA-224', true]],
  ['1.2.840.10045.4.3.2', ['ECDSA with SHA-256', true]],
  ['1.2.840.10045.4.3.3', ['ECDSA with SHA-384', true]],
  ['1.2.840.10045.4.3.4', ['ECDSA with SHA-512', true]],
  ['1.3.101.112', ['Ed25519', true]],
  ['1.3.101.113', ['Ed448', true]],
]);

const RSASSA_PSS = '1.2.840.113549.1.1.10';
/** SHA-224, 256, 384 and 512. */
const SAFE_HASHES: ReadonlySet<string> = new Set([4, 1, 2, 3].map((n) => `2.16.840.1.101.3.4.2.${n}`));

/** The name of the algorithm that signed the certificate, when it is not safe. */
export function signatureWeakness({
  signatureAlgorithm,
}: {
  readonly signatureAlgorithm: SignatureAlgorithm;
}): string | undefined {
  const { oid, hashOid } = signatureAlgorithm;
  if (oid === RSASSA_PSS)
    // Without parameters RSASSA-PSS means SHA-1 (RFC 4055 §3.1).
    return hashOid !== undefined && SAFE_HASHES.has(hashOid) ? undefined : 'RSA-PSS with an old hash';
  const [name, safe] = ALGORITHMS.get(oid) ?? [`the unknown algorithm ${oid}`, false];
  return safe ? undefined : name;
}

/** Why the certificate's key is not good enough, or `undefined` when it is. */
export function keyWeakness({ key }: Pick<Certificate, 'key'>, allowLegacy: boolean): string | undefined {
  if (!key) return 'IKEv2 has no signature for this kind of key';
  if (allowLegacy) return undefined;
  if ((key.type === 'rsa' || key.type === 'rsa-pss') && key.bits < 2048) return 'RSA needs 2048 bits or more';
  if (key.type === 'ec' && key.bits < 256) return 'elliptic curves need 256 bits or more';
  return undefined;
}
