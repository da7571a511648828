/** CREATE_CHILD_SA for a further child (RFC 7296 §1.3.1), as initiator. */
import type { Failure } from '../../base/failure.ts';
import { findError } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import {
  type AgreedPair,
  type ChildOffer,
  childOffer,
  offerPayloads,
  readChildAnswer,
} from '../child-negotiation.ts';
import { installPair } from '../children.ts';
import type { ChildConfig } from '../contract.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { forgottenTooOften, OwnFollowUps } from '../own-follow-ups.ts';
import { OwnKeyExchange } from '../own-key-exchange.ts';
import { failure, refusal } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { proposalsFor } from '../parts/private-use.ts';
import { keMethods } from '../parts/proposals.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';

const phase = 'CREATE_CHILD_SA';
export const NONCE_LENGTH = 32;

/** @param vital without it the IKE SA is of no use, and ends */
export function childCreate(config: ChildConfig, vital = false): Exchange {
  return new ChildCreate(config, vital);
}

class ChildCreate implements Exchange {
  readonly key: string;
  readonly #config: ChildConfig;
  readonly #vital: boolean;
  #ke: OwnKeyExchange | undefined;
  #nonce: Uint8Array = new Uint8Array(0);
  #offer: ChildOffer | undefined;
  #followUps: OwnFollowUps | undefined;
  #agreed: AgreedPair | undefined;

  constructor(config: ChildConfig, vital: boolean) {
    this.#config = config;
    this.#vital = vital;
    this.key = `create-child/${config.name}`;
  }

  get table(): ExchangeTable {
    return this.#followUps?.table ?? TABLE;
  }

  request(core: Core): readonly Payload[] | undefined {
    if (this.#followUps) return this.#followUps.payloads(core);
    // The peer may have made it meanwhile.
    if (
      [...core.children.values()].some((c) => c.config.name === this.#config.name && c.state === 'INSTALLED')
    )
      return undefined;
    this.#ke ??= new OwnKeyExchange(groupsOf(core, this.#config)[0] ?? 0);
    this.#nonce = core.context.random(NONCE_LENGTH);
    this.#offer = childOffer(core, this.#config, 'child');
    const { sa, rest } = offerPayloads(this.#offer);
    return [sa, { kind: 'Nonce', data: this.#nonce }, ...this.#ke.payloads(core), ...rest];
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (!error)
      return this.#followUps ? this.#followed(core, sa, payloads) : this.#answered(core, sa, payloads);
    if (
      error.type === NotifyType.INVALID_KE_PAYLOAD &&
      this.#ke?.change(error.data, groupsOf(core, this.#config))
    )
      return { kind: 'again', why: 'invalid-ke' };
    const reason = refusal(error, phase, true);
    const forgotten = error.type === NotifyType.STATE_NOT_FOUND;
    if (forgotten && forgottenTooOften(core)) return { kind: 'close', failure: reason };
    const retry = forgotten || error.type === NotifyType.TEMPORARY_FAILURE;
    this.abandon();
    if (forgotten) this.#ke = undefined;
    return retry ? { kind: 'failed', failure: reason, retry } : this.#failed(core, reason);
  }

  #answered(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    if (!this.#offer || !this.#ke) throw new TypeError('an answer without a request');
    const judged = readChildAnswer(this.#offer, payloads, phase);
    const nonce = single(payloads, 'Nonce');
    const ke = judged.ok
      ? this.#ke.finish(single(payloads, 'KE'), judged.agreement.chosen.keMethod)
      : undefined;
    if (!judged.ok || !nonce || !ke?.ok) {
      const why = ke && !ke.ok ? ke.why : 'lacks a nonce';
      return this.#broken(core, judged.ok ? why : judged.failure);
    }
    if (core.deletedEarly.has(judged.agreement.spiOut))
      return { kind: 'failed', failure: deletedAtOnce(this.#config.name), retry: true };
    const agreed: AgreedPair = {
      agreement: judged.agreement,
      nonces: { initiator: this.#nonce, responder: nonce.data },
      shared: ke.shared,
    };
    const { additional } = judged.agreement.chosen;
    if (additional.length === 0) return this.#make(core, sa, agreed, []);
    this.#followUps = OwnFollowUps.begin(additional, payloads, ke.shared, TABLE.story);
    this.#agreed = agreed;
    return this.#followUps
      ? { kind: 'again', why: 'next-key-exchange' }
      : this.#broken(core, 'does not go on with the additional key exchanges that it chose');
  }

  #followed(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const taken = this.#followUps?.take(payloads);
    if (!this.#agreed || !taken || (core.ending && taken.kind === 'more')) {
      this.abandon();
      return DONE;
    }
    if (taken.kind === 'more') return { kind: 'again', why: 'next-key-exchange' };
    if (taken.kind === 'done') return this.#make(core, sa, this.#agreed, taken.secrets);
    return this.#broken(core, taken.why);
  }

  #broken(core: Core, why: string | Failure): Outcome {
    const text = `the peer's answer for ${this.#config.name} ${why}`;
    const reason = typeof why === 'string' ? failure('PROTOCOL_ERROR', phase, text, true) : why;
    return this.#failed(core, reason);
  }

  #failed(core: Core, reason: Failure): Outcome {
    if (this.#vital) return { kind: 'close', failure: reason };
    core.emit({ kind: 'child-failed', name: this.#config.name, failure: reason });
    return { kind: 'failed', failure: reason, retry: false };
  }

  #make(core: Core, sa: IkeSa, agreed: AgreedPair, more: readonly Uint8Array[]): Outcome {
    core.followUpsForgotten = 0;
    installPair(core, sa, {
      ...agreed.agreement,
      nonces: agreed.nonces,
      shared: agreed.shared,
      more,
      initiator: true,
      outbound: 'now',
      replaces: undefined,
      generation: 0,
    });
    return DONE;
  }

  abandon(): void {
    this.#ke?.abandon();
    this.#followUps?.abandon();
    this.#followUps = undefined;
    this.#agreed = undefined;
  }
}

/** The Delete overtook the answer that made the pair. */
export const deletedAtOnce = (name: string): Failure =>
  failure('PEER_DELETED', phase, `the peer deleted ${name} as soon as it was made`, true);

/** Methods of a child's proposals that work here; 0 among them means that it may go without. */
export const groupsOf = (core: Core, config: ChildConfig): number[] =>
  keMethods(proposalsFor(core, config.proposals));

const TABLE: ExchangeTable = { type: ExchangeType.CREATE_CHILD_SA, story: 'creating a CHILD_SA' };
