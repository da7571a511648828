/** Which failures are worth another try, and how exceptions of the host become failures. Pure. */
import type { Failure, FailureCode } from '../base/failure.ts';

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

export function deserves(failure: Failure, what: 'next-endpoint' | 'another-attempt'): boolean {
  return what === 'next-endpoint' ? UNREACHED.has(failure.code) : !FINAL.has(failure.code);
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
