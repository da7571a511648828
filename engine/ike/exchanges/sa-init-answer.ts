/** IKE_SA_INIT as responder (RFC 7296 §1.2). Nothing is kept of a request that is refused. */
import type { MessageId } from '../../base/brand.ts';
import { after, seconds } from '../../base/instant.ts';
import { CryptoError } from '../../crypto/port.ts';
import { encodeMessage } from '../../wire/codec.ts';
import { findNotify, notify } from '../../wire/find.ts';
import type { Message } from '../../wire/message.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { Path } from '../contract.ts';
import type { Core } from '../core.ts';
import { endNow } from '../lifecycle.ts';
import { certreqPayloads } from '../parts/cert.ts';
import { childlessNotify } from '../parts/childless.ts';
import { failure } from '../parts/failures.ts';
import { natPayloads, readHashes, readNat } from '../parts/natd.ts';
import { single } from '../parts/pick.ts';
import { knowsPrivate, proposalsFor, vendorPayloads } from '../parts/private-use.ts';
import { choose } from '../parts/proposals.ts';
import { offerPpk } from '../ppk.ts';
import { noteSent } from '../story.ts';
import { sendDatagrams, sendResponse } from '../transport.ts';
import { peerFollows, sentAway } from './redirect.ts';
import { abilities, fragmentationAgreed, keySa, natText, noteSuite, runsIntermediate } from './sa-init.ts';

const HANDSHAKE_MS = seconds(30);

export function answerSaInit(
  core: Core,
  message: Message,
  datagram: Uint8Array,
  path: Path,
  encapsulated: boolean,
): void {
  const { payloads, spiInitiator } = message;
  const offered = single(payloads, 'SA');
  const ke = single(payloads, 'KE');
  const nonce = single(payloads, 'Nonce');
  core.path = path;
  core.encapsulated = encapsulated;
  if (core.deadlines.get('handshake') === undefined)
    core.deadlines.set('handshake', after(core.now, HANDSHAKE_MS));
  if (!offered || !ke || !nonce) {
    refuse(core, message, [notify(NotifyType.INVALID_SYNTAX)]);
    return;
  }
  core.peerFollows = peerFollows(payloads);
  const away = sentAway(core, 'IKE_SA_INIT', nonce.data);
  if (away.length > 0) {
    refuse(core, message, away);
    endNow(core, failure('REDIRECTED', 'IKE_SA_INIT', 'the peer was sent to another gateway', false));
    return;
  }
  const { crypto, random } = core.context;
  core.privateUse = knowsPrivate(payloads);
  const specs = proposalsFor(core, core.config.proposals, runsIntermediate(payloads));
  const chosen = choose(specs, offered, 'ike', 0, ke.method);
  if (!chosen) {
    refuse(core, message, [notify(NotifyType.NO_PROPOSAL_CHOSEN)]);
    endNow(
      core,
      failure(
        'NO_PROPOSAL_CHOSEN',
        'IKE_SA_INIT',
        'the peer offered no algorithms that are accepted here',
        false,
      ),
    );
    return;
  }
  if (chosen.keMethod !== ke.method) {
    refuse(core, message, [
      notify(NotifyType.INVALID_KE_PAYLOAD, Uint8Array.of(chosen.keMethod >> 8, chosen.keMethod)),
    ]);
    return;
  }
  let answer: { publicValue: Uint8Array; shared: Uint8Array };
  try {
    answer = crypto.answerKeyExchange(ke.method, ke.data, random);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    refuse(core, message, [notify(NotifyType.INVALID_SYNTAX)]);
    return;
  }
  const peerUsesPpk = findNotify(payloads, NotifyType.USE_PPK) !== undefined;
  const ourNonce = random(32);
  const sa = core.addSa(false, spiInitiator, core.freshIkeSpi(), 0);
  const nonces = { initiator: nonce.data, responder: ourNonce };
  const keys = keySa(core, sa, chosen, nonces, answer.shared);
  sa.window.nextIn = 1;
  core.current = sa;
  core.nat = readNat(
    crypto,
    { spiInitiator, spiResponder: message.spiResponder },
    path,
    payloads,
    core.nat.forced,
  );
  core.fragmentation = fragmentationAgreed(core, payloads);
  core.setState('CONNECTING');
  noteSuite(core, chosen);
  core.note('nat', natText(core));
  const request = { messageId: message.messageId, exchange: ExchangeType.IKE_SA_INIT, request: datagram };
  const [ourInit] = sendResponse(core, sa, request, [
    { kind: 'SA', proposals: [{ ...chosen.proposal, spi: new Uint8Array(0) }] },
    { kind: 'KE', method: ke.method, data: answer.publicValue },
    { kind: 'Nonce', data: ourNonce },
    ...natPayloads(crypto, random, sa, path, core.nat.forced),
    ...certreqPayloads(core.config.remoteAuth),
    ...abilities(core),
    ...childlessNotify(core),
    ...(chosen.additional.length > 0 ? [notify(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED)] : []),
    ...(peerUsesPpk ? offerPpk(core) : []),
    ...(core.privateUse ? vendorPayloads(core) : []),
  ]);
  core.handshake = {
    ourInit: ourInit as Uint8Array,
    peerInit: datagram,
    ourNonce,
    peerNonce: nonce.data,
    peerHashes: readHashes(payloads),
    peerUsesPpk,
    peerTakesRounds: false,
    additional: [...chosen.additional],
    ourSkP: keys.ourSkP,
    peerSkP: keys.peerSkP,
  };
}

/** An answer in the clear that leaves no state behind. */
export function refuse(core: Core, message: Message, payloads: readonly Payload[]): void {
  const header = {
    ...message,
    majorVersion: 2,
    minorVersion: 0,
    response: true,
    initiator: !message.initiator,
  };
  const datagrams = [encodeMessage(header, payloads)];
  noteSent(core, { ...header, messageId: message.messageId as MessageId }, payloads, datagrams);
  sendDatagrams(core, datagrams);
}
