/**
 * What EAP methods ask of a TLS library, and what it answers: octets in, octets out. The library runs outside of the
 * session, so each step is an effect and each answer an input. It lets nothing leave that follows the server's
 * certificate before that certificate was found good.
 */
import type { Failure } from '../../base/failure.ts';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsVersions {
  readonly min: TlsVersion;
  readonly max: TlsVersion;
}

/** Keying material to export once the handshake is over, when the version is the one that came out (RFC 5705, RFC 8446 §7.5). */
export interface TlsExport {
  readonly version: TlsVersion;
  readonly label: string;
  /** Absent is not the same as empty in TLS 1.2. */
  readonly context?: Uint8Array;
  readonly length: number;
}

export type TlsStep =
  /** Begins as a client; `certificate`: proves itself with the certificate that is configured. */
  | {
      readonly kind: 'open';
      readonly versions: TlsVersions;
      readonly certificate: boolean;
      readonly exports: readonly TlsExport[];
    }
  /** Octets of the other end. */
  | { readonly kind: 'take'; readonly octets: Uint8Array }
  /** Application data for the other end. */
  | { readonly kind: 'write'; readonly data: Uint8Array };

export type TlsResult =
  | {
      readonly ok: true;
      /** To be sent; may be empty. */
      readonly octets: Uint8Array;
      /** Application data that came. */
      readonly plain: Uint8Array;
      /** In the answer with which the handshake ends on our side; the keying material is the reader's to wipe. */
      readonly established?: { readonly version: TlsVersion; readonly exported: readonly Uint8Array[] };
    }
  /** The connection is over. `octets`: an alert that says so, may be empty. */
  | { readonly ok: false; readonly octets: Uint8Array; readonly failure: Failure };
