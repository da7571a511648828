/**
 * EAP-TLS (RFC 5216): both sides prove themselves by certificate in the handshake, and nothing goes on in the tunnel.
 * With TLS 1.3 the server says in it that all is well (RFC 9190 §2.5): one octet of zero.
 */
import { failedPhase, IDLE, type PhaseStep, type SecondPhase, type TlsKeys } from './tls-peer.ts';

const COMMITMENT = 0;

export class TlsSuccess implements SecondPhase {
  readonly text = '';
  finished = false;

  begin({ version }: TlsKeys): PhaseStep {
    this.finished ||= version === 'TLSv1.2';
    return IDLE;
  }

  unfinished({ version }: TlsKeys): string | undefined {
    return version === 'TLSv1.3'
      ? 'EAP-TLS: the gateway did not confirm inside of TLS 1.3 that it accepts us (RFC 9190), so anybody may have said so; with local.auth.tls.max "1.2" there is no such need'
      : undefined;
  }

  take(plain: Uint8Array, _identifier: number, { version }: TlsKeys): PhaseStep {
    const fits = version === 'TLSv1.3' && plain.length === 1 && plain[0] === COMMITMENT && !this.finished;
    if (!fits) return failedPhase('EAP-TLS: the gateway sent data that does not belong there');
    this.finished = true;
    return IDLE;
  }
}
