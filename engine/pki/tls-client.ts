/**
 * A TLS client without a network, for EAP (RFC 5216, RFC 5281): node:tls over a pair of buffers, driven step by step.
 * What the handshake wants to send is held back until the server's certificate was found good, so that neither our own
 * certificate nor anything in the tunnel reaches a stranger; the check is the caller's, not OpenSSL's. Sessions are
 * never resumed. The shapes of steps and results equal those of `engine/ike/eap/tls-steps.ts`.
 */
import { constants } from 'node:crypto';
import { Duplex } from 'node:stream';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { concat } from '../base/bytes.ts';
import type { Failure, FailureCode } from '../base/failure.ts';
import type { Certificate } from './certificate.ts';
import type { PrivateKey } from './private-key.ts';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsOpenStep {
  readonly kind: 'open';
  readonly versions: { readonly min: TlsVersion; readonly max: TlsVersion };
  readonly certificate: boolean;
  readonly exports: readonly {
    readonly version: TlsVersion;
    readonly label: string;
    readonly context?: Uint8Array;
    readonly length: number;
  }[];
}

export type TlsStep =
  | TlsOpenStep
  | { readonly kind: 'take'; readonly octets: Uint8Array }
  | { readonly kind: 'write'; readonly data: Uint8Array };

export type TlsResult =
  | {
      readonly ok: true;
      readonly octets: Uint8Array;
      readonly plain: Uint8Array;
      readonly established?: { readonly version: TlsVersion; readonly exported: readonly Uint8Array[] };
    }
  | { readonly ok: false; readonly octets: Uint8Array; readonly failure: Failure };

export interface TlsClientOptions {
  /** To prove ourselves with, where a method does; the chain leaf first. */
  readonly own?: { readonly key: PrivateKey; readonly chain: readonly Certificate[] } | undefined;
  /** Judges the server by its certificates, leaf first; the failure when it is not the right one. */
  readonly verify: (certificates: readonly Uint8Array[]) => Promise<Failure | undefined>;
}

/** Turns of the event loop without anything new after which node:tls has done all that it will. */
const QUIET_TURNS = 3;
/** Certificates that are taken from a server. */
const MOST_CERTIFICATES = 16;
const NOTHING: Uint8Array = new Uint8Array(0);

/**
 * Some EAP servers, strongSwan's among them, know no renegotiation at all, and so do not say that theirs is secure
 * (RFC 5746); none is done here with anybody.
 */
const OPTIONS =
  constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_LEGACY_SERVER_CONNECT;

/** The wire that ends in two buffers. */
class Wire extends Duplex {
  #sent: Uint8Array[] = [];
  activity = 0;

  override _read(): void {
    // What comes is pushed by `deliver`.
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#sent.push(chunk);
    this.activity++;
    done();
  }

  deliver(octets: Uint8Array): void {
    this.push(octets);
  }

  collect(): Uint8Array {
    return concat(...this.#sent.splice(0));
  }
}

const tlsFailure = (code: FailureCode, message: string): Failure => ({
  code,
  phase: 'IKE_AUTH',
  message,
  authenticated: false,
});

export class TlsClient {
  readonly #options: TlsClientOptions;
  readonly #wire: Wire = new Wire();
  #open: TlsOpenStep | undefined;
  #socket: TLSSocket | undefined;
  #plain: Uint8Array[] = [];
  #secure = false;
  #established = false;
  #judged = false;
  #error: Error | undefined;
  #closed = false;

  constructor(options: TlsClientOptions) {
    this.#options = options;
  }

  /** One step at a time; never rejects. After a failure there is nothing more to ask. */
  async step(step: TlsStep): Promise<TlsResult> {
    if (this.#closed) return this.#failed(NOTHING);
    try {
      if (step.kind === 'open') this.#socket = this.#connect(step);
      else if (step.kind === 'take') this.#wire.deliver(step.octets);
      else this.#socket?.write(step.data);
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
    }
    await this.#settle();
    return this.#answer();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    this.#wire.destroy();
  }

  #connect(open: TlsOpenStep): TLSSocket {
    this.#open = open;
    const { own } = this.#options;
    const { key, chain } = open.certificate && own ? own : { key: undefined, chain: [] };
    const socket = connect({
      socket: this.#wire,
      minVersion: open.versions.min as SecureVersion,
      maxVersion: open.versions.max as SecureVersion,
      // Judged by `verify`, against the profile's own anchors: none of the system's count.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ca: [],
      secureOptions: OPTIONS,
      // With a key exchange that is forward secret the server has proved its key before we answer.
      ciphers: 'DEFAULT:!kRSA:!PSK:!aNULL',
      ...(key
        ? {
            key: key.expose().export({ type: 'pkcs8', format: 'pem' }),
            cert: chain.map((c) => certificatePem(c.der)).join(''),
          }
        : {}),
    });
    socket.on('secureConnect', () => {
      this.#secure = true;
      this.#wire.activity++;
    });
    socket.on('data', (data: Uint8Array) => {
      this.#plain.push(data);
      this.#wire.activity++;
    });
    socket.on('error', (error) => {
      this.#error ??= error;
      this.#wire.activity++;
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#wire.activity++;
    });
    return socket;
  }

