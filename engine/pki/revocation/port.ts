/** What revocation checks need of the world and how they are asked for; `engine/os/http.ts` and its cache fill it. */

/** `relaxed`: what cannot be found out is a warning. `strict`: it ends the connection attempt. */
export type RevocationMode = 'off' | 'relaxed' | 'strict';

export interface RevocationModes {
  readonly crl: RevocationMode;
  readonly ocsp: RevocationMode;
}

export interface FetchLimits {
  /** For the whole exchange, redirects included. */
  readonly milliseconds: number;
  readonly octets: number;
  readonly redirects: number;
  /** POSTed when present, else GET. */
  readonly body?: Uint8Array;
  /** Content type of `body`. */
  readonly type?: string;
}

/**
 * The body of a successful answer. Rejects with an Error whose message is a phrase such as `no answer within 5 s`, and
 * whose `code` is `captive-portal` when the network answers in place of the server.
 */
export type FetchBytes = (url: string, limits: FetchLimits) => Promise<Uint8Array>;

export const isCaptive = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === 'captive-portal';

/** Signed data that was fetched before. What comes out is checked as if it came from the net. */
export interface RevocationCache {
  get(key: string): Promise<Uint8Array | undefined>;
  put(key: string, octets: Uint8Array): Promise<void>;
}

/** What one source says of one certificate. */
export type Status =
  | { readonly kind: 'good' }
  | {
      readonly kind: 'revoked';
      /** Milliseconds since 1970. */
      readonly at: number;
      /** As in RFC 5280 §5.3.1: `keyCompromise`, `superseded`, …; absent when the CA gives none. */
      readonly reason: string | undefined;
    }
  /** A phrase that goes on after "…: ". */
  | {
      readonly kind: 'unknown';
      readonly why: string;
      /** A network that wants somebody to log in first stood in the way. */
      readonly captive?: boolean;
    };

export const unknown = (why: string, captive = false): Status =>
  captive ? { kind: 'unknown', why, captive } : { kind: 'unknown', why };

/** Clocks of CAs and users differ by this much and are still right, in milliseconds. */
export const CLOCK_SKEW: number = 5 * 60_000;

/** The moment that an answer is judged at, and how. */
export interface StatusPolicy {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Takes signatures with SHA-1. */
  readonly allowLegacy: boolean;
}

const day = (at: number): string =>
  Number.isFinite(at) && Math.abs(at) <= 8.64e15
    ? new Date(at).toISOString().slice(0, 16).replace('T', ' ')
    : 'unknown';

/** Why an answer with these dates does not count now, or `undefined` when it does. */
export function staleness(
  what: string,
  thisUpdate: number,
  nextUpdate: number | undefined,
  at: number,
): string | undefined {
  if (!(thisUpdate <= at + CLOCK_SKEW))
    return `${what} is dated ${day(thisUpdate)} UTC, which is yet to come`;
  if (nextUpdate !== undefined && !(nextUpdate >= at - CLOCK_SKEW))
    return `${what} was to be replaced on ${day(nextUpdate)} UTC`;
  return undefined;
}
