/**
 * IKE_AUTH as initiator (RFC 7296 §1.2, §2.15): who we are, who the peer is, an address, the first child, in one
 * round. EAP needs several (§2.16): `auth-eap.ts`.
 */
import { findAll, findError, notify } from '../../wire/find.ts';
import type { AuthPayload, Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { ChildOffer } from '../child-negotiation.ts';
import type { Core } from '../core.ts';
import type { EapPeerConfig } from '../eap/peer.ts';
import type { IkeSa } from '../ike-sa.ts';
import { begin, beginClose, conclude } from '../lifecycle.ts';
import { failure, refusal } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { beginPpk, ppkPayloads, readPpkAnswer } from '../ppk.ts';
import { checkPeer, prove } from '../proof.ts';
import { EapAuth } from './auth-eap.ts';
import { completed, firstOffer, firstRequest } from './auth-parts.ts';
import type { Exchange, ExchangeTable, Outcome } from './exchange.ts';

const phase = 'IKE_AUTH';

/** Follows IKE_SA_INIT: signs, then sends; or lets EAP begin. */
export function startAuth(core: Core, sa: IkeSa): void {
  const { localAuth } = core.config;
  if (localAuth.kind === 'eap') {
    startEap(core, sa, localAuth);
    return;
  }
  const bad = beginPpk(core, sa);
  if (bad) {
    beginClose(core, bad);
    return;
  }
  prove(core, sa, (proof) => {
    if (!proof.ok) beginClose(core, proof.failure);
    else if (!core.handshake?.ppk || core.config.ppk?.required) begin(core, sa, new Auth(proof.auth));
    else
      prove(
        core,
        sa,
        (without) => {
          if (without.ok) begin(core, sa, new Auth(proof.auth, without.auth));
          else beginClose(core, without.failure);
        },
        core.handshake,
      );
  });
}

function startEap(core: Core, sa: IkeSa, config: EapPeerConfig): void {
  if (core.config.remoteAuth.kind !== 'pubkey') {
    const text = 'EAP needs a gateway that proves itself by certificate before a password leaves';
    beginClose(core, failure('LOCAL_CREDENTIALS', phase, text, true));
  } else if (core.config.ppk) {
    const text = 'a post-quantum pre-shared key does not go together with EAP here';
    beginClose(core, failure('NOT_SUPPORTED', 'local', text, true));
  } else begin(core, sa, new EapAuth(core, config));
}

class Auth implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'auth';
  readonly #auth: AuthPayload;
  readonly #withoutPpk: AuthPayload | undefined;
  #offer: ChildOffer | undefined;

  /** @param withoutPpk the same proof made without the PPK, where it is optional (RFC 8784 §3) */
  constructor(auth: AuthPayload, withoutPpk?: AuthPayload) {
    this.#auth = auth;
    this.#withoutPpk = withoutPpk;
  }

  request(core: Core): readonly Payload[] {
    this.#offer = firstOffer(core);
    return firstRequest(core, this.#offer, [this.#auth, ...ppkPayloads(core, this.#withoutPpk)]);
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (!single(payloads, 'AUTH')) {
      if (error) return { kind: 'close', failure: refusal(error, phase, false) };
      const text =
        findAll(payloads, 'EAP').length > 0
          ? 'the gateway asks for EAP, which this connection does not use'
          : 'the gateway answered IKE_AUTH without proving who it is';
      return { kind: 'close', failure: failure('PROTOCOL_ERROR', phase, text, false) };
    }
    const noPpk = readPpkAnswer(core, payloads);
    if (noPpk) {
      beginClose(core, noPpk, notify(NotifyType.AUTHENTICATION_FAILED));
      return { kind: 'wait' };
    }
    checkPeer(core, sa, payloads, 'IDr', (bad) => {
      // The peer believes that all is well: it is told that it is not (§2.21.2).
      if (bad) beginClose(core, bad, notify(NotifyType.AUTHENTICATION_FAILED));
      else conclude(core, sa, this, completed(core, sa, this.#offer, payloads));
    });
    return { kind: 'wait' };
  }
}

const TABLE: ExchangeTable = { type: ExchangeType.IKE_AUTH, story: 'IKE_AUTH' };
