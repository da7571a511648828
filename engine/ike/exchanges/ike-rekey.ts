/**
 * Rekeying the IKE SA as initiator (RFC 7296 §1.3.2, §2.8, §2.18). The new SA inherits the children; the one who
 * rekeyed deletes the old. Of two SAs from crossing rekeys the one with the lowest nonce goes (§2.8.1).
 */
import type { IkeSpi } from '../../base/brand.ts';
import { fromHex, toHex, wipe } from '../../base/bytes.ts';
import { findError } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { takeOver } from '../ike-takeover.ts';
import { type Nonces, rekeySkeyseed } from '../keymat.ts';
import { begin } from '../lifecycle.ts';
import { OwnKeyExchange } from '../own-key-exchange.ts';
import { failure, refusal } from '../parts/failures.ts';
import { compareNonces, lowerNonce } from '../parts/nonces.ts';
import { single } from '../parts/pick.ts';
import { type Chosen, keMethods, offer, readChoice, supported } from '../parts/proposals.ts';
import { NONCE_LENGTH } from './child-create.ts';
import { ikeDelete } from './delete.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';
import { applyKeys, noteSuite } from './sa-init.ts';

const phase = 'CREATE_CHILD_SA';

export class IkeRekey implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'rekey-ike';
  readonly #cause: string;
  #ke: OwnKeyExchange | undefined;
  #nonce: Uint8Array = new Uint8Array(0);
  #spi: IkeSpi | undefined;
  #begun = 0;
  /** The peer's rekey of the same SA, answered while ours was under way. */
  collision: { readonly made: IkeSa; readonly lowest: Uint8Array } | undefined;

  constructor(cause: string) {
    this.#cause = cause;
  }

  request(core: Core, sa: IkeSa): readonly Payload[] | undefined {
    if (sa.replaced || core.ending) return undefined;
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
    return offer(supported(core.config.proposals, core.context.crypto), 'ike', fromHex(this.#spi ?? ''));
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (error) {
      const rival = this.collision?.made;
      if (rival && !rival.gone) {
        // The peer was through with its own rekey when ours came: its SA stands.
        takeOver(core, sa, rival, false);
        return this.#done();
      }
      if (error.type === NotifyType.INVALID_KE_PAYLOAD && this.#ke?.change(error.data, ikeGroups(core)))
        return { kind: 'again', why: 'invalid-ke' };
      return this.#failed(core, refusal(error, phase, true));
    }
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
    const made = makeRekeyedSa(core, sa, true, this.#spi, spi, choice.chosen, nonces, ke.shared);
    const { collision } = this;
    const lowest = lowerNonce(nonces.initiator, nonces.responder);
    if (collision && compareNonces(lowest, collision.lowest) < 0) {
      core.note('rekey', 'both sides rekeyed the IKE SA: ours has the lowest nonce and goes');
      made.replaced = true;
      if (!collision.made.gone) takeOver(core, sa, collision.made, false);
      begin(core, made, ikeDelete());
      return DONE;
    }
    if (collision && !collision.made.gone) {
      core.note('rekey', "both sides rekeyed the IKE SA: the peer's has the lowest nonce and goes");
      takeOver(core, collision.made, made, false);
    }
    takeOver(core, sa, made, false);
    noteSuite(core, choice.chosen);
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

export const ikeGroups = (core: Core): number[] =>
  keMethods(supported(core.config.proposals, core.context.crypto));

/** The new SA, keyed from the old one's SK_d (§2.18); `shared` is wiped. */
export function makeRekeyedSa(
  core: Core,
  old: IkeSa,
  initiator: boolean,
  spiInitiator: IkeSpi,
  spiResponder: IkeSpi,
  chosen: Chosen,
  nonces: Nonces,
  shared: Uint8Array,
): IkeSa {
  if (!old.crypt) throw new TypeError('an SA without keys cannot be rekeyed');
  const seed = rekeySkeyseed(core.context.crypto, old.crypt.prf, old.crypt.skD, nonces, shared);
  wipe(shared);
  const made = core.addSa(initiator, spiInitiator, spiResponder, old.generation + 1);
  const { ourSkP, peerSkP } = applyKeys(core, made, chosen, nonces, seed);
  wipe(ourSkP, peerSkP);
  return made;
}

const TABLE: ExchangeTable = { type: ExchangeType.CREATE_CHILD_SA, story: 'rekeying the IKE SA' };
