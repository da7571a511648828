/** EAP inside of a tunnel, as EAP-TTLS and PEAP carry it: a peer of its own, without methods that need a tunnel. */
import { EapCode, writeEapPacket } from './packet.ts';
import type { EapPeer } from './peer.ts';
import { failedPhase, IDLE, type PhaseStep } from './tls-peer.ts';

/** What the methods around it need of a peer. */
export type InnerPeer = Pick<EapPeer, 'take' | 'methodFinished' | 'insistence' | 'wipe'>;

type Outcome = ReturnType<EapPeer['take']>;

export class InnerEap {
  readonly #peer: InnerPeer;
  /** How a packet of ours goes into the tunnel. */
  readonly #wrap: (packet: Uint8Array) => Uint8Array;
  #complaint: string | undefined;
  accountAtFault = false;
  msk: Uint8Array | undefined;

  constructor(peer: InnerPeer, wrap: (packet: Uint8Array) => Uint8Array) {
    this.#peer = peer;
    this.#wrap = wrap;
  }

  get complaint(): string | undefined {
    return this.#complaint ?? this.#peer.insistence;
  }

  /** Its own success is often left out: that of the method around it counts. */
  get finished(): boolean {
    return this.#peer.methodFinished && this.complaint === undefined;
  }

  /** The method around it says that all is well; false when that cannot be. */
  succeed(): boolean {
    const outcome = this.#peer.take(writeEapPacket({ code: EapCode.SUCCESS, identifier: 0 }));
    if (outcome.kind === 'success') this.msk = outcome.msk;
    return outcome.kind === 'success' && this.complaint === undefined;
  }

  take(packet: Uint8Array): PhaseStep {
    return this.#step(this.#peer.take(packet));
  }

  wipe(): void {
    this.msk?.fill(0);
    this.#peer.wipe();
  }

  #step(outcome: Outcome): PhaseStep {
    switch (outcome.kind) {
      case 'respond':
        return { kind: 'send', data: this.#wrap(outcome.packet) };
      case 'ask':
        return {
          kind: 'ask',
          ask: outcome.ask,
          answered: (secret) => this.#step(outcome.answered(secret)),
        };
      case 'success':
        this.msk = outcome.msk;
        return IDLE;
      case 'refused':
        this.#complaint = outcome.message;
        this.accountAtFault = outcome.account ?? false;
        return IDLE;
      case 'broken':
        return failedPhase(outcome.message, outcome.impostor);
      case 'tls':
        return failedPhase('a tunnel inside of a tunnel');
    }
  }
}