  async #settle(): Promise<void> {
    let seen = -1;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      if (this.#wire.activity !== seen) quiet = 0;
      seen = this.#wire.activity;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #answer(): Promise<TlsResult> {
    if (this.#error || (this.#closed && !this.#secure)) return this.#failed(this.#wire.collect());
    const refusal = await this.#judge();
    if (refusal) {
      this.close();
      return { ok: false, octets: NOTHING, failure: refusal };
    }
    const result = {
      ok: true as const,
      octets: this.#wire.collect(),
      plain: concat(...this.#plain.splice(0)),
    };
    if (!this.#secure || this.#established) return result;
    this.#established = true;
    return { ...result, established: this.#keys() };
  }

  /** Once, as soon as the server has shown its certificates, and before anything that followed them leaves. */
  async #judge(): Promise<Failure | undefined> {
    if (this.#judged) return undefined;
    const certificates = this.#serverCertificates();
    if (certificates.length === 0 && !this.#secure) return undefined;
    this.#judged = true;
    return this.#options.verify(certificates);
  }

  #serverCertificates(): Uint8Array[] {
    const chain: Uint8Array[] = [];
    let next = this.#socket?.getPeerCertificate(true);
    while (next?.raw && chain.length < MOST_CERTIFICATES) {
      chain.push(new Uint8Array(next.raw));
      // A self-signed certificate is its own issuer.
      if (next.issuerCertificate === next) break;
      next = next.issuerCertificate;
    }
    return chain;
  }

  #keys(): { version: TlsVersion; exported: readonly Uint8Array[] } {
    const socket = this.#socket;
    const version = socket?.getProtocol() === 'TLSv1.3' ? 'TLSv1.3' : 'TLSv1.2';
    const wanted = (this.#open?.exports ?? []).filter((e) => e.version === version);
    const exported = wanted.map(({ length, label, context }) => {
      // Its type demands a context, which is not the same as none.
      const give = socket?.exportKeyingMaterial as
        | ((length: number, label: string, context?: Buffer) => Buffer)
        | undefined;
      const key = context
        ? give?.call(socket, length, label, Buffer.from(context))
        : give?.call(socket, length, label);
      const copy = Uint8Array.from(key ?? NOTHING);
      key?.fill(0);
      return copy;
    });
    return { version, exported };
  }

  #failed(octets: Uint8Array): TlsResult {
    const failure = explain(this.#error, this.#open?.certificate === true);
    this.close();
    return { ok: false, octets, failure };
  }
}

const certificatePem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`;

/** Alerts by which a server says that it does not want our certificate (RFC 8446 §6.2). */
const ABOUT_CERTIFICATE =
  /BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(REVOKED|EXPIRED|UNKNOWN|REQUIRED)|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR|HANDSHAKE_FAILURE/;

function explain(error: Error | undefined, certificate: boolean): Failure {
  if (!error) return tlsFailure('PROTOCOL_ERROR', 'the gateway closed the TLS connection of EAP');
  const code = 'code' in error ? String(error.code) : '';
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
  const alert = /_ALERT_(.*)$/.exec(code)?.[1];
  if (alert === undefined)
    return code.startsWith('ERR_SSL')
      ? tlsFailure('PROTOCOL_ERROR', `the TLS handshake of EAP failed: ${reason}`)
      : tlsFailure('LOCAL_CREDENTIALS', `TLS could not be used for EAP: ${reason}`);
  const name = alert.toLowerCase().replaceAll('_', ' ');
  return certificate && ABOUT_CERTIFICATE.test(alert)
    ? tlsFailure('AUTHENTICATION_FAILED', `the gateway refuses our certificate in EAP (TLS alert: ${name})`)
    : tlsFailure('AUTHENTICATION_FAILED', `the gateway broke TLS off in EAP (alert: ${name})`);
}
