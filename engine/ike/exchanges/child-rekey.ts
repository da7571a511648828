/**
 * Rekeying a CHILD_SA as initiator (RFC 7296 §1.3.3, §2.8): the new pair carries traffic before the old one is
 * deleted. When the peer rekeyed the same pair at the same time, the pair with the lowest of the four nonces is
 * redundant, and its maker deletes it (§2.8.1).
 */
import type { Millis } from '../../base/brand.ts';
import type { Failure } from '../../base/failure.ts';
import { findError, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType, Protocol } from '../../wire/registry.ts';
import type { Child } from '../child.ts';
import {
  type AgreedPair,
  type ChildOffer,
  childOffer,
  offerPayloads,
  readChildAnswer,
} from '../child-negotiation.ts';
import { installPair, isSucceeded, markRedundant, removePair, spiBytes } from '../children.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { forgottenTooOften, OwnFollowUps } from '../own-follow-ups.ts';
import { OwnKeyExchange } from '../own-key-exchange.ts';
import { failure, refusal } from '../parts/failures.ts';
import { compareNonces, lowerNonce } from '../parts/nonces.ts';
import { single } from '../parts/pick.ts';
import { childCreate, deletedAtOnce, groupsOf, NONCE_LENGTH } from './child-create.ts';
import { childDelete } from './delete.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';

const phase = 'CREATE_CHILD_SA';
const UNCONFIRMED_MS = 1000 as Millis;
/** Longer than additional key exchanges may take. */
const LEFT_MS = 25_000 as Millis;

export class ChildRekey implements Exchange {
  readonly key: string;
  readonly id: number;
  readonly #cause: string;
  readonly #rehearsal: boolean;
  #ke: OwnKeyExchange | undefined;
  #nonce: Uint8Array = new Uint8Array(0);
  #offer: ChildOffer | undefined;
  #generation: Child | undefined;
  #begun = 0;
  #withoutKe = false;
  #reported = false;
  #followUps: OwnFollowUps | undefined;
  #agreed: AgreedPair | undefined;
  /** The peer's rekey of the same pair, answered while ours was under way; it may still wait for further keys. */
  collision: { readonly made: number | undefined; readonly lowest: Uint8Array } | undefined;

  constructor(id: number, cause: string, isRehearsal = false) {
    this.id = id;
    this.key = `rekey-child/${id}`;
    this.#cause = cause;
    this.#rehearsal = isRehearsal;
  }

  get table(): ExchangeTable {
    return this.#followUps?.table ?? TABLE;
  }

  /** Past its CREATE_CHILD_SA: a rekey of the peer is too late to collide. */
  get following(): boolean {
    return this.#followUps !== undefined;
  }

