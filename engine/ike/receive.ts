/**
 * A datagram's way in: header, SA, direction, window, ICV, payloads, exchange. What fails before the ICV is checked
 * changes nothing (RFC 7296 §2.21); retransmits are known before anything is decrypted (§2.1).
 */
import type { MessageId, Millis } from '../base/brand.ts';
import { ZERO_IKE_SPI } from '../base/brand.ts';
import { equalBytes } from '../base/bytes.ts';
import type { Failure } from '../base/failure.ts';
import {
  decodeHeader,
  decodeMessage,
  decodePayloads,
  firstUnsupportedCritical,
  sealedOf,
} from '../wire/codec.ts';
import { WireError } from '../wire/error.ts';
import { findError, notify } from '../wire/find.ts';
import type { Message } from '../wire/message.ts';
import type { Payload, SkfPayload, SkPayload } from '../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../wire/registry.ts';
import { answerRequest } from './answer.ts';
import type { Path } from './contract.ts';
import type { Core } from './core.ts';
import { afterSaInit } from './exchanges/intermediate.ts';
import { answerSaInit, refuse } from './exchanges/sa-init-answer.ts';
import type { IkeSa } from './ike-sa.ts';
import { conclude, land, takeHint } from './lifecycle.ts';
import { failure, refusal } from './parts/failures.ts';
import { noteReceived } from './story.ts';
import { readStray, suspect } from './suspicion.ts';
import { learnSize, resendResponse, sendResponse } from './transport.ts';
import type { Flight } from './window.ts';

interface Datagram {
  readonly bytes: Uint8Array;
  readonly path: Path;
  readonly encapsulated: boolean;
  readonly message: Message;
}

/** Runs `read`, and tells a WireError apart from a programmer's error. */
function attempt<T>(core: Core, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    core.note('drop', `malformed: ${error.message}`, 'debug');
    return undefined;
  }
}

export function receive(core: Core, bytes: Uint8Array, path: Path, encapsulated: boolean): void {
  const header = attempt(core, () => decodeHeader(bytes));
  if (!header) return;
  if (header.majorVersion > 2) {
    if (!header.response && core.state === 'CREATED' && core.config.role === 'responder') {
      core.path = path;
      core.encapsulated = encapsulated;
      refuse(core, { ...header, payloads: [] }, [notify(NotifyType.INVALID_MAJOR_VERSION)]);
    }
    return;
  }
  // A copy: IKE_SA_INIT is kept for AUTH, requests for their retransmits.
  const copy = bytes.slice();
  const message = attempt(core, () => decodeMessage(copy));
  if (!message) return;
  const datagram: Datagram = { bytes: copy, path, encapsulated, message };
  if (message.exchange === ExchangeType.IKE_SA_INIT && !message.response)
    receiveSaInitRequest(core, datagram);
  else {
    const sa = saOf(core, message);
    if (!sa) {
      core.note('drop', `no such IKE SA: ${message.spiInitiator}:${message.spiResponder}`, 'debug');
      readStray(core, message, path);
    } else if (message.response) receiveResponse(core, sa, datagram);
    else receiveRequest(core, sa, datagram);
  }
}

/** By our SPI and theirs; the Initiator flag must be the one of the SA's other end (§3.1). */
function saOf(core: Core, message: Message): IkeSa | undefined {
  return core.sas.find(
    (sa) =>
      sa.initiator !== message.initiator &&
      sa.spiInitiator === message.spiInitiator &&
      (sa.spiResponder === message.spiResponder ||
        (sa.spiResponder === ZERO_IKE_SPI && message.exchange === ExchangeType.IKE_SA_INIT) ||
        (message.spiResponder === ZERO_IKE_SPI &&
          message.response &&
          !sealedOf(message) &&
          core.state === 'CONNECTING')),
  );
}

