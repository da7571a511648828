/** CERT and CERTREQ payloads (RFC 7296 §3.6, §3.7): X.509 certificates (encoding 4) and OCSP responses (14, RFC 4806). */
import type { CertPayload, CertreqPayload, Payload } from '../../wire/payloads/types.ts';
import { CertEncoding } from '../../wire/registry.ts';
import type { LocalAuth, RemoteAuth } from '../contract.ts';

/** Most certificates taken from a peer; a chain is rarely longer than four. */
const MOST_CERTIFICATES = 16;

/** OCSP responses taken from a peer, and the octets of each. */
const MOST_RESPONSES = 4;
const LONGEST_RESPONSE = 16_384;

/** Our chain, leaf first, and what the world has to say of it. */
export const certPayloads = (local: LocalAuth, ocsp: readonly Uint8Array[] = []): CertPayload[] =>
  local.kind === 'pubkey'
    ? [
        ...local.chain.map((data) => ({
          kind: 'CERT' as const,
          encoding: CertEncoding.X509_SIGNATURE,
          data,
        })),
        ...ocsp.map((data) => ({ kind: 'CERT' as const, encoding: CertEncoding.OCSP, data })),
      ]
    : [];

export const certreqPayloads = (remote: RemoteAuth): CertreqPayload[] =>
  remote.kind !== 'psk' && remote.authorities.length > 0
    ? [
        {
          kind: 'CERTREQ',
          encoding: CertEncoding.X509_SIGNATURE,
          authorities: remote.authorities,
        },
        // Without hashes: any responder that the CA of the certificate authorized (RFC 4806 §3.1).
        ...(remote.askOcsp
          ? [{ kind: 'CERTREQ' as const, encoding: CertEncoding.OCSP, authorities: new Uint8Array() }]
          : []),
      ]
    : [];

export const wantsOcsp = (payloads: readonly Payload[]): boolean =>
  payloads.some((p) => p.kind === 'CERTREQ' && p.encoding === CertEncoding.OCSP);

/** OCSP responses that came with the peer's certificates. */
export const readOcsp = (payloads: readonly Payload[]): Uint8Array[] =>
  payloads
    .filter((p): p is CertPayload => p.kind === 'CERT' && p.encoding === CertEncoding.OCSP)
    .slice(0, MOST_RESPONSES)
    .map((p) => p.data)
    .filter((data) => data.length > 0 && data.length <= LONGEST_RESPONSE);

/** The peer's certificates in the order received. */
export const readCertificates = (payloads: readonly Payload[]): Uint8Array[] =>
  payloads
    .filter((p): p is CertPayload => p.kind === 'CERT' && p.encoding === CertEncoding.X509_SIGNATURE)
    .slice(0, MOST_CERTIFICATES)
    .map((p) => p.data);

/** Encodings that stand for an address to fetch from (§3.6). */
const LINKS: readonly number[] = [CertEncoding.HASH_AND_URL_CERT, CertEncoding.HASH_AND_URL_BUNDLE];

/** That a peer's certificate came as a link alone: it is not followed, for a stranger must not send us anywhere. */
export function linkedCertificate(payloads: readonly Payload[]): string | undefined {
  if (readCertificates(payloads).length > 0) return undefined;
  const link = payloads.find((p) => p.kind === 'CERT' && LINKS.includes(p.encoding));
  return link?.kind === 'CERT'
    ? `the peer sent its certificate as a hash and a URL (encoding ${link.encoding}), which are not followed: it must send the certificate itself`
    : undefined;
}
