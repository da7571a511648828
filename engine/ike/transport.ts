/** Sending: requests with their retransmission (RFC 7296 §2.1, §2.4), answers, fragments of falling size (RFC 7383). */
import type { Instant, MessageId, Millis } from '../base/brand.ts';
import { after } from '../base/instant.ts';
import { isIpv6 } from '../base/ip.ts';
import { encodeMessage } from '../wire/codec.ts';
import type { Header } from '../wire/message.ts';
import type { Payload } from '../wire/payloads/types.ts';
import { Exchange as ExchangeType } from '../wire/registry.ts';
import type { Core } from './core.ts';
import type { Exchange } from './exchanges/exchange.ts';
import type { IkeSa } from './ike-sa.ts';
import { endpointText } from './parts/failures.ts';
import { Reassembly } from './parts/fragments.ts';
import { overhead, type Protection } from './sealed.ts';
import { noteSent } from './story.ts';
import type { Flight } from './window.ts';

/**
 * Sends and waits of the last message: many within the few seconds that the user waits to see the end, since a peer
 * that hears none of them keeps the SA until its own liveness check. On a path that loses one packet in ten, all seven
 * are lost once in ten million times.
 */
const FAREWELL = { tries: 7, wait: 150, base: 1.35 };

/** Message IDs never start over (§2.2): from here on the IKE SA is to be replaced. */
export const NEARLY_LAST_ID = 0xffff_0000;

/** Answers are repeated this often to one request, so that a replayed request is no lever. */
const MOST_RESENDS = 32;

export function sendDatagrams(core: Core, datagrams: readonly Uint8Array[]): void {
  const { path, encapsulated } = core;
  if (!path) return;
  for (const bytes of datagrams) core.emit({ kind: 'send', bytes, path, encapsulated });
}

export function headerOf(sa: IkeSa, exchange: number, response: boolean, messageId: MessageId): Header {
  return {
    spiInitiator: sa.spiInitiator,
    spiResponder: sa.spiResponder,
    majorVersion: 2,
    minorVersion: 0,
    exchange,
    response,
    initiator: sa.initiator,
    messageId,
  };
}

function encode(
  core: Core,
  protection: Protection | undefined,
  header: Header,
  payloads: readonly Payload[],
  sizeIndex: number,
): Uint8Array[] {
  if (header.exchange === ExchangeType.IKE_SA_INIT || !protection) return [encodeMessage(header, payloads)];
  const ipv6 = core.path !== undefined && isIpv6(core.path.remote.address);
  const size = core.fragmentation ? core.config.fragmentation.sizes[sizeIndex] : undefined;
  return protection.protect(header, payloads, size, ipv6);
}

/** Sends a request of ours; its answer comes back through the window. */
export function sendRequest(core: Core, sa: IkeSa, exchange: Exchange, payloads: readonly Payload[]): Flight {
  const first = exchange.table.type === ExchangeType.IKE_SA_INIT;
  // A repeated IKE_SA_INIT with a cookie or another group is still message 0 (§2.6, §2.7).
  const messageId = first ? (0 as MessageId) : sa.window.takeId();
  if (first) sa.window.nextOut = 1;
  if (messageId === NEARLY_LAST_ID && sa === core.current) core.deadlines.set('ike-rekey', core.now);
  const header = headerOf(sa, exchange.table.type, false, messageId);
  const protection = sa.crypt?.protection;
  const build = (sizeIndex: number): Uint8Array[] => encode(core, protection, header, payloads, sizeIndex);
  const datagrams = build(core.sizeIndex);
  const flight: Flight = {
    exchange,
    messageId,
    build,
    datagrams,
    sizeIndex: core.sizeIndex,
    sends: 1,
    firstSentAt: core.now,
    tries: core.ending ? FAREWELL.tries : Math.max(1, core.config.retransmission.tries),
    inbound: new Reassembly(),
  };
  sa.window.flight = flight;
  noteSent(core, header, payloads, datagrams);
  sendDatagrams(core, datagrams);
  core.deadlines.set(`retransmit/${sa.id}`, nextSend(core, flight));
  return flight;
}

function nextSend(core: Core, flight: Flight): Instant {
  if (core.ending) {
    const done = flight.sends - (flight.tries - FAREWELL.tries);
    return after(core.now, (FAREWELL.wait * FAREWELL.base ** Math.max(0, done - 1)) as Millis);
  }
  const { timeout, base, jitter } = core.config.retransmission;
  const wait = timeout * base ** (flight.sends - 1) * (1 + core.fraction() * jitter);
  return after(core.now, wait as Millis);
}

