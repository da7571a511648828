/** Failures of the operating system, with a code that the explanations know and the call that failed. */
export type OsErrorCode =
  | 'tun-unavailable'
  | 'udp-unavailable'
  | 'permission'
  | 'route-failed'
  | 'dns-failed'
  | 'address-failed'
  | 'journal-corrupt'
  | 'firewall-failed'
  | 'not-supported'
  | 'name-not-found';

export class OsError extends Error {
  readonly code: OsErrorCode;
  /** The system call or command, and what it said. */
  readonly detail: string;

  constructor(code: OsErrorCode, message: string, detail = '') {
    super(message);
    this.name = 'OsError';
    this.code = code;
    this.detail = detail;
  }
}
