/** CERTREQ payloads: which CAs we trust, and which of our certificates a peer will trust (RFC 7296 §3.7). */
import { concat, toHex } from '../base/bytes.ts';
import type { Certificate } from './certificate.ts';
import type { LoadedBundle } from './load.ts';
import type { PrivateKey } from './private-key.ts';

const SHA1_OCTETS = 20;
const MAX_CHAIN = 10;

/** Concatenated SHA-1 hashes of the anchors' SubjectPublicKeyInfo, each once. */
export function authorityHashes(anchors: readonly Certificate[]): Uint8Array {
  const unique = new Map(anchors.map((a) => [toHex(a.spkiSha1), a.spkiSha1]));
  return concat(...unique.values());
}

/** Splits the Certification Authority field; a rest that is no whole hash is dropped. */
export function splitAuthorityHashes(field: Uint8Array): Uint8Array[] {
  const count = Math.floor(field.length / SHA1_OCTETS);
  return Array.from({ length: count }, (_, i) => field.slice(i * SHA1_OCTETS, (i + 1) * SHA1_OCTETS));
}

/** A certificate of ours with its key and the CAs to send along. */
export interface OwnCredential {
  readonly leaf: Certificate;
  readonly key: PrivateKey;
  /** Leaf first; a self-signed CA at the end is left out, as the peer has it or does not trust it. */
  readonly chain: readonly Certificate[];
}

/** Leaf and CAs above it as far as the bundle has them. */
export function chainOf(leaf: Certificate, pool: readonly Certificate[]): Certificate[] {
  const chain = [leaf];
  let last = leaf;
  while (chain.length < MAX_CHAIN && !last.isSelfIssued) {
    const next = pool.find(
      (c) => c.subject.equals(last.issuer) && last.isSignedBy(c) && !chain.some((seen) => seen.equals(c)),
    );
    if (!next) break;
    chain.push(next);
    last = next;
  }
  return chain;
}

/**
 * The certificate to prove ourselves with: one that has its key in the bundle, and best one whose chain leads
 * to a CA of the peer's CERTREQ. The request is a hint (RFC 7296 §3.7): without a match the first is used.
 */
export function chooseLeaf(
  bundle: LoadedBundle,
  certreqHashes: readonly Uint8Array[],
): OwnCredential | undefined {
  const wanted = new Set(certreqHashes.map(toHex));
  let first: OwnCredential | undefined;
  for (const leaf of bundle.certificates) {
    const key = bundle.keys.find((k) => k.belongsTo(leaf));
    if (!key) continue;
    const full = chainOf(leaf, bundle.certificates);
    const chain = full.filter((c, i) => i === 0 || !c.isSelfIssued);
    const credential = { leaf, key, chain };
    if (full.some((c) => wanted.has(toHex(c.spkiSha1)) || matchesIssuer(c, bundle, wanted)))
      return credential;
    first ??= credential;
  }
  return first;
}

/** Whether a certificate in the bundle with a requested key issued `certificate`. */
const matchesIssuer = (
  certificate: Certificate,
  bundle: LoadedBundle,
  wanted: ReadonlySet<string>,
): boolean =>
  bundle.certificates.some(
    (c) => wanted.has(toHex(c.spkiSha1)) && c.subject.equals(certificate.issuer) && certificate.isSignedBy(c),
  );
