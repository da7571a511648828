/**
 * IKE_INTERMEDIATE (RFC 9242) for additional key exchanges (RFC 9370 §2.2.2), as initiator and as responder: one
 * exchange a method between IKE_SA_INIT and IKE_AUTH. Each is protected by the keys of the one before, and replaces
 * them.
 */
import { wipe } from '../../base/bytes.ts';
import { CryptoError } from '../../crypto/port.ts';
import { keyExchangeName } from '../../crypto/suites.ts';
import { findError, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { extendIntAuth, receivedOctets, sentOctets } from '../int-auth.ts';
import { rekeySkeyseed } from '../keymat.ts';
import { begin, endNow } from '../lifecycle.ts';
import { OwnKeyExchange } from '../own-key-exchange.ts';
import { failure, refusal } from '../parts/failures.ts';
import { single } from '../parts/pick.ts';
import { headerOf } from '../transport.ts';
import { startAuth } from './auth.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';
import { applyKeys } from './sa-init.ts';

const phase = 'IKE_SA_INIT';

/** Follows IKE_SA_INIT: what was agreed beyond its own key exchange, then IKE_AUTH. */
export function afterSaInit(core: Core, sa: IkeSa): void {
  if (core.handshake && core.handshake.additional.length > 0) begin(core, sa, new Intermediate());
  else startAuth(core, sa);
}

class Intermediate implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'intermediate';
  #ke: OwnKeyExchange | undefined;
  #method = 0;
  #sent: Uint8Array = new Uint8Array(0);

  request(core: Core, sa: IkeSa): readonly Payload[] | undefined {
    this.#method = core.handshake?.additional.shift() ?? 0;
    this.#ke = new OwnKeyExchange(this.#method);
    const payloads = this.#ke.payloads(core);
    this.#sent = sentOctets(headerOf(sa, TABLE.type, false, sa.window.peekId()), payloads);
    return payloads;
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (error) {
      this.abandon();
      return { kind: 'close', failure: refusal(error, phase, false) };
    }
    const ke = this.#ke?.finish(single(payloads, 'KE'), this.#method);
    if (!ke?.ok || !ke.shared || !core.opened) {
      const why = ke && !ke.ok ? ke.why : 'has no key exchange';
      const text = `the answer to IKE_INTERMEDIATE ${why}`;
      return { kind: 'close', failure: failure('PROTOCOL_ERROR', phase, text, false) };
    }
    extendIntAuth(core, sa, this.#sent, receivedOctets(core.opened));
    nextKeys(core, sa, this.#method, ke.shared);
    if (core.handshake && core.handshake.additional.length > 0)
      return { kind: 'again', why: 'next-key-exchange' };
    startAuth(core, sa);
    return DONE;
  }

  abandon(): void {
    this.#ke?.abandon();
  }
}

/** The responder's part. Answers first, with the keys that the request came with, then takes the new ones. */
export function answerIntermediate(
  core: Core,
  sa: IkeSa,
  payloads: readonly Payload[],
  respond: (answer: readonly Payload[]) => void,
): void {
  const { handshake, opened } = core;
  const messageId = sa.window.pending?.messageId;
  const method = handshake?.additional[0];
  const ke = single(payloads, 'KE');
  const refuse = (text: string): void => {
    respond([notify(NotifyType.INVALID_SYNTAX)]);
    endNow(core, failure('PROTOCOL_ERROR', phase, text, false));
  };
  if (!handshake || !opened || messageId === undefined || method === undefined || ke?.method !== method) {
    refuse('the peer does not run the additional key exchanges that were agreed on');
    return;
  }
  let answer: { readonly publicValue: Uint8Array; readonly shared: Uint8Array };
  try {
    answer = core.context.crypto.answerKeyExchange(method, ke.data, core.context.random);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    refuse(error.message);
    return;
  }
  handshake.additional.shift();
  const ours: Payload[] = [{ kind: 'KE', method, data: answer.publicValue }];
  const sent = sentOctets(headerOf(sa, TABLE.type, true, messageId), ours);
  respond(ours);
  extendIntAuth(core, sa, sent, receivedOctets(opened));
  nextKeys(core, sa, method, answer.shared);
}

/** SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), and all SK_* anew from it; `shared` is wiped. */
function nextKeys(core: Core, sa: IkeSa, method: number, shared: Uint8Array): void {
  const { handshake } = core;
  const old = sa.crypt;
  if (!handshake || !old) throw new TypeError('IKE_INTERMEDIATE before IKE_SA_INIT');
  const { ourNonce, peerNonce } = handshake;
  const nonces = sa.initiator
    ? { initiator: ourNonce, responder: peerNonce }
    : { initiator: peerNonce, responder: ourNonce };
  const seed = rekeySkeyseed(core.context.crypto, old.prf, old.skD, nonces, shared);
  const { ourSkP, peerSkP } = applyKeys(core, sa, old, nonces, seed);
  wipe(shared, old.skD, handshake.ourSkP, handshake.peerSkP);
  handshake.ourSkP = ourSkP;
  handshake.peerSkP = peerSkP;
  // The answer of this round may have to be repeated with its own keys.
  if (sa.window.answered?.protection !== old.protection) old.protection.destroy();
  core.note('message', `${keyExchangeName(method)} is in the keys of the IKE SA`);
}

const TABLE: ExchangeTable = { type: ExchangeType.IKE_INTERMEDIATE, story: 'IKE_INTERMEDIATE' };