function receiveSaInitRequest(core: Core, { bytes, path, encapsulated, message }: Datagram): void {
  if (core.config.role !== 'responder' || message.spiResponder !== ZERO_IKE_SPI || !message.initiator) return;
  if (message.messageId !== 0 || message.spiInitiator === ZERO_IKE_SPI) return;
  const sa = core.sas[0];
  if (!sa) {
    if (core.state === 'CREATED') {
      noteReceived(core, message, bytes.length);
      answerSaInit(core, message, bytes, path, encapsulated);
    }
    return;
  }
  const { answered } = sa.window;
  if (core.state === 'CONNECTING' && answered?.messageId === 0 && equalBytes(answered.request, bytes))
    resendResponse(core, sa);
}

function receiveResponse(core: Core, sa: IkeSa, datagram: Datagram): void {
  const { message } = datagram;
  const { flight } = sa.window;
  if (!flight || flight.messageId !== message.messageId || flight.exchange.table.type !== message.exchange)
    return;
  if (message.exchange === ExchangeType.IKE_SA_INIT) {
    receiveSaInitResponse(core, sa, datagram);
    return;
  }
  const sealed = sealedOf(message);
  if (!sealed) {
    const error = findError(message.payloads);
    if (error && core.state === 'CONNECTING') takeHint(core, refusal(error, 'IKE_AUTH', false));
    else if (error?.type === NotifyType.INVALID_IKE_SPI) suspect(core, 'INVALID_IKE_SPI');
    return;
  }
  const inside = open(core, sa, datagram, sealed, flight.inbound);
  if (!inside) return;
  heard(core, sa, datagram);
  const payloads = attempt(core, () => decodePayloads(inside.firstInner, inside.plaintext));
  const roundTrip = timed(core, flight);
  land(core, sa);
  const { exchange } = flight;
  if (!payloads) {
    const text = `the peer's answer to ${exchange.table.story} cannot be read`;
    conclude(core, sa, exchange, {
      kind: 'close',
      failure: failure(
        'INVALID_SYNTAX',
        core.establishedAt === undefined ? 'IKE_AUTH' : 'established',
        text,
        true,
      ),
    });
    return;
  }
  noteReceived(core, message, datagram.bytes.length, payloads, roundTrip);
  core.opened = { datagram: datagram.bytes, sealed, ...inside };
  const critical = criticalFailure(core, exchange.table.story, payloads);
  if (critical) conclude(core, sa, exchange, { kind: 'close', failure: critical });
  else conclude(core, sa, exchange, exchange.response(core, sa, payloads));
  core.opened = undefined;
}

/** An answer with a critical payload that is not known is refused whole (§2.5); there is no answering an answer. */
function criticalFailure(core: Core, story: string, payloads: readonly Payload[]): Failure | undefined {
  const type = firstUnsupportedCritical(payloads);
  if (type === undefined) return undefined;
  const phase =
    core.establishedAt !== undefined ? 'established' : core.handshake ? 'IKE_AUTH' : 'IKE_SA_INIT';
  const text = `the peer's answer to ${story} has a critical payload of the unknown type ${type}`;
  return failure('UNSUPPORTED_CRITICAL_PAYLOAD', phase, text, phase !== 'IKE_SA_INIT');
}

/** The round trip of an answered request; unknown once it was repeated, for either copy may have been answered. */
const timed = (core: Core, flight: Flight): Millis | undefined =>
  flight.sends === 1 ? ((core.now - flight.firstSentAt) as Millis) : undefined;

