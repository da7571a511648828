/**
 * IKE_AUTH with EAP as initiator (RFC 7296 §2.16). The first round asks for EAP by leaving AUTH out, and brings the
 * gateway's proof by certificate, which is checked before any EAP packet of ours leaves; where both agree on EAP alone
 * (RFC 5998) the method itself brings that proof. Then EAP runs, one packet a round; the last round has both AUTH
 * payloads and all that IKE_AUTH brings otherwise. It can also be a second round behind another (RFC 4739).
 */
import { equalConstantTime, wipe } from '../../base/bytes.ts';
import type { Failure, FailureCode } from '../../base/failure.ts';
import { findError, findNotify, notify } from '../../wire/find.ts';
import type { AuthPayload, Payload } from '../../wire/payloads/types.ts';
import { AuthMethod, Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { ChildOffer } from '../child-negotiation.ts';
import type { Identity, Input } from '../contract.ts';
import type { Core } from '../core.ts';
import { EapCode, readEapPacket } from '../eap/packet.ts';
import { type EapOutcome, EapPeer, type EapPeerConfig } from '../eap/peer.ts';
import { eapProof, methodContext } from '../eap-proof.ts';
import type { IkeSa } from '../ike-sa.ts';
import { beginClose, conclude, endNow } from '../lifecycle.ts';
import { failure, refusal } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { beginPpk, ppkPayloads, readPpkAnswer } from '../ppk.ts';
import { checkPeer, claimedIdentity } from '../proof.ts';
import { completed, firstOffer, firstRequest } from './auth-parts.ts';
import type { Exchange, ExchangeTable, Outcome } from './exchange.ts';
import { redirectedAtAuth } from './redirect.ts';

const phase = 'IKE_AUTH';
const WAIT: Outcome = { kind: 'wait' };
const MORE: Outcome = { kind: 'again', why: 'more-auth' };

/** A round behind another in which both have proved themselves (RFC 4739). */
export interface SecondRound {
  readonly id: Identity;
  /** What the first round asked for. */
  readonly offer: ChildOffer | undefined;
}

/** What EAP came to, until both AUTH payloads have proved it. */
interface Made {
  readonly msk: Uint8Array | undefined;
  readonly peer: Identity;
}

export class EapAuth implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'auth';
  readonly #peer: EapPeer;
  readonly #local: Identity;
  #offer: ChildOffer | undefined;
  #round: 'first' | 'eap' | 'last' = 'first';
  #next: readonly Payload[] | undefined;
  /** Who the gateway says it is, where EAP alone is to prove it. */
  #claimed: Identity | undefined;
  #made: Made | undefined;
  /** Why it is over, once the gateway was told in EAP, or has told us. */
  #doom: Failure | undefined;

  constructor(core: Core, config: EapPeerConfig, second?: SecondRound) {
    this.#peer = new EapPeer(config, methodContext(core));
    this.#local = second?.id ?? core.config.localId;
    if (!second) return;
    this.#offer = second.offer;
    this.#round = 'eap';
    this.#next = [{ kind: 'IDi', ...second.id }];
  }

  request(core: Core): readonly Payload[] {
    if (this.#next) return this.#next;
    this.#offer = firstOffer(core);
    return firstRequest(core, this.#offer, []);
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    switch (this.#round) {
      case 'first':
        return this.#first(core, sa, payloads);
      case 'eap':
        return this.#eap(core, sa, payloads);
      case 'last':
        return this.#last(core, sa, payloads);
    }
  }

  abandon(): void {
    this.#peer.wipe();
    wipe(this.#made?.msk);
  }

  #first(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    const proved = single(payloads, 'AUTH');
    const asked = single(payloads, 'EAP');
    if (!proved && error) return { kind: 'close', failure: refusal(error, phase, false) };
    if (!proved && asked && core.config.remoteAuth.kind === 'eap') return this.#alone(core, sa, payloads);
    const away = findNotify(payloads, NotifyType.REDIRECT) !== undefined;
    if (!proved || (!asked && !away)) {
      const text = proved
        ? 'the gateway does not ask for EAP, which this connection uses'
        : 'the gateway wants EAP without proving itself by certificate first';
      return this.#fail(core, 'PEER_AUTHENTICATION_FAILED', text, false);
    }
    checkPeer(core, sa, payloads, 'IDr', (bad) => {
      if (bad) {
        beginClose(core, bad, notify(NotifyType.AUTHENTICATION_FAILED));
        return;
      }
      this.#round = 'eap';
      const redirect = redirectedAtAuth(core, payloads);
      if (redirect) this.abandon();
      conclude(core, sa, this, redirect ?? this.#eap(core, sa, payloads));
    });
    return WAIT;
  }

  /** The gateway leaves its proof to EAP (RFC 5998 §3); whose methods prove it was checked before we began. */
  #alone(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const claimed = claimedIdentity(core, payloads, 'IDr');
    if (!claimed.ok) return this.#close(core, claimed.error);
    core.note('auth', 'the gateway proves itself by EAP alone');
    this.#claimed = claimed.value;
    this.#round = 'eap';
    return this.#eap(core, sa, payloads);
  }

  #eap(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const eap = single(payloads, 'EAP');
    const error = findError(payloads);
    if (this.#doom) {
      const over = error !== undefined || (eap && readEapPacket(eap.packet)?.code === EapCode.FAILURE);
      return over ? this.#end(core, this.#doom) : this.#close(core, this.#doom);
    }
    if (!eap && error) return this.#refused(core, refusal(error, phase, true).message);
    if (!eap) return this.#fail(core, 'PROTOCOL_ERROR', 'the gateway left EAP without ending it', true);
    return this.#judged(core, sa, this.#peer.take(eap.packet));
  }

  #judged(core: Core, sa: IkeSa, outcome: EapOutcome): Outcome {
    switch (outcome.kind) {
      case 'respond':
        core.note('auth', `EAP: ${outcome.note}`);
        this.#next = [{ kind: 'EAP', packet: outcome.packet }];
        this.#doom = outcome.doom;
        return MORE;
      case 'refused':
        return this.#refused(core, outcome.message, outcome.account);
      case 'ask':
        this.#ask(core, sa, outcome);
        return WAIT;
      case 'tls':
        this.#tls(core, sa, outcome);
        return WAIT;
      case 'broken':
        if (outcome.failure) return this.#close(core, outcome.failure);
        return this.#fail(
          core,
          outcome.impostor ? 'PEER_AUTHENTICATION_FAILED' : 'PROTOCOL_ERROR',
          outcome.message,
          true,
        );
      case 'success':
        return this.#succeeded(core, sa, outcome.method, outcome.msk);
    }
  }

  #ask(core: Core, sa: IkeSa, { ask, answered }: Extract<EapOutcome, { kind: 'ask' }>): void {
    core.note('auth', `EAP: asking for the ${ask.kind} of ${ask.user}`);
    const answer = (result: Extract<Input, { kind: 'answer' }>['result']): void => {
      if (result.ok) conclude(core, sa, this, this.#judged(core, sa, answered(result.secret)));
      else {
        this.abandon();
        beginClose(core, result.failure, notify(NotifyType.AUTHENTICATION_FAILED));
      }
    };
    const request = core.ask('ask', answer, () => this.abandon());
    core.emit({ kind: 'ask', request, ask });
  }

  #tls(core: Core, sa: IkeSa, { step, answered }: Extract<EapOutcome, { kind: 'tls' }>): void {
    const server = core.config.remoteAuth.aaaId ?? this.#claimed ?? core.remoteId;
    if (!server) throw new TypeError('EAP before the gateway is known');
    const answer = (result: Extract<Input, { kind: 'tls' }>['result']): void =>
      conclude(core, sa, this, this.#judged(core, sa, answered(result)));
    const request = core.ask('tls', answer, () => this.abandon());
    core.emit({ kind: 'tls', request, server, step });
  }

  #succeeded(core: Core, sa: IkeSa, method: string, msk: Uint8Array | undefined): Outcome {
    const peer = this.#claimed ?? core.remoteId;
    if (!peer) throw new TypeError('EAP before the gateway has proved itself');
    if (this.#claimed && !msk) {
      const text = `${method} made no key, so that the gateway has proved nothing`;
      return this.#fail(core, 'PEER_AUTHENTICATION_FAILED', text, false);
    }
    this.#made = { msk, peer };
    const noPpk = beginPpk(core, sa);
    if (noPpk) return this.#close(core, noPpk);
    const ends = { local: this.#local, peer, msk };
    const plain =
      core.handshake?.ppk && !core.config.ppk?.required
        ? authPayload(eapProof(core, sa, ends, core.handshake).ours)
        : undefined;
    this.#next = [authPayload(eapProof(core, sa, ends).ours), ...ppkPayloads(core, plain)];
    this.#round = 'last';
    core.eapMethod = method;
    core.localAuthMethod = AuthMethod.PSK;
    core.note('auth', `${method} accepted us${msk ? '' : ', without a key of its own'}`);
    return MORE;
  }

  #last(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const auth = single(payloads, 'AUTH');
    const error = findError(payloads);
    if (!auth && error) return this.#refused(core, refusal(error, phase, true).message);
    const noPpk = readPpkAnswer(core, payloads);
    if (noPpk) return this.#close(core, noPpk);
    const made = this.#made;
    const expected = made && eapProof(core, sa, { local: this.#local, ...made }).theirs;
    const genuine =
      auth?.method === AuthMethod.PSK && expected !== undefined && equalConstantTime(auth.data, expected);
    wipe(expected);
    this.abandon();
    if (!genuine) {
      const text = 'the gateway does not hold the key that EAP made';
      return this.#fail(core, 'PEER_AUTHENTICATION_FAILED', text, true);
    }
    if (this.#claimed) {
      core.remoteId = this.#claimed;
      core.remoteAuthMethod = AuthMethod.PSK;
    }
    return completed(core, sa, this.#offer, payloads);
  }

  #refused(core: Core, message: string, account = false): Outcome {
    const reason = failure('AUTHENTICATION_FAILED', phase, message, true);
    return this.#end(core, account ? { ...reason, check: 'account' } : reason);
  }

  #fail(core: Core, code: FailureCode, message: string, authenticated: boolean): Outcome {
    return this.#close(core, failure(code, phase, message, authenticated));
  }

  /** The gateway has ended the IKE SA with its word: there is nobody to tell. */
  #end(core: Core, reason: Failure): Outcome {
    this.abandon();
    endNow(core, reason);
    return WAIT;
  }

  #close(core: Core, reason: Failure): Outcome {
    this.abandon();
    beginClose(core, reason, notify(NotifyType.AUTHENTICATION_FAILED));
    return WAIT;
  }
}

const authPayload = (data: Uint8Array): AuthPayload => ({ kind: 'AUTH', method: AuthMethod.PSK, data });

const TABLE: ExchangeTable = { type: ExchangeType.IKE_AUTH, story: 'IKE_AUTH' };