/** The session ends: an open request keeps the window, and is repeated as quickly as the last message itself. */
export function hurry(core: Core, sa: IkeSa): void {
  const { flight } = sa.window;
  if (!flight) return;
  flight.tries = flight.sends + FAREWELL.tries;
  core.deadlines.set(`retransmit/${sa.id}`, nextSend(core, flight));
}

/** Sends the open request again. False when it has been sent often enough. */
export function resendRequest(core: Core, sa: IkeSa): boolean {
  const { flight } = sa.window;
  if (!flight) return true;
  if (flight.sends >= flight.tries) return false;
  if (flight.sends >= Math.ceil(flight.tries / 2)) shrink(core, flight);
  flight.sends++;
  core.retransmits++;
  core.emit({ kind: 'resent', spi: sa.ownSpi, messageId: flight.messageId, response: false });
  core.note(
    'retransmit',
    `${flight.exchange.table.story}: request ${flight.messageId} to ${endpointText(core.path)} for the ${ordinal(flight.sends)} time`,
  );
  sendDatagrams(core, flight.datagrams);
  core.deadlines.set(`retransmit/${sa.id}`, nextSend(core, flight));
  return true;
}

/** Which of our sizes the peer's fragments tell: it may have gone down to it because larger ones did not get through. */
export function learnSize(core: Core, fragment: Uint8Array): void {
  const { sizes } = core.config.fragmentation;
  const ipv6 = core.path !== undefined && isIpv6(core.path.remote.address);
  const octets = fragment.length + overhead(ipv6);
  for (let index = sizes.length - 1; index > core.sizeIndex; index--)
    if ((sizes[index] ?? 0) >= octets) core.sizeIndex = index;
}

/** Goes down to the next fragment size that makes more fragments (RFC 7383 §2.5.2). */
function shrink(
  core: Core,
  message: { datagrams: Uint8Array[]; sizeIndex: number; build?: Flight['build'] },
): void {
  const { sizes } = core.config.fragmentation;
  if (!core.fragmentation || !message.build) return;
  while (message.sizeIndex + 1 < sizes.length) {
    message.sizeIndex++;
    const smaller = message.build(message.sizeIndex);
    if (smaller.length <= message.datagrams.length) continue;
    message.datagrams = smaller;
    core.note(
      'fragment',
      `no answer: sending in ${smaller.length} fragments of ${sizes[message.sizeIndex]} octets`,
    );
    return;
  }
}

const ordinal = (n: number): string =>
  `${n}${n % 10 === 2 && n !== 12 ? 'nd' : n % 10 === 3 && n !== 13 ? 'rd' : 'th'}`;

/** Answers the peer's request and keeps the answer for its retransmits. */
export function sendResponse(
  core: Core,
  sa: IkeSa,
  request: { readonly messageId: MessageId; readonly exchange: number; readonly request: Uint8Array },
  payloads: readonly Payload[],
): Uint8Array[] {
  const header = headerOf(sa, request.exchange, true, request.messageId);
  const protection = sa.crypt?.protection;
  const datagrams = encode(core, protection, header, payloads, core.sizeIndex);
  const before = sa.window.answered?.protection;
  if (before !== protection) before?.destroy();
  sa.window.pending = undefined;
  sa.window.answered = {
    ...request,
    payloads,
    protection,
    datagrams,
    sizeIndex: core.sizeIndex,
    resends: 0,
  };
  noteSent(core, header, payloads, datagrams);
  sendDatagrams(core, datagrams);
  return datagrams;
}

/** Repeats the last answer; smaller from the second time on, since large datagrams may not get through. */
export function resendResponse(core: Core, sa: IkeSa): void {
  const { answered } = sa.window;
  if (!answered || answered.resends >= MOST_RESENDS) return;
  answered.resends++;
  const { protection } = answered;
  if (answered.resends >= 2 && protection) {
    const header = headerOf(sa, answered.exchange, true, answered.messageId);
    const build = (sizeIndex: number): Uint8Array[] =>
      encode(core, protection, header, answered.payloads, sizeIndex);
    const smaller = { datagrams: answered.datagrams, sizeIndex: answered.sizeIndex, build };
    shrink(core, smaller);
    answered.datagrams = smaller.datagrams;
    answered.sizeIndex = smaller.sizeIndex;
  }
  core.note('retransmit', `answer ${answered.messageId} once more`, 'debug');
  core.emit({ kind: 'resent', spi: sa.ownSpi, messageId: answered.messageId, response: true });
  sendDatagrams(core, answered.datagrams);
}