function receiveSaInitResponse(core: Core, sa: IkeSa, { bytes, path, message }: Datagram): void {
  const { flight } = sa.window;
  if (!flight || sealedOf(message)) return;
  const refused = findError(message.payloads) !== undefined;
  noteReceived(core, message, bytes.length, undefined, timed(core, flight));
  const critical = criticalFailure(core, 'IKE_SA_INIT', message.payloads);
  if (critical) {
    takeHint(core, critical);
    return;
  }
  core.received = bytes;
  core.receivedSpis = message;
  if (!refused && message.spiResponder !== ZERO_IKE_SPI && core.path)
    core.path = { local: path.local, remote: core.path.remote };
  const outcome = flight.exchange.response(core, sa, message.payloads);
  core.received = undefined;
  core.receivedSpis = undefined;
  if (outcome.kind !== 'hint' && outcome.kind !== 'ignored') land(core, sa);
  conclude(core, sa, flight.exchange, outcome);
  if (outcome.kind === 'done') afterSaInit(core, sa);
}

function receiveRequest(core: Core, sa: IkeSa, datagram: Datagram): void {
  const { message, bytes } = datagram;
  const { window } = sa;
  const sealed = sealedOf(message);
  if (!sealed) return;
  if (message.messageId === window.nextIn - 1) {
    repeat(core, sa, datagram, sealed);
    return;
  }
  if (message.messageId !== window.nextIn || window.pending || sa.gone) return;
  const inside = open(core, sa, datagram, sealed, window.inbound);
  if (!inside) return;
  heard(core, sa, datagram);
  window.nextIn++;
  window.inbound.clear();
  const request = { messageId: message.messageId as MessageId, exchange: message.exchange, request: bytes };
  const payloads = attempt(core, () => decodePayloads(inside.firstInner, inside.plaintext));
  if (payloads) noteReceived(core, message, bytes.length, payloads);
  const critical = payloads && firstUnsupportedCritical(payloads);
  if (critical !== undefined) {
    sendResponse(core, sa, request, [
      notify(NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, Uint8Array.of(critical)),
    ]);
    return;
  }
  window.pending = request;
  core.opened = { datagram: bytes, sealed, ...inside };
  answerRequest(core, sa, message.exchange, payloads, (answer) => {
    if (window.pending === request) sendResponse(core, sa, request, answer);
  });
  core.opened = undefined;
}

/** The last request once more: octet for octet, or split anew; only its first fragment counts (RFC 7383 §2.6.1). */
function repeat(core: Core, sa: IkeSa, { bytes }: Datagram, sealed: SkPayload | SkfPayload): void {
  const { answered } = sa.window;
  if (!answered || (sealed.kind === 'SKF' && sealed.number !== 1)) return;
  if (equalBytes(answered.request, bytes) || answered.protection?.open(bytes, sealed))
    resendResponse(core, sa);
}

function open(
  core: Core,
  sa: IkeSa,
  { bytes }: Datagram,
  sealed: SkPayload | SkfPayload,
  inbound: IkeSa['window']['inbound'],
): { readonly firstInner: number; readonly plaintext: Uint8Array } | undefined {
  if (sealed.kind === 'SKF' && (!core.fragmentation || !inbound.wants(sealed.number, sealed.total)))
    return undefined;
  const plaintext = sa.crypt?.protection.open(bytes, sealed);
  if (!plaintext) {
    core.note('drop', 'a message is not authentic', 'debug');
    return undefined;
  }
  if (sealed.kind === 'SK') return { firstInner: sealed.firstInner, plaintext };
  if (sealed.number < sealed.total) learnSize(core, bytes);
  return inbound.add(sealed.number, sealed.total, sealed.firstInner, plaintext);
}

/** An authentic message: the peer is there, on this path. */
function heard(core: Core, sa: IkeSa, { path, encapsulated, message }: Datagram): void {
  core.lastHeard = core.now;
  if (sa === core.current) core.holdUntil = undefined;
  if (core.config.role !== 'responder' || message.response) return;
  const moved =
    core.path?.remote.address !== path.remote.address || core.path.remote.port !== path.remote.port;
  const first = core.establishedAt === undefined;
  // A peer behind a NAT is followed where its authentic messages come from (§2.23).
  if (!moved && !first) return;
  core.path = path;
  core.encapsulated = encapsulated;
  core.emit({ kind: 'path', path, nat: core.nat });
}