  request(core: Core): readonly Payload[] | undefined {
    if (this.#followUps) return this.#followUps.payloads(core);
    const old = core.children.get(this.id);
    if (!old || isSucceeded(core, old)) return undefined;
    if (old.redundant || old.state === 'DELETING') return undefined;
    if (old.waiting || core.peerFollowUps.has('child', this.id)) {
      // The peer made it and may not have our answer yet, or rekeys it itself.
      core.enqueue(this, UNCONFIRMED_MS);
      return undefined;
    }
    old.state = 'REKEYING';
    this.#generation = old;
    this.#begun = core.now;
    const groups = groupsOf(core, old.config);
    const first = groups.includes(old.keMethod) && old.keMethod !== 0 ? old.keMethod : (groups[0] ?? 0);
    this.#ke ??= new OwnKeyExchange(first);
    this.#nonce = core.context.random(NONCE_LENGTH);
    this.#offer = childOffer(core, old.config, this.#withoutKe ? 'none' : 'child', old);
    const { sa, rest } = offerPayloads(this.#offer);
    const ke = this.#withoutKe ? [] : this.#ke.payloads(core);
    core.note('rekey', `rekeying CHILD_SA ${old.config.name}: ${this.#cause}`, 'info', {
      what: 'child',
      child: old.config.name,
      by: 'us',
      cause: this.#cause,
      done: false,
    });
    return [
      notify(NotifyType.REKEY_SA, new Uint8Array(0), Protocol.ESP, spiBytes(old.spiIn)),
      sa,
      { kind: 'Nonce', data: this.#nonce },
      ...ke,
      ...rest,
    ];
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (error) return this.#refused(core, error.type, error.data, refusal(error, phase, true));
    return this.#followUps ? this.#followed(core, sa, payloads) : this.#answered(core, sa, payloads);
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
      const reason = judged.ok
        ? failure('PROTOCOL_ERROR', phase, `the answer to a rekey ${why}`, true)
        : judged.failure;
      return this.#failed(core, reason, false);
    }
    if (core.deletedEarly.has(judged.agreement.spiOut))
      return this.#failed(core, deletedAtOnce(judged.agreement.config.name), true);
    const agreed: AgreedPair = {
      agreement: judged.agreement,
      nonces: { initiator: this.#nonce, responder: nonce.data },
      shared: ke.shared,
    };
    const { additional } = judged.agreement.chosen;
    if (additional.length === 0) return this.#make(core, sa, agreed, []);
    const followUps = OwnFollowUps.begin(additional, payloads, ke.shared, TABLE.story);
    if (!followUps) {
      const text = 'the answer to a rekey does not go on with the additional key exchanges that it chose';
      return this.#failed(core, failure('PROTOCOL_ERROR', phase, text, true), false);
    }
    if (this.#loses(agreed)) {
      core.note('rekey', 'both sides rekey the CHILD_SA: ours has the lowest nonce and is not finished');
      followUps.abandon();
      return this.#leaveToPeer(core);
    }
    if (this.collision) this.#dropRival(core);
    this.#followUps = followUps;
    this.#agreed = agreed;
    return { kind: 'again', why: 'next-key-exchange' };
  }

  #followed(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const taken = this.#followUps?.take(payloads);
    if (!this.#agreed || !taken || (core.ending && taken.kind === 'more')) {
      this.abandon();
      return DONE;
    }
    if (taken.kind === 'more') return { kind: 'again', why: 'next-key-exchange' };
    if (taken.kind === 'done') return this.#make(core, sa, this.#agreed, taken.secrets);
    const text = `the answer to an additional key exchange ${taken.why}`;
    return this.#failed(core, failure('PROTOCOL_ERROR', phase, text, true), false);
  }

  #loses({ nonces }: AgreedPair): boolean {
    const lowest = lowerNonce(nonces.initiator, nonces.responder);
    return this.collision !== undefined && compareNonces(lowest, this.collision.lowest) < 0;
  }

  /** The peer has seen the same nonces and does not finish a rekey that lost. */
  #dropRival(core: Core): void {
    core.peerFollowUps.drop(core, (what) => what.kind === 'child' && what.replaces === this.id);
  }

