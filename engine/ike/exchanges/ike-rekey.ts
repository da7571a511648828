/**
 * Rekeying the IKE SA as initiator (RFC 7296 §1.3.2, §2.8, §2.18). The new SA inherits the children; the one who
 * rekeyed deletes the old. Of two SAs from crossing rekeys the one with the lowest nonce goes (§2.8.1).
 */
import type { IkeSpi, Millis } from '../../base/brand.ts';
import { fromHex, toHex, wipe } from '../../base/bytes.ts';
import { findError } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { takeOver } from '../ike-takeover.ts';
import { type Nonces, rekeySkeyseed } from '../keymat.ts';
import { begin } from '../lifecycle.ts';
import { forgottenTooOften, OwnFollowUps } from '../own-follow-ups.ts';
import { OwnKeyExchange } from '../own-key-exchange.ts';
import { failure, refusal } from '../parts/failures.ts';
import { compareNonces, lowerNonce } from '../parts/nonces.ts';
import { single } from '../parts/pick.ts';
import { proposalsFor } from '../parts/private-use.ts';
import { type Chosen, keMethods, offer, readChoice } from '../parts/proposals.ts';
import { NONCE_LENGTH } from './child-create.ts';
import { ikeDelete } from './delete.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';
import { applyKeys, noteSuite } from './sa-init.ts';

const phase = 'CREATE_CHILD_SA';
const UNFINISHED_MS = 1000 as Millis;

/** What CREATE_CHILD_SA has brought, while additional key exchanges go on. */
interface Agreed {
  readonly chosen: Chosen;
  /** The responder's. */
  readonly spi: IkeSpi;
  readonly nonces: Nonces;
  readonly shared: Uint8Array;
}

export class IkeRekey implements Exchange {
  readonly key = 'rekey-ike';
  readonly #cause: string;
  #ke: OwnKeyExchange | undefined;
  #nonce: Uint8Array = new Uint8Array(0);
  #spi: IkeSpi | undefined;
  #begun = 0;
  #followUps: OwnFollowUps | undefined;
  #agreed: Agreed | undefined;
  /** The peer's rekey of the same SA, answered while ours was under way; it may still wait for further keys. */
  collision: { readonly made: IkeSa | undefined; readonly lowest: Uint8Array } | undefined;

  constructor(cause: string) {
    this.#cause = cause;
  }

  get table(): ExchangeTable {
    return this.#followUps?.table ?? TABLE;
  }

  /** Past its CREATE_CHILD_SA: a rekey of the peer is too late to collide. */
  get following(): boolean {
    return this.#followUps !== undefined;
  }

