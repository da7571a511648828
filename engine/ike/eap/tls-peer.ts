/**
 * What EAP-TLS (RFC 5216, RFC 9190), EAP-TTLS (RFC 5281) and PEAP share as the peer: a TLS handshake in EAP packets,
 * then a second phase in the tunnel, then an MSK out of the TLS connection (RFC 9427 for TLS 1.3). TLS itself is asked
 * for step by step.
 */
import { concat, wipe } from '../../base/bytes.ts';
import type { Failure } from '../../base/failure.ts';
import type { Secret } from '../../base/secret.ts';
import type { Ask } from './ask.ts';
import { failedStep, type PeerMethod, type PeerStep } from './method.ts';
import { EapType, eapTypeName } from './packet.ts';
import { TlsFraming, tlsAck } from './tls-framing.ts';
import type { TlsExport, TlsResult, TlsStep, TlsVersion, TlsVersions } from './tls-steps.ts';

/** What came out of the handshake. */
export interface TlsKeys {
  readonly version: TlsVersion;
  /** By the order in which they were asked for, without those of the other version. */
  readonly exported: readonly Uint8Array[];
}

export type PhaseStep =
  | { readonly kind: 'idle' }
  | { readonly kind: 'send'; readonly data: Uint8Array }
  | { readonly kind: 'ask'; readonly ask: Ask; readonly answered: (secret: Secret) => PhaseStep }
  | { readonly kind: 'failed'; readonly message: string; readonly impostor: boolean };

export const IDLE: PhaseStep = { kind: 'idle' };

export const failedPhase = (message: string, impostor = false): PhaseStep => ({
  kind: 'failed',
  message,
  impostor,
});

/** What goes on inside of the tunnel. */
export interface SecondPhase {
  /** Appended to the method's name: `/PAP`. */
  readonly text: string;
  /** The tunnel stands, and the server waits for us. */
  begin(keys: TlsKeys): PhaseStep;
  /** Takes application data. `identifier`: of the EAP packet around it. */
  take(plain: Uint8Array, identifier: number, keys: TlsKeys): PhaseStep;
  /** Whether the server may say that all is well. */
  readonly finished: boolean;
  /** What the server said about a refusal, for people. */
  readonly complaint?: string | undefined;
  readonly accountAtFault?: boolean | undefined;
  /** What it means that the server says so before. */
  unfinished?(keys: TlsKeys): string | undefined;
  /** The MSK, where it is more than the key of the tunnel. */
  msk?(key: Uint8Array): Uint8Array;
  wipe?(): void;
}

export interface TlsPeerConfig {
  readonly type: number;
  readonly versions: TlsVersions;
  /** Whether we prove ourselves by certificate. */
  readonly certificate: boolean;
  /** Label of the MSK in TLS 1.2. */
  readonly label: string;
  /** What the second phase wants of the TLS connection besides. */
  readonly exports?: readonly TlsExport[];
}

const KEY_LENGTH = 128;
const MSK_LENGTH = 64;
/** For every TLS version the label that the MSK has, and the length of MSK and EMSK together. */
const mskExports = (type: number, label: string): TlsExport[] => [
  { version: 'TLSv1.2', label, length: KEY_LENGTH },
  {
    version: 'TLSv1.3',
    label: 'EXPORTER_EAP_TLS_Key_Material',
    context: Uint8Array.of(type),
    length: KEY_LENGTH,
  },
];

export class TlsPeer implements PeerMethod {
  readonly type: number;
  /** Both directions of the longest message in fragments, and what comes besides. */
  readonly mostRounds = 200;
  readonly #config: TlsPeerConfig;
  readonly #phase: SecondPhase;
  readonly #framing = new TlsFraming();
  #opened = false;
  #begun = false;
  #keys: TlsKeys | undefined;
  /** TLS octets of the answer that is being made. */
  #out: Uint8Array[] = [];
  #identifier = 0;

  constructor(config: TlsPeerConfig, phase: SecondPhase) {
    this.type = config.type;
    this.#config = config;
    this.#phase = phase;
  }

  get finished(): boolean {
    return this.#keys !== undefined && this.#phase.finished && !this.#framing.sending;
  }

