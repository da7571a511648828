/**
 * IKE_AUTH with EAP as responder (RFC 7296 §2.16), for the embedded gateway: proves itself first, then lets the
 * EAP server judge, and takes the first request up again when the peer's AUTH binds EAP to this IKE SA.
 */
import { equalConstantTime, wipe } from '../../base/bytes.ts';
import type { Failure } from '../../base/failure.ts';
import { notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { AuthMethod, NotifyType } from '../../wire/registry.ts';
import type { Identity } from '../contract.ts';
import type { Core } from '../core.ts';
import { EapServer, type EapServerConfig } from '../eap/server.ts';
import { eapProof, methodContext } from '../eap-proof.ts';
import type { IkeSa } from '../ike-sa.ts';
import { failure } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { readPpkRequest } from '../ppk.ts';

type Respond = (answer: readonly Payload[]) => void;

/** How the rounds end. */
export interface EapEnds {
  /** With the first request, which says what the peer asks for, and what proves us. */
  readonly accept: (first: readonly Payload[], proof: readonly Payload[], respond: Respond) => void;
  readonly refuse: (reason: Failure, respond: Respond, answer?: readonly Payload[]) => void;
}

const refused = (message: string): Failure =>
  failure('PEER_AUTHENTICATION_FAILED', 'IKE_AUTH', message, true);

export class EapAnswer {
  readonly #core: Core;
  readonly #sa: IkeSa;
  readonly #identity: Identity;
  readonly #first: readonly Payload[];
  readonly #ends: EapEnds;
  readonly #server: EapServer;
  /** EAP is over; with the MSK, where it made one. */
  #accepted: { readonly msk: Uint8Array | undefined } | undefined;

  constructor(
    core: Core,
    sa: IkeSa,
    config: EapServerConfig,
    identity: Identity,
    first: readonly Payload[],
    ends: EapEnds,
  ) {
    this.#core = core;
    this.#sa = sa;
    this.#identity = identity;
    this.#first = first;
    this.#ends = ends;
    this.#server = new EapServer(config, methodContext(core));
  }

  /** The EAP payload of our first answer. */
  start(): Payload {
    return { kind: 'EAP', packet: this.#server.start() };
  }

  /** Answers each further IKE_AUTH request. */
  answer(payloads: readonly Payload[], respond: Respond): void {
    if (this.#accepted) {
      this.#last(this.#accepted.msk, payloads, respond);
      return;
    }
    const eap = single(payloads, 'EAP');
    if (!eap) {
      this.#ends.refuse(refused('the peer left EAP'), respond);
      return;
    }
    const verdict = this.#server.take(eap.packet);
    const answer: Payload[] = [{ kind: 'EAP', packet: verdict.packet }];
    if (verdict.kind === 'failure') {
      this.#ends.refuse(refused(`EAP: ${verdict.message}`), respond, answer);
      return;
    }
    if (verdict.kind === 'success') this.#accepted = { msk: verdict.msk };
    respond(answer);
  }

  wipe(): void {
    wipe(this.#accepted?.msk);
  }

  /** A PPK is named only now, so that our first AUTH was made without (RFC 8784 §3). */
  #last(msk: Uint8Array | undefined, payloads: readonly Payload[], respond: Respond): void {
    const judged = readPpkRequest(this.#core, this.#sa, payloads);
    if (!judged.ok) {
      this.#ends.refuse(judged.failure, respond);
      return;
    }
    const ends = { local: this.#core.config.localId, peer: this.#identity, msk };
    const proof = eapProof(this.#core, this.#sa, ends);
    this.wipe();
    const auth = single(judged.payloads, 'AUTH');
    if (auth?.method !== AuthMethod.PSK || !equalConstantTime(auth.data, proof.theirs)) {
      this.#ends.refuse(refused('the peer does not hold the key that EAP made'), respond);
      return;
    }
    this.#core.remoteId = this.#identity;
    this.#core.remoteAuthMethod = AuthMethod.PSK;
    const ours: Payload = { kind: 'AUTH', method: AuthMethod.PSK, data: proof.ours };
    const withPpk = this.#core.handshake?.ppk ? [notify(NotifyType.PPK_IDENTITY)] : [];
    this.#ends.accept(this.#first, [ours, ...withPpk], respond);
  }
}
