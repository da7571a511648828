/**
 * Moving the IKE SA and its children to another path (RFC 4555 §3.5). The initiator decides the addresses; the request
 * already travels on the new path, with a cookie that proves the way back (§3.7) and with NAT detection (§3.5).
 */

import { equalBytes } from '../../base/bytes.ts';
import type { Failure } from '../../base/failure.ts';
import { findError, findNotify, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { Path } from '../contract.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { endpointText, failure, refusal } from '../parts/failures.ts';
import { changedAddresses, cookie2Echo, echoes, freshCookie2, readAddresses } from '../parts/mobike.ts';
import { natPayloads, readNat } from '../parts/natd.ts';
import { sendDatagrams } from '../transport.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';

const phase = 'established';

/**
 * Our end has another address, or the peer shall be reached at another of its own. With MOBIKE the peer is told; an
 * open request is repeated at once on the new path, for its answer may never find the old one.
 */
export function movePath(core: Core, path: Path, addresses: readonly string[]): void {
  core.ownAddresses = addresses;
  if (core.establishedAt === undefined || core.ending) return;
  core.path = path;
  const { flight } = core.current?.window ?? {};
  if (flight) sendDatagrams(core, flight.datagrams);
  if (core.mobike) core.enqueueFirst(new UpdateAddresses());
}

class UpdateAddresses implements Exchange {
  readonly table: ExchangeTable = TABLE;
  readonly key = 'update-addresses';
  #cookie: Uint8Array = new Uint8Array(0);
  #path: Path | undefined;
  #begun = 0;

  request(core: Core, sa: IkeSa): readonly Payload[] | undefined {
    const { path, context } = core;
    if (!path || !core.mobike) return undefined;
    this.#path = path;
    this.#begun = core.now;
    this.#cookie = freshCookie2(context.random);
    core.note('path', `moving to ${path.local.address} → ${endpointText(path)}`);
    return [
      notify(NotifyType.UPDATE_SA_ADDRESSES),
      ...natPayloads(context.crypto, context.random, sa, path, core.nat.forced),
      notify(NotifyType.COOKIE2, this.#cookie),
      ...changedAddresses(core.ownAddresses, path.local.address),
    ];
  }

  response(core: Core, sa: IkeSa, payloads: readonly Payload[]): Outcome {
    const error = findError(payloads);
    if (error) return { kind: 'close', failure: refusal(error, phase, true) };
    if (!echoes(payloads, this.#cookie)) return { kind: 'close', failure: unproven() };
    const { path } = core;
    // Moved again meanwhile: the next update, which is in the queue, is the one that counts.
    if (!path || path !== this.#path) return DONE;
    core.nat = readNat(core.context.crypto, sa, path, payloads, core.nat.forced);
    core.natSeen = seenFrom(payloads);
    core.emit({ kind: 'path', path, nat: core.nat });
    core.note('path', `moved in ${Math.round(core.now - this.#begun)} ms`, 'info', {
      local: path.local.address,
      remote: endpointText(path),
      durationMs: Math.round(core.now - this.#begun),
    });
    return DONE;
  }
}

/** How the peer sees us: the hash of our address as it arrives there. */
export const seenFrom = (payloads: readonly Payload[]): Uint8Array | undefined =>
  findNotify(payloads, NotifyType.NAT_DETECTION_DESTINATION_IP)?.data;

/** What a liveness check carries behind a NAT, so that a new mapping is noticed (§3.8). */
export const mappingProbe = (core: Core, sa: IkeSa): Payload[] =>
  core.mobike && core.path && core.config.role === 'initiator'
    ? natPayloads(core.context.crypto, core.context.random, sa, core.path, core.nat.forced)
    : [];

/** Compares how the peer sees us with the last time. Another mapping is told to it like another address. */
export function checkMapping(core: Core, payloads: readonly Payload[]): void {
  const seen = seenFrom(payloads);
  if (!seen || !core.mobike) return;
  const before = core.natSeen;
  core.natSeen = seen;
  if (!before || equalBytes(before, seen)) return;
  core.note('nat', 'the NAT in front of us has given us another address or port');
  core.enqueueFirst(new UpdateAddresses());
}

/** Answers what MOBIKE says in an INFORMATIONAL of the peer. Its datagram's path is the session's already. */
export function answerMobike(core: Core, sa: IkeSa, payloads: readonly Payload[]): readonly Payload[] {
  const others = readAddresses(payloads);
  if (others) core.peerAddresses = others;
  const asksNat = findNotify(payloads, NotifyType.NAT_DETECTION_SOURCE_IP) !== undefined;
  const { path, context } = core;
  const moves =
    core.mobike &&
    core.config.role === 'responder' &&
    findNotify(payloads, NotifyType.UPDATE_SA_ADDRESSES) !== undefined;
  if (moves && path) {
    core.nat = readNat(context.crypto, sa, path, payloads, core.nat.forced);
    core.emit({ kind: 'path', path, nat: core.nat });
    core.note('path', `the peer moved to ${endpointText(path)}`);
  }
  return [
    ...(asksNat && path ? natPayloads(context.crypto, context.random, sa, path, core.nat.forced) : []),
    ...cookie2Echo(payloads),
  ];
}

const unproven = (): Failure =>
  failure('PROTOCOL_ERROR', phase, 'the gateway did not prove that it is reached at its address', true);

const TABLE: ExchangeTable = { type: ExchangeType.INFORMATIONAL, story: 'moving to another path' };
