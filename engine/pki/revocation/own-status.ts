/** OCSP responses about our own certificate, for peers that ask for them in IKE (RFC 4806). */
import type { Certificate } from '../certificate.ts';
import { type AskOptions, askResponder } from './asks.ts';
import type { FetchBytes, RevocationCache, StatusPolicy } from './port.ts';
import { sourcesOf } from './sources.ts';

/** The peer waits for our IKE_AUTH meanwhile. */
const LIMIT_MS = 2_000;

/** A response that says `good`, from the cache or the responder; none otherwise: the peer then asks by itself. */
export async function ownResponses(
  leaf: Certificate,
  issuer: Certificate | undefined,
  { fetchBytes, cache }: AskOptions,
  policy: StatusPolicy,
): Promise<readonly Uint8Array[]> {
  if (!issuer) return [];
  let seen: Uint8Array | undefined;
  const remember = (octets: Uint8Array | undefined): Uint8Array | undefined => {
    if (octets) seen = octets;
    return octets;
  };
  const watched: AskOptions = {
    fetchBytes: (async (url, limits) =>
      remember(await fetchBytes(url, limits)) as Uint8Array) satisfies FetchBytes,
    ...(cache
      ? {
          cache: {
            get: async (key) => remember(await cache.get(key)),
            put: (key, octets) => cache.put(key, octets),
          } satisfies RevocationCache,
        }
      : {}),
  };
  for (const url of sourcesOf(leaf).ocsp) {
    const status = await askResponder(url, leaf, issuer, watched, policy, LIMIT_MS);
    if (status.kind === 'good' && seen) return [seen];
  }
  return [];
}
