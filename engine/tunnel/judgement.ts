/** Which failures are worth another try, and how exceptions of the host become failures. Pure. */
import type { Failure, FailureCode } from '../base/failure.ts';
import type { Endpoint } from '../base/ip.ts';

/** Nobody was there: another address or port may be. */
const UNREACHED: ReadonlySet<FailureCode> = new Set([
  'NO_ANSWER',
  'NETWORK_UNREACHABLE',
  'INVALID_MAJOR_VERSION',
]);

/** The peer's or the user's decision, which repetition does not change; credentials above all are never retried by themselves. */
const FINAL: ReadonlySet<FailureCode> = new Set([
  'AUTHENTICATION_FAILED',
  'PEER_AUTHENTICATION_FAILED',
  'PEER_IDENTITY_MISMATCH',
  'PEER_CERTIFICATE',
  'LOCAL_CREDENTIALS',
  'SECRET_NEEDED',
  'CANCELLED',
  'NOT_SUPPORTED',
  'TUN_UNAVAILABLE',
  'HOST_CONFIGURATION',
  'PROFILE_INVALID',
]);

/**
 * `next-endpoint`: the same gateway may answer elsewhere. `next-gateway`: this one will not have us, before it has seen
 * any credentials or for want of an address, and another address may be another gateway. A bare notify before
 * IKE_AUTH may be forged (RFC 7296 §2.21), so it decides nothing for good.
 */
export function deserves(
  failure: Failure,
  what: 'next-endpoint' | 'next-gateway' | 'another-attempt',
): boolean {
  const forgeable = failure.phase === 'IKE_SA_INIT' && !failure.authenticated;
  if (what === 'next-endpoint') return UNREACHED.has(failure.code);
  if (what === 'next-gateway') return forgeable || failure.code === 'INTERNAL_ADDRESS_FAILURE';
  return !FINAL.has(failure.code) || (forgeable && failure.code === 'AUTHENTICATION_FAILED');
}

/** Which of the endpoints that are left are worth their turn after this failure. */
export function worthTrying(
  { remote, rest }: { readonly remote: Endpoint; readonly rest: readonly Endpoint[] },
  failure: Failure,
): readonly Endpoint[] {
  if (failure.phase === 'local') return [];
  if (deserves(failure, 'next-endpoint')) return rest;
  return deserves(failure, 'next-gateway') ? rest.filter(({ address }) => address !== remote.address) : [];
}

const OS_CODES: Readonly<Record<string, FailureCode>> = {
  'tun-unavailable': 'TUN_UNAVAILABLE',
  'udp-unavailable': 'UDP_UNAVAILABLE',
  'name-not-found': 'NAME_NOT_FOUND',
  'not-supported': 'NOT_SUPPORTED',
  permission: 'TUN_UNAVAILABLE',
};

/** A thrown error as a Failure; errors of the host keep their meaning by their `code`. */
export function asFailure(error: unknown): Failure {
  const code = error instanceof Error && 'code' in error ? OS_CODES[String(error.code)] : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: code ?? 'INTERNAL_ERROR',
    phase: code === 'NAME_NOT_FOUND' ? 'resolve' : 'local',
    authenticated: true,
    message,
  };
}
