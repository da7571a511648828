/** Asking one source, by the net or out of the cache, what it says of one certificate. */
import { createHash, randomBytes } from 'node:crypto';
import type { Certificate } from '../certificate.ts';
import { crlStatus, MAX_CRL_OCTETS } from './crl.ts';
import { MAX_OCSP_OCTETS, NONCE_OCTETS, OCSP_REQUEST_TYPE, ocspRequest, ocspStatus } from './ocsp.ts';
import {
  type FetchBytes,
  isCaptive,
  type RevocationCache,
  type Status,
  type StatusPolicy,
  unknown,
} from './port.ts';

export interface AskOptions {
  readonly fetchBytes: FetchBytes;
  readonly cache?: RevocationCache;
}

export type Ask = (
  url: string,
  certificate: Certificate,
  issuer: Certificate,
  options: AskOptions,
  policy: StatusPolicy,
  milliseconds: number,
) => Promise<Status>;

const REDIRECTS = 3;

const silent = (what: string, cause: unknown): Status =>
  unknown(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, isCaptive(cause));

const keyOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex');

export const askList: Ask = async (url, certificate, issuer, options, policy, milliseconds) => {
  const key = keyOf('crl', url, issuer.fingerprint);
  const kept = await options.cache?.get(key);
  if (kept) {
    const status = crlStatus(kept, certificate, issuer, url, policy);
    if (status.kind !== 'unknown') return status;
  }
  try {
    const limits = { milliseconds, octets: MAX_CRL_OCTETS, redirects: REDIRECTS };
    const octets = await options.fetchBytes(url, limits);
    const status = crlStatus(octets, certificate, issuer, url, policy);
    if (status.kind !== 'unknown') await options.cache?.put(key, octets);
    return status;
  } catch (cause) {
    return silent('the CRL cannot be fetched', cause);
  }
};

export const askResponder: Ask = async (url, certificate, issuer, options, policy, milliseconds) => {
  const key = keyOf('ocsp', url, certificate.fingerprint, issuer.fingerprint);
  const kept = await options.cache?.get(key);
  if (kept) {
    const { status } = ocspStatus(kept, certificate, issuer, undefined, policy);
    if (status.kind !== 'unknown') return status;
  }
  const nonce = new Uint8Array(randomBytes(NONCE_OCTETS));
  try {
    const octets = await options.fetchBytes(url, {
      milliseconds,
      octets: MAX_OCSP_OCTETS,
      redirects: REDIRECTS,
      body: ocspRequest(certificate, issuer, nonce),
      type: OCSP_REQUEST_TYPE,
    });
    const { status, keepUntil } = ocspStatus(octets, certificate, issuer, nonce, policy);
    if (status.kind !== 'unknown' && keepUntil !== undefined) await options.cache?.put(key, octets);
    return status;
  } catch (cause) {
    return silent('the OCSP responder cannot be asked', cause);
  }
};