  /** The peer's rekey of the pair counts; should it not come to its end, another of ours follows. */
  #leaveToPeer(core: Core): Outcome {
    this.abandon();
    const old = core.children.get(this.id);
    const rival = this.#rival(core);
    if (old && rival) {
      old.successor = rival.id;
      old.state = 'REKEYED';
    } else if (old) core.enqueue(new ChildRekey(this.id, 'the peer did not finish its own'), LEFT_MS);
    return DONE;
  }

  #rival(core: Core): Child | undefined {
    return this.collision?.made === undefined ? undefined : core.children.get(this.collision.made);
  }

  #make(core: Core, sa: IkeSa, agreed: AgreedPair, more: readonly Uint8Array[]): Outcome {
    const old = core.children.get(this.id);
    const rival = this.#rival(core);
    const lost = this.#loses(agreed);
    core.followUpsForgotten = 0;
    const made = installPair(core, sa, {
      ...agreed.agreement,
      narrowed: this.#generation?.narrowed ?? agreed.agreement.narrowed,
      nonces: agreed.nonces,
      shared: agreed.shared,
      more,
      initiator: true,
      outbound: lost ? 'later' : 'now',
      replaces: lost ? undefined : old,
      generation: (this.#generation?.generation ?? 0) + 1,
    });
    if (lost) {
      core.note('rekey', 'both sides rekeyed the CHILD_SA: ours has the lowest nonce and goes');
      markRedundant(core, made);
      core.enqueueFirst(childDelete(made.id, 'replaced', false));
      return this.#leaveToPeer(core);
    }
    if (this.collision) this.#dropRival(core);
    if (rival) {
      core.note('rekey', "both sides rekeyed the CHILD_SA: the peer's has the lowest nonce and goes");
      markRedundant(core, rival);
    }
    if (old) {
      old.successor = made.id;
      old.state = 'REKEYED';
      core.enqueueFirst(childDelete(old.id, 'replaced', false));
    }
    const durationMs = Math.round(core.now - this.#begun);
    core.note('rekey', `CHILD_SA ${made.config.name} rekeyed in ${durationMs} ms`, 'info', {
      what: 'child',
      child: made.config.name,
      by: 'us',
      cause: this.#cause,
      done: true,
      durationMs,
    });
    return DONE;
  }

  abandon(): void {
    this.#ke?.abandon();
    this.#followUps?.abandon();
    this.#followUps = undefined;
    this.#agreed = undefined;
  }

  #refused(core: Core, type: number, data: Uint8Array, reason: ReturnType<typeof refusal>): Outcome {
    const old = core.children.get(this.id);
    const rival = this.#rival(core);
    if (old && rival) {
      old.successor = rival.id;
      old.state = 'REKEYED';
    }
    if (!old || isSucceeded(core, old)) {
      this.abandon();
      return DONE;
    }
    if (core.peerFollowUps.has('child', this.id)) return this.#leaveToPeer(core);
    if (type === NotifyType.STATE_NOT_FOUND && forgottenTooOften(core))
      return { kind: 'close', failure: reason };
    if (type === NotifyType.INVALID_KE_PAYLOAD && this.#ke?.change(data, groupsOf(core, old.config))) {
      core.note('rekey', 'the peer wants another key exchange for the CHILD_SA');
      return { kind: 'again', why: 'invalid-ke' };
    }
    if (type === NotifyType.CHILD_SA_NOT_FOUND) {
      // The peer has lost it: nothing sent on it arrives (§2.25.1).
      core.note('rekey', 'the peer does not know the CHILD_SA: making a new one', 'warn');
      removePair(core, old, 'peer-deleted');
      core.enqueue(childCreate(old.config));
      return DONE;
    }
    // A proposal that lists "no key exchange" allows to go without.
    if (
      type === NotifyType.NO_PROPOSAL_CHOSEN &&
      !this.#withoutKe &&
      groupsOf(core, old.config).includes(0)
    ) {
      this.#withoutKe = true;
      this.abandon();
      this.#ke = new OwnKeyExchange(0);
      return { kind: 'again', why: 'invalid-ke' };
    }
    return this.#failed(core, reason, true);
  }

  /** The old pair lives on until its hard end; until then rekeying is tried again. */
  #failed(core: Core, reason: ReturnType<typeof refusal>, retry: boolean): Outcome {
    const old = core.children.get(this.id);
    if (old?.state === 'REKEYING') old.state = 'INSTALLED';
    if (old && reason.code !== 'TEMPORARY_FAILURE' && !this.#reported) {
      this.#reported = true;
      core.emit({ kind: 'child-failed', name: old.config.name, failure: this.#told(reason) });
    }
    this.abandon();
    this.#ke = undefined;
    this.#withoutKe = false;
    return { kind: 'failed', failure: reason, retry: retry && !this.#rehearsed(reason) };
  }

  /** A refusal was all that the rehearsal wanted to know; a peer that is busy has said nothing yet. */
  #rehearsed({ code }: Failure): boolean {
    return this.#rehearsal && code !== 'TEMPORARY_FAILURE';
  }

  #told(reason: Failure): Failure {
    return this.#rehearsal ? { ...reason, check: REHEARSAL } : reason;
  }
}

/** The cause of a rekey that is made to see whether it works, and the check that its failure names. */
export const REHEARSAL = 'rehearsal';

export const rehearsal = (id: number): ChildRekey => new ChildRekey(id, REHEARSAL, true);

const TABLE: ExchangeTable = { type: ExchangeType.CREATE_CHILD_SA, story: 'rekeying a CHILD_SA' };
