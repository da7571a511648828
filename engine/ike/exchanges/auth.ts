/**
 * IKE_AUTH as initiator (RFC 7296 §1.2, §2.15): who we are, who the peer is, an address, the first child, in one
 * round. EAP needs several (§2.16): `auth-eap.ts`.
 */
import type { Failure } from '../../base/failure.ts';
import { findAll, findError, notify } from '../../wire/find.ts';
import type { AuthPayload, NotifyPayload, Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { ChildOffer } from '../child-negotiation.ts';
import type { Core } from '../core.ts';
import { isTunnel } from '../eap/method.ts';
import type { EapPeerConfig } from '../eap/peer.ts';
import type { IkeSa } from '../ike-sa.ts';
import { begin, beginClose, conclude } from '../lifecycle.ts';
import { failure, refusal } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { beginPpk, missingPpk, ppkPayloads, readPpkAnswer } from '../ppk.ts';
import { checkPeer, prove } from '../proof.ts';
import { EapAuth } from './auth-eap.ts';
import { completed, firstOffer, firstRequest } from './auth-parts.ts';
import type { Exchange, ExchangeTable, Outcome } from './exchange.ts';
import { redirectedAtAuth } from './redirect.ts';

const phase = 'IKE_AUTH';

/** Follows IKE_SA_INIT: signs, then sends; or lets EAP begin. */
export function startAuth(core: Core, sa: IkeSa): void {
  const { localAuth } = core.config;
  if (localAuth.kind === 'eap') {
    startEap(core, sa, localAuth);
    return;
  }
  const bad = noSecondRound(core) ?? beginPpk(core, sa);
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
  const bad = unprovenGateway(core, config) ?? missingPpk(core);
  if (bad) beginClose(core, bad);
  else begin(core, sa, new EapAuth(core, config));
}

/** Whether a password could leave before the gateway, or its EAP server, has proved itself by certificate. */
function unprovenGateway({ config }: Core, eap: EapPeerConfig): Failure | undefined {
  const { kind } = config.remoteAuth;
  if (kind === 'pubkey' || (kind === 'eap' && eap.methods.every(isTunnel))) return undefined;
  const text =
    kind === 'psk'
      ? 'EAP needs a gateway that proves itself by certificate before a password leaves'
      : 'EAP alone needs methods in which the gateway proves itself by certificate';
  return failure('LOCAL_CREDENTIALS', phase, text, true);
}

/** Why there can be no second round where one is configured (RFC 4739 §2). */
function noSecondRound(core: Core): Failure | undefined {
  const { secondAuth, ppk } = core.config;
  if (!secondAuth) return undefined;
  if (!core.handshake?.peerTakesRounds) {
    const text = 'the gateway takes no second round of authentication (MULTIPLE_AUTH_SUPPORTED)';
    return failure('NOT_SUPPORTED', phase, text, false);
  }
  if (ppk) {
    const text = 'a post-quantum pre-shared key is not defined for two rounds of authentication (RFC 8784)';
    return failure('NOT_SUPPORTED', 'local', text, true);
  }
  return unprovenGateway(core, secondAuth.auth);
}

const moreRounds = ({ config }: Core): NotifyPayload[] =>
  config.secondAuth
    ? [notify(NotifyType.MULTIPLE_AUTH_SUPPORTED), notify(NotifyType.ANOTHER_AUTH_FOLLOWS)]
    : [];

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
    return firstRequest(core, this.#offer, [
      this.#auth,
      ...moreRounds(core),
      ...ppkPayloads(core, this.#withoutPpk),
    ]);
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
    const { secondAuth } = core.config;
    checkPeer(core, sa, payloads, 'IDr', (bad) => {
      // The peer believes that all is well: it is told that it is not (§2.21.2).
      const away = bad || !secondAuth ? undefined : redirectedAtAuth(core, payloads);
      if (bad) beginClose(core, bad, notify(NotifyType.AUTHENTICATION_FAILED));
      else if (away) conclude(core, sa, this, away);
      else if (secondAuth)
        begin(core, sa, new EapAuth(core, secondAuth.auth, { ...secondAuth, offer: this.#offer }));
      else conclude(core, sa, this, completed(core, sa, this.#offer, payloads));
    });
    return { kind: 'wait' };
  }
}

const TABLE: ExchangeTable = { type: ExchangeType.IKE_AUTH, story: 'IKE_AUTH' };
