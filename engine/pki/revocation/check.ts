/**
 * Whether any certificate of a path is revoked: OCSP first, for it is smaller and fresher, then CRLs.
 *
 * One source that says `good` clears a certificate. When none can say, an enabled method that is `strict` ends the
 * attempt (`revocation-unknown`) and otherwise a warning is left: a captive network that answers every request with its
 * own page, or a network without a way out, then costs no more than the time limit. A certificate that names nowhere to
 * ask is unknown too, but only `strict` speaks of it. The trust anchor is the user's own word and is not asked for.
 */
import type { Certificate } from '../certificate.ts';
import { type AskOptions, askList, askResponder } from './asks.ts';
import { ocspStatus } from './ocsp.ts';
import { type RevocationModes, type Status, type StatusPolicy, unknown } from './port.ts';
import { sourcesOf } from './sources.ts';

export interface RevocationOptions extends AskOptions {
  readonly modes: RevocationModes;
  /** For all requests of one path, in milliseconds; `PATH_LIMIT_MS` when left out. */
  readonly limit?: number;
}

export type RevocationVerdict =
  | { readonly ok: true; readonly warnings: readonly string[] }
  | {
      readonly ok: false;
      readonly check: 'revoked' | 'revocation-unknown';
      /** Sentences for a person. */
      readonly detail: string;
      readonly advice: readonly string[];
    };

/** The user waits for it, and the gateway holds its half of the SA meanwhile. */
export const PATH_LIMIT_MS = 10_000;
/** One source that hangs must leave time for the next. */
const SOURCE_LIMIT_MS = 4_000;

/**
 * @param chain leaf first, trust anchor last, already validated
 * @param inBand OCSP responses that the peer sent along (RFC 4806); they count where OCSP is on, and spare the net
 */
export async function checkRevocation(
  chain: readonly Certificate[],
  options: RevocationOptions,
  policy: StatusPolicy,
  inBand: readonly Uint8Array[] = [],
): Promise<RevocationVerdict> {
  const { crl, ocsp } = options.modes;
  if (crl === 'off' && ocsp === 'off') return { ok: true, warnings: [] };
  const strict = crl === 'strict' || ocsp === 'strict';
  const until = performance.now() + (options.limit ?? PATH_LIMIT_MS);
  const pairs = chain.slice(0, -1).map((certificate, i) => [certificate, chain[i + 1]] as const);
  const found = await Promise.all(
    pairs.map(async ([certificate, issuer]) => ({
      certificate,
      status: issuer
        ? await statusOf(certificate, issuer, options, policy, until, inBand)
        : unknown('no issuer'),
    })),
  );
  for (const { certificate, status } of found)
    if (status.kind === 'revoked') return revoked(certificate, status);
  const warnings: string[] = [];
  for (const { certificate, status } of found) {
    if (status.kind !== 'unknown') continue;
    const detail = `${status.captive ? 'A captive portal seems to answer in place of the CA. ' : ''}It could not be found out whether the certificate "${certificate.label}" is revoked: ${status.why}.`;
    if (strict)
      return {
        ok: false,
        check: 'revocation-unknown',
        detail,
        advice: status.captive
          ? [LOG_IN, RELAX]
          : ['Try again: the servers of the CA, or the way to them, may be down for a while.', LOG_IN, RELAX],
      };
    if (status.why !== NOWHERE) warnings.push(detail);
  }
  return { ok: true, warnings };
}

const LOG_IN =
  'If this network wants you to log in first (hotel, train), do that in a browser and try again.';
const RELAX = 'Set remote.revocation to relaxed to connect when it cannot be found out.';
const NOWHERE = 'it names no place to ask by HTTP that the profile allows';

function revoked(
  certificate: Certificate,
  { at, reason }: Extract<Status, { kind: 'revoked' }>,
): RevocationVerdict {
  const when =
    Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? ` on ${new Date(at).toISOString().slice(0, 10)}` : '';
  const why =
    reason === undefined || reason === 'unspecified' ? 'its CA gives no reason' : `reason: ${reason}`;
  return {
    ok: false,
    check: 'revoked',
    detail: `The certificate "${certificate.label}" was revoked${when} (${why}).`,
    advice: ['Do not connect. Ask whoever runs the gateway for a new certificate on it.'],
  };
}

/** A gateway whose key was stolen would go on showing an old answer: without an end of its own it counts for an hour. */
const WITHOUT_END_MS = 3_600_000;

/** What the peer's own OCSP responses say, when they are good for something. */
function sentAlong(
  responses: readonly Uint8Array[],
  certificate: Certificate,
  issuer: Certificate,
  policy: StatusPolicy,
): Status | undefined {
  for (const response of responses) {
    const { status, keepUntil, knownAt = 0 } = ocspStatus(response, certificate, issuer, undefined, policy);
    const fresh = keepUntil !== undefined || knownAt >= policy.at - WITHOUT_END_MS;
    if (status.kind === 'revoked' || (status.kind === 'good' && fresh)) return status;
  }
  return undefined;
}

async function statusOf(
  certificate: Certificate,
  issuer: Certificate,
  options: RevocationOptions,
  policy: StatusPolicy,
  until: number,
  inBand: readonly Uint8Array[],
): Promise<Status> {
  const { modes } = options;
  const sent = modes.ocsp === 'off' ? undefined : sentAlong(inBand, certificate, issuer, policy);
  if (sent) return sent;
  const sources = sourcesOf(certificate);
  const asks = [
    ...(modes.ocsp === 'off' ? [] : sources.ocsp.map((url) => ({ url, ask: askResponder }))),
    ...(modes.crl === 'off' ? [] : sources.crl.map((url) => ({ url, ask: askList }))),
  ];
  const failures: string[] = [];
  let captive = false;
  for (const { url, ask } of asks) {
    const left = Math.min(SOURCE_LIMIT_MS, until - performance.now());
    if (left <= 0) {
      failures.push('the time for it is over');
      break;
    }
    const status = await ask(url, certificate, issuer, options, policy, left);
    if (status.kind !== 'unknown') return status;
    failures.push(`${status.why} (${url})`);
    captive ||= status.captive === true;
  }
  return unknown(failures.join('; ') || NOWHERE, captive);
}
