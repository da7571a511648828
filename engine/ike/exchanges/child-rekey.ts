/**
 * Rekeying a CHILD_SA as initiator (RFC 7296 §1.3.3, §2.8): the new pair carries traffic before the old one is
 * deleted. When the peer rekeyed the same pair at the same time, the pair with the lowest of the four nonces is
 * redundant, and its maker deletes it (§2.8.1).
 */
import type { Millis } from '../../base/brand.ts';
import { findError, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType, Protocol } from '../../wire/registry.ts';
import type { Child } from '../child.ts';
import { type ChildOffer, childOffer, offerPayloads, readChildAnswer } from '../child-negotiation.ts';
import { installPair, isSucceeded, markRedundant, removePair, spiBytes } from '../children.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { OwnKeyExchange } from '../own-key-exchange.ts';
import { failure, refusal } from '../parts/failures.ts';
import { compareNonces, lowerNonce } from '../parts/nonces.ts';
import { single } from '../parts/pick.ts';
import { childCreate, deletedAtOnce, groupsOf, NONCE_LENGTH } from './child-create.ts';
import { childDelete } from './delete.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';

const phase = 'CREATE_CHILD_SA';
const UNCONFIRMED_MS = 1000 as Millis;

export class ChildRekey implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key: string;
  readonly id: number;
  readonly #cause: string;
  #ke: OwnKeyExchange | undefined;
  #nonce: Uint8Array = new Uint8Array(0);
  #offer: ChildOffer | undefined;
  #generation: Child | undefined;
  #begun = 0;
  #withoutKe = false;
  #reported = false;
  /** The peer's rekey of the same pair, answered while ours was under way. */
  collision: { readonly made: number; readonly lowest: Uint8Array } | undefined;

  constructor(id: number, cause: string) {
    this.id = id;
    this.key = `rekey-child/${id}`;
    this.#cause = cause;
  }

  request(core: Core): readonly Payload[] | undefined {
    const old = core.children.get(this.id);
    if (!old || isSucceeded(core, old)) return undefined;
    if (old.redundant || old.state === 'DELETING') return undefined;
    if (old.waiting) {
      // The peer made it and may not have our answer yet: it would not know what is meant.
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
    const nonces = { initiator: this.#nonce, responder: nonce.data };
    const old = core.children.get(this.id);
    const { collision } = this;
    const rival = collision && core.children.get(collision.made);
    const lost =
      collision !== undefined &&
      compareNonces(lowerNonce(nonces.initiator, nonces.responder), collision.lowest) < 0;
    const made = installPair(core, sa, {
      ...judged.agreement,
      narrowed: this.#generation?.narrowed ?? judged.agreement.narrowed,
      nonces,
      shared: ke.shared,
      initiator: true,
      outbound: lost ? 'later' : 'now',
      replaces: lost ? undefined : old,
      generation: (this.#generation?.generation ?? 0) + 1,
    });
    if (lost) {
      core.note('rekey', 'both sides rekeyed the CHILD_SA: ours has the lowest nonce and goes');
      markRedundant(core, made);
      if (old && rival) old.successor = rival.id;
      if (old) old.state = 'REKEYED';
      core.enqueueFirst(childDelete(made.id, 'replaced', false));
      return DONE;
    }
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
  }

  #refused(core: Core, type: number, data: Uint8Array, reason: ReturnType<typeof refusal>): Outcome {
    const old = core.children.get(this.id);
    const rival = this.collision && core.children.get(this.collision.made);
    if (old && rival) {
      old.successor = rival.id;
      old.state = 'REKEYED';
    }
    if (!old || isSucceeded(core, old)) {
      this.abandon();
      return DONE;
    }
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
      core.emit({ kind: 'child-failed', name: old.config.name, failure: reason });
    }
    this.abandon();
    this.#ke = undefined;
    this.#withoutKe = false;
    return { kind: 'failed', failure: reason, retry };
  }
}

const TABLE: ExchangeTable = { type: ExchangeType.CREATE_CHILD_SA, story: 'rekeying a CHILD_SA' };