  request(core: Core, sa: IkeSa): readonly Payload[] | undefined {
    if (sa.replaced || core.ending) return undefined;
    if (this.#followUps) return this.#followUps.payloads(core);
    if (core.peerFollowUps.has('child')) {
      // The pair that the peer is making belongs to this SA.
      core.enqueue(this, UNFINISHED_MS);
      return undefined;
    }
    const groups = ikeGroups(core);
    const current = sa.crypt?.keMethod ?? 0;
    this.#ke ??= new OwnKeyExchange(groups.includes(current) ? current : (groups[0] ?? 0));
    this.#nonce = core.context.random(NONCE_LENGTH);
    this.#spi = core.freshIkeSpi();
    this.#begun = core.now;
    core.setState('REKEYING');
    core.note('rekey', `rekeying the IKE SA: ${this.#cause}`, 'info', {
      what: 'ike',
      by: 'us',
      cause: this.#cause,
      done: false,
    });
    return [this.#offer(core), { kind: 'Nonce', data: this.#nonce }, ...this.#ke.payloads(core)];
  }

  #offer(core: Core): ReturnType<typeof offer> {
    return offer(proposalsFor(core, core.config.proposals), 'ike', fromHex(this.#spi ?? ''));
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (error) {
      if (core.peerFollowUps.has('ike')) return this.#done();
      const rival = this.collision?.made;
      if (rival && !rival.gone) {
        // The peer was through with its own rekey when ours came: its SA stands.
        takeOver(core, sa, rival, false);
        return this.#done();
      }
      if (error.type === NotifyType.INVALID_KE_PAYLOAD && this.#ke?.change(error.data, ikeGroups(core)))
        return { kind: 'again', why: 'invalid-ke' };
      const reason = refusal(error, phase, true);
      if (error.type === NotifyType.STATE_NOT_FOUND && forgottenTooOften(core))
        return { kind: 'close', failure: reason };
      return this.#failed(core, reason);
    }
    return this.#followUps ? this.#followed(core, sa, payloads) : this.#answered(core, sa, payloads);
  }

  #answered(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const answer = single(payloads, 'SA');
    const nonce = single(payloads, 'Nonce');
    const choice = answer && readChoice(answer, this.#offer(core), 'ike', 8);
    const broken = (why: string): Outcome =>
      this.#failed(
        core,
        failure('PROTOCOL_ERROR', phase, `the answer to the rekey of the IKE SA ${why}`, true),
      );
    if (!choice || !nonce || !this.#ke || !this.#spi) return broken('lacks SA or nonce');
    if (!choice.ok) return broken(choice.why);
    const spi = toHex(choice.chosen.spi) as IkeSpi;
    if (/^0+$/.test(spi)) return broken('has no SPI');
    const ke = this.#ke.finish(single(payloads, 'KE'), choice.chosen.keMethod);
    if (!ke.ok || !ke.shared) return broken(ke.ok ? 'has no key exchange' : ke.why);
    const nonces = { initiator: this.#nonce, responder: nonce.data };
    const agreed: Agreed = { chosen: choice.chosen, spi, nonces, shared: ke.shared };
    const { additional } = choice.chosen;
    if (additional.length === 0) return this.#make(core, sa, agreed, []);
    const followUps = OwnFollowUps.begin(additional, payloads, ke.shared, TABLE.story);
    if (!followUps) return broken('does not go on with the additional key exchanges that it chose');
    if (this.#loses(agreed)) {
      core.note('rekey', 'both sides rekey the IKE SA: ours has the lowest nonce and is not finished');
      followUps.abandon();
      const rival = this.collision?.made;
      if (rival && !rival.gone) takeOver(core, sa, rival, false);
      return this.#done();
    }
    // Its maker has seen the same nonces and goes no further.
    if (this.collision) core.peerFollowUps.drop(core);
    this.#followUps = followUps;
    this.#agreed = agreed;
    return { kind: 'again', why: 'next-key-exchange' };
  }

  #followed(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const taken = this.#followUps?.take(payloads);
    if (!this.#agreed || !taken) return this.#done();
    // The end does not wait for the rest; what the peer has finished is finished here too.
    if (taken.kind === 'more')
      return core.ending ? this.#done() : { kind: 'again', why: 'next-key-exchange' };
    if (taken.kind === 'done') return this.#make(core, sa, this.#agreed, taken.secrets);
    const text = `the answer to an additional key exchange ${taken.why}`;
    return this.#failed(core, failure('PROTOCOL_ERROR', phase, text, true));
  }

  #loses({ nonces }: Agreed): boolean {
    const lowest = lowerNonce(nonces.initiator, nonces.responder);
    return this.collision !== undefined && compareNonces(lowest, this.collision.lowest) < 0;
  }

  #make(core: Core, sa: IkeSa, agreed: Agreed, more: readonly Uint8Array[]): Outcome {
    const { chosen, spi, nonces, shared } = agreed;
    const made = makeRekeyedSa(core, sa, true, this.#spi ?? spi, spi, chosen, nonces, shared, more);
    core.followUpsForgotten = 0;
    const { collision } = this;
    if (collision && this.#loses(agreed)) {
      core.note('rekey', 'both sides rekeyed the IKE SA: ours has the lowest nonce and goes');
      made.replaced = true;
      if (collision.made && !collision.made.gone) takeOver(core, sa, collision.made, false);
      begin(core, made, ikeDelete());
      return DONE;
    }
    if (collision?.made && !collision.made.gone) {
      core.note('rekey', "both sides rekeyed the IKE SA: the peer's has the lowest nonce and goes");
      takeOver(core, collision.made, made, false);
    }
    takeOver(core, sa, made, false);
    noteSuite(core, chosen);
    const durationMs = Math.round(core.now - this.#begun);
    core.note('rekey', `IKE SA rekeyed in ${durationMs} ms`, 'info', {
      what: 'ike',
      by: 'us',
      cause: this.#cause,
      done: true,
      durationMs,
    });
    begin(core, sa, ikeDelete());
    return DONE;
  }

  abandon(): void {
    this.#ke?.abandon();
    this.#followUps?.abandon();
    this.#followUps = undefined;
    this.#agreed = undefined;
  }

  #done(): Outcome {
    this.abandon();
    return DONE;
  }

  #failed(core: Core, reason: ReturnType<typeof refusal>): Outcome {
    this.abandon();
    this.#ke = undefined;
    if (core.state === 'REKEYING') core.setState('ESTABLISHED');
    return { kind: 'failed', failure: reason, retry: true };
  }
}

export const ikeGroups = (core: Core): number[] => keMethods(proposalsFor(core, core.config.proposals));

/** The peer began to rekey the IKE SA and went no further. */
export function rekeyLeftUndone(core: Core): void {
  if (core.state !== 'REKEYING' || core.current?.window.flight?.exchange instanceof IkeRekey) return;
  core.setState('ESTABLISHED');
  if (core.rekeyAt !== undefined && core.rekeyAt <= core.now)
    core.enqueue(new IkeRekey('the peer did not finish its own'));
}

/** The new SA, keyed from the old one's SK_d (§2.18, RFC 9370 §2.2.4); all secrets are wiped. */
export function makeRekeyedSa(
  core: Core,
  old: IkeSa,
  initiator: boolean,
  spiInitiator: IkeSpi,
  spiResponder: IkeSpi,
  chosen: Chosen,
  nonces: Nonces,
  shared: Uint8Array,
  more: readonly Uint8Array[] = [],
): IkeSa {
  if (!old.crypt) throw new TypeError('an SA without keys cannot be rekeyed');
  const seed = rekeySkeyseed(core.context.crypto, old.crypt.prf, old.crypt.skD, nonces, shared, more);
  wipe(shared, ...more);
  const made = core.addSa(initiator, spiInitiator, spiResponder, old.generation + 1);
  const { ourSkP, peerSkP } = applyKeys(core, made, chosen, nonces, seed);
  wipe(ourSkP, peerSkP);
  return made;
}

const TABLE: ExchangeTable = { type: ExchangeType.CREATE_CHILD_SA, story: 'rekeying the IKE SA' };
