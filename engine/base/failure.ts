/** Why something did not work, as a code that explanations, exit codes and tests rely on. */

/** Each code with the process exit code of the CLI; codes are never renumbered. */
export const FAILURES = {
  INTERNAL_ERROR: 1,
  USAGE: 2,
  ENGINE_NOT_RUNNING: 3,
  NOT_PERMITTED: 4,
  PROFILE_INVALID: 5,
  NOT_FOUND: 6,
  CANCELLED: 7,
  NAME_NOT_FOUND: 10,
  NO_ANSWER: 11,
  PEER_GONE: 12,
  NETWORK_UNREACHABLE: 13,
  REDIRECTED: 14,
  REDIRECT_REFUSED: 15,
  NO_PROPOSAL_CHOSEN: 20,
  INVALID_KE_PAYLOAD: 21,
  AUTHENTICATION_FAILED: 22,
  PEER_AUTHENTICATION_FAILED: 23,
  PEER_IDENTITY_MISMATCH: 24,
  PEER_CERTIFICATE: 25,
  LOCAL_CREDENTIALS: 26,
  TS_UNACCEPTABLE: 27,
  INTERNAL_ADDRESS_FAILURE: 28,
  FAILED_CP_REQUIRED: 29,
  NO_ADDITIONAL_SAS: 30,
  SINGLE_PAIR_REQUIRED: 31,
  CHILD_SA_NOT_FOUND: 32,
  TEMPORARY_FAILURE: 33,
  INVALID_SYNTAX: 34,
  UNSUPPORTED_CRITICAL_PAYLOAD: 35,
  INVALID_MAJOR_VERSION: 36,
  PROTOCOL_ERROR: 37,
  PEER_ERROR: 38,
  PEER_DELETED: 40,
  LIFETIME_EXPIRED: 41,
  TUN_UNAVAILABLE: 50,
  UDP_UNAVAILABLE: 51,
  HOST_CONFIGURATION: 52,
  NOT_SUPPORTED: 53,
  DATA_PATH_FAILED: 54,
  PPK_REQUIRED: 60,
  SECRET_NEEDED: 61,
  SECRETS_UNAVAILABLE: 62,
  SELECTORS_OVERLAP: 63,
  /** Of `culvert doctor`: the report has a check that failed. */
  CHECKS_FAILED: 70,
} as const;

export type FailureCode = keyof typeof FAILURES;

/** How far the connection had come. */
export type Phase =
  | 'local'
  | 'resolve'
  | 'IKE_SA_INIT'
  | 'IKE_AUTH'
  | 'CREATE_CHILD_SA'
  | 'established'
  | 'host';

export interface Failure {
  readonly code: FailureCode;
  readonly phase: Phase;
  /** One sentence for a person: what happened, with the names, numbers and dates that matter. */
  readonly message: string;
  /** Whether the peer's word on it was cryptographically authenticated; a bare notify may be forged (RFC 7296 §2.21). */
  readonly authenticated: boolean;
  /** The check that failed, for certificates: `expired`, `unknown-ca`, `identity`, …; `account` when no other password helps. */
  readonly check?: string;
  /** What to try, most likely first. */
  readonly advice?: readonly string[];
}
