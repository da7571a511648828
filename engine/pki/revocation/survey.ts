/** Asks every place that a certificate names, one answer each: whether they can be reached, and what they say. */
import type { Certificate } from '../certificate.ts';
import { type AskOptions, askList, askResponder } from './asks.ts';
import type { Status, StatusPolicy } from './port.ts';
import { sourcesOf } from './sources.ts';

export interface SourceAnswer {
  /** The certificate that was asked for. */
  readonly subject: string;
  readonly kind: 'CRL' | 'OCSP';
  readonly url: string;
  readonly status: Status;
}

/** For one source, in milliseconds. */
const SOURCE_LIMIT_MS = 5_000;

/** Nothing is taken out of a cache. @param pairs certificate and issuer */
export async function surveySources(
  pairs: readonly (readonly [Certificate, Certificate])[],
  { fetchBytes }: Pick<AskOptions, 'fetchBytes'>,
  policy: StatusPolicy,
): Promise<readonly SourceAnswer[]> {
  const asks = pairs.flatMap(([certificate, issuer]) => {
    const { crl, ocsp } = sourcesOf(certificate);
    return [
      ...ocsp.map((url) => ({ kind: 'OCSP' as const, url, ask: askResponder, certificate, issuer })),
      ...crl.map((url) => ({ kind: 'CRL' as const, url, ask: askList, certificate, issuer })),
    ];
  });
  return await Promise.all(
    asks.map(async ({ kind, url, ask, certificate, issuer }) => ({
      subject: certificate.label,
      kind,
      url,
      status: await ask(url, certificate, issuer, { fetchBytes }, policy, SOURCE_LIMIT_MS),
    })),
  );
}
