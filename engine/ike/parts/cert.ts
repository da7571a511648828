/** CERT and CERTREQ payloads (RFC 7296 §3.6, §3.7); only X.509 certificates (encoding 4) are used. */
import type { CertPayload, CertreqPayload, Payload } from '../../wire/payloads/types.ts';
import { CertEncoding } from '../../wire/registry.ts';
import type { LocalAuth, RemoteAuth } from '../contract.ts';

/** Most certificates taken from a peer; a chain is rarely longer than four. */
const MOST_CERTIFICATES = 16;

/** Our chain, leaf first. */
export const certPayloads = (local: LocalAuth): CertPayload[] =>
  local.kind === 'pubkey'
    ? local.chain.map((data) => ({ kind: 'CERT', encoding: CertEncoding.X509_SIGNATURE, data }))
    : [];

export const certreqPayloads = (remote: RemoteAuth): CertreqPayload[] =>
  remote.kind !== 'psk' && remote.authorities.length > 0
    ? [
        {
          kind: 'CERTREQ',
          encoding: CertEncoding.X509_SIGNATURE,
          authorities: remote.authorities,
        },
      ]
    : [];

/** The peer's certificates in the order received. */
export const readCertificates = (payloads: readonly Payload[]): Uint8Array[] =>
  payloads
    .filter((p): p is CertPayload => p.kind === 'CERT' && p.encoding === CertEncoding.X509_SIGNATURE)
    .slice(0, MOST_CERTIFICATES)
    .map((p) => p.data);