  get complaint(): string | undefined {
    if (this.type === EapType.TLS) return 'EAP-TLS: the gateway does not accept our certificate';
    if (this.#opened && !this.#keys)
      return `${eapTypeName(this.type)}: the gateway gave up amid the TLS handshake`;
    return this.#phase.complaint;
  }

  get unfinished(): string | undefined {
    return this.#keys && this.#phase.unfinished?.(this.#keys);
  }

  get accountAtFault(): boolean {
    return this.#phase.accountAtFault ?? false;
  }

  /** `EAP-TTLS/PAP (TLS 1.3)`. */
  get title(): string {
    const version = this.#keys ? ` (${this.#keys.version.replace('v', ' ')})` : '';
    return `${eapTypeName(this.type)}${this.#phase.text}${version}`;
  }

  request(identifier: number, data: Uint8Array): PeerStep {
    this.#identifier = identifier;
    const framed = this.#framing.read(data);
    switch (framed.kind) {
      case 'broken':
        return this.#broken(`the gateway sent ${framed.message}`);
      case 'start':
        return this.#start();
      case 'part':
        return { kind: 'answer', data: tlsAck() };
      case 'ack': {
        const next = this.#framing.next();
        if (next) return { kind: 'answer', data: next };
        return this.#keys
          ? this.#inside(new Uint8Array(0), this.#keys)
          : this.#broken('the gateway has nothing to say amid the handshake');
      }
      case 'message':
        if (!this.#opened || this.#framing.sending)
          return this.#broken('the gateway sent TLS out of its turn');
        return this.#tls({ kind: 'take', octets: framed.octets });
    }
  }

  takeMsk(): Uint8Array | undefined {
    const key = this.#keys?.exported[0]?.slice(0, MSK_LENGTH);
    if (!key || !this.#phase.msk) return key;
    const msk = this.#phase.msk(key);
    wipe(key);
    return msk;
  }

  wipe(): void {
    wipe(...(this.#keys?.exported ?? []));
    this.#phase.wipe?.();
  }

  #start(): PeerStep {
    if (this.#opened) return this.#broken('the gateway began a second time');
    this.#opened = true;
    const { type, versions, certificate, label, exports = [] } = this.#config;
    return this.#tls({
      kind: 'open',
      versions,
      certificate,
      exports: [...mskExports(type, label), ...exports],
    });
  }

  #tls(step: TlsStep): PeerStep {
    return { kind: 'tls', step, answered: (result) => this.#heard(result) };
  }

  #heard(result: TlsResult): PeerStep {
    if (!result.ok) return this.#ended(result.octets, result.failure);
    if (result.octets.length > 0) this.#out.push(result.octets);
    if (result.established) this.#keys = result.established;
    const { plain } = result;
    if (plain.length > 0 && !this.#keys) return this.#broken('the gateway sent data amid the handshake');
    // After octets of the handshake the server has the word, unless it spoke already.
    const ourTurn = plain.length > 0 || this.#out.length === 0;
    return this.#keys && ourTurn ? this.#inside(plain, this.#keys) : this.#flush();
  }

  #inside(plain: Uint8Array, keys: TlsKeys): PeerStep {
    if (plain.length === 0 && this.#begun) return this.#flush();
    this.#begun = true;
    const step = plain.length > 0 ? this.#phase.take(plain, this.#identifier, keys) : this.#phase.begin(keys);
    return this.#stepped(step);
  }

  #stepped(step: PhaseStep): PeerStep {
    switch (step.kind) {
      case 'idle':
        return this.#flush();
      case 'send':
        return this.#tls({ kind: 'write', data: step.data });
      case 'ask':
        return { kind: 'ask', ask: step.ask, answered: (secret) => this.#stepped(step.answered(secret)) };
      case 'failed':
        return failedStep(step.message, step.impostor);
    }
  }

  #flush(): PeerStep {
    const octets = concat(...this.#out.splice(0));
    return { kind: 'answer', data: this.#framing.write(octets) };
  }

  /** The server is told by alert, or has told us by one; without any there is nothing to say in EAP. */
  #ended(alert: Uint8Array, reason: Failure): PeerStep {
    if (alert.length === 0 && reason.code !== 'AUTHENTICATION_FAILED')
      return { kind: 'failed', message: reason.message, impostor: false, failure: reason };
    return { kind: 'answer', data: this.#framing.write(alert), doom: reason };
  }

  #broken(message: string): PeerStep {
    return failedStep(`${eapTypeName(this.type)}: ${message}`);
  }
}
