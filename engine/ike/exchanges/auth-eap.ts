/**
 * IKE_AUTH with EAP as initiator (RFC 7296 §2.16). The first round asks for EAP by leaving AUTH out, and brings the
 * gateway's proof by certificate, which is checked before any EAP packet of ours leaves. Then EAP runs, one
 * packet a round; the last round has both AUTH payloads and all that IKE_AUTH brings otherwise.
 */
import { equalConstantTime, wipe } from '../../base/bytes.ts';
import type { FailureCode } from '../../base/failure.ts';
import { findError, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { AuthMethod, Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { ChildOffer } from '../child-negotiation.ts';
import type { Input } from '../contract.ts';
import type { Core } from '../core.ts';
import { type EapOutcome, EapPeer, type EapPeerConfig } from '../eap/peer.ts';
import { eapProof, methodContext } from '../eap-proof.ts';
import type { IkeSa } from '../ike-sa.ts';
import { beginClose, conclude, endNow } from '../lifecycle.ts';
import { failure, refusal } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { checkPeer } from '../proof.ts';
import { completed, firstOffer, firstRequest } from './auth-parts.ts';
import type { Exchange, ExchangeTable, Outcome } from './exchange.ts';

const phase = 'IKE_AUTH';
const WAIT: Outcome = { kind: 'wait' };
const MORE: Outcome = { kind: 'again', why: 'more-auth' };

export class EapAuth implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'auth';
  readonly #peer: EapPeer;
  #offer: ChildOffer | undefined;
  #round: 'first' | 'eap' | 'last' = 'first';
  #next: Payload | undefined;
  /** AUTH data that the gateway must send in the last round. */
  #expected: Uint8Array | undefined;

  constructor(core: Core, config: EapPeerConfig) {
    this.#peer = new EapPeer(config, methodContext(core));
  }

  request(core: Core): readonly Payload[] {
    if (this.#next) return [this.#next];
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
    wipe(this.#expected);
  }

  #first(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    const proved = single(payloads, 'AUTH');
    if (!proved && error) return { kind: 'close', failure: refusal(error, phase, false) };
    if (!proved || !single(payloads, 'EAP')) {
      const text = proved
        ? 'the gateway does not ask for EAP, which this connection uses'
        : 'the gateway wants EAP without proving itself by certificate first';
      return this.#fail(core, 'PEER_AUTHENTICATION_FAILED', text, false);
    }
    checkPeer(core, sa, payloads, 'IDr', (bad) => {
      if (bad) beginClose(core, bad, notify(NotifyType.AUTHENTICATION_FAILED));
      else {
        this.#round = 'eap';
        conclude(core, sa, this, this.#eap(core, sa, payloads));
      }
    });
    return WAIT;
  }

  #eap(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const eap = single(payloads, 'EAP');
    const error = findError(payloads);
    if (!eap && error) return this.#refused(core, refusal(error, phase, true).message);
    if (!eap) return this.#fail(core, 'PROTOCOL_ERROR', 'the gateway left EAP without ending it', true);
    return this.#judged(core, sa, this.#peer.take(eap.packet));
  }

  #judged(core: Core, sa: IkeSa, outcome: EapOutcome): Outcome {
    switch (outcome.kind) {
      case 'respond':
        core.note('auth', `EAP: ${outcome.note}`);
        this.#next = { kind: 'EAP', packet: outcome.packet };
        return MORE;
      case 'refused':
        return this.#refused(core, outcome.message, outcome.account);
      case 'ask':
        this.#ask(core, sa, outcome);
        return WAIT;
      case 'broken':
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

  #succeeded(core: Core, sa: IkeSa, method: string, msk: Uint8Array | undefined): Outcome {
    if (!core.remoteId) throw new TypeError('EAP before the gateway has proved itself');
    const { ours, theirs } = eapProof(core, sa, core.remoteId, msk);
    wipe(msk);
    this.#expected = theirs;
    this.#next = { kind: 'AUTH', method: AuthMethod.PSK, data: ours };
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
    const genuine =
      auth?.method === AuthMethod.PSK &&
      this.#expected !== undefined &&
      equalConstantTime(auth.data, this.#expected);
    this.abandon();
    if (genuine) return completed(core, sa, this.#offer, payloads);
    const text = 'the gateway does not hold the key that EAP made';
    return this.#fail(core, 'PEER_AUTHENTICATION_FAILED', text, true);
  }

  /** The gateway has ended the IKE SA with its word: there is nobody to tell. */
  #refused(core: Core, message: string, account = false): Outcome {
    this.abandon();
    const reason = failure('AUTHENTICATION_FAILED', phase, message, true);
    endNow(core, account ? { ...reason, check: 'account' } : reason);
    return WAIT;
  }

  #fail(core: Core, code: FailureCode, message: string, authenticated: boolean): Outcome {
    this.abandon();
    beginClose(core, failure(code, phase, message, authenticated), notify(NotifyType.AUTHENTICATION_FAILED));
    return WAIT;
  }
}

const TABLE: ExchangeTable = { type: ExchangeType.IKE_AUTH, story: 'IKE_AUTH' };
