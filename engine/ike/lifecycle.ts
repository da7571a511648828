/** From exchange to exchange: starting the next one, taking its outcome, reaching ESTABLISHED, coming to the end. */
import { assertNever } from '../base/assert-never.ts';
import type { Instant, Millis } from '../base/brand.ts';
import type { Failure } from '../base/failure.ts';
import { after } from '../base/instant.ts';
import type { NotifyPayload } from '../wire/payloads/types.ts';
import { Exchange as ExchangeType } from '../wire/registry.ts';
import { removePair } from './children.ts';
import type { Effect } from './contract.ts';
import type { Core } from './core.ts';
import { ikeDelete } from './exchanges/delete.ts';
import type { Exchange, Outcome } from './exchanges/exchange.ts';
import { wipeHandshake } from './handshake.ts';
import type { IkeSa } from './ike-sa.ts';
import { endpointText, failure } from './parts/failures.ts';
import { hurry, sendRequest } from './transport.ts';

/** How long the end waits for the peer's answer to our Delete. */
const FAREWELL_MS = 3000 as Millis;
/** How long packets sent by a retired SA have to reach the peer before it is deleted there. */
const RETIRED_MS = 1000 as Millis;
/** A genuine answer is waited for this long after an unauthenticated refusal (RFC 7296 §2.21). */
const HINT_MS = 1000 as Millis;
/** TEMPORARY_FAILURE and its like: first wait, doubled each time up to the last (RFC 7296 §2.25). */
const RETRY_MS = { first: 1000, last: 16_000 } as const;

/** Message IDs never start over (§2.2); a rekey was asked for long before. */
const LAST_ID = 0xffff_ffff;

const attempts = new WeakMap<Exchange, number>();

/** Sends the next request of an exchange on an SA whose window is free. */
export function begin(core: Core, sa: IkeSa, exchange: Exchange): boolean {
  if (sa.window.nextOut > LAST_ID) {
    endNow(core, failure('LIFETIME_EXPIRED', 'established', 'the IKE SA has used up its message IDs', true));
    return false;
  }
  const payloads = exchange.request(core, sa);
  if (!payloads) return false;
  if (sa === core.current) core.deletedEarly.clear();
  sendRequest(core, sa, exchange, payloads);
  return true;
}

/** Starts what waits, when the current SA's window is free. */
export function pump(core: Core): void {
  const sa = core.current;
  core.deadlines.clear('queue');
  if (!sa?.crypt || sa.gone || core.closed || (!core.establishedAt && !core.ending)) return;
  if (core.holdUntil !== undefined && !core.ending) {
    if (core.holdUntil > core.now && core.queue.length > 0) core.deadlines.set('queue', core.holdUntil);
    if (core.holdUntil > core.now) return;
    core.holdUntil = undefined;
  }
  // The peer is about to replace this SA: what we begin on it would be refused (§2.25.2).
  if (core.peerFollowUps.has('ike') && !core.ending) return;
  while (!sa.window.flight && !sa.gone) {
    const index = core.queue.findIndex((task) => task.notBefore <= core.now);
    const [task] = index < 0 ? [] : core.queue.splice(index, 1);
    if (!task) break;
    begin(core, sa, task.exchange);
  }
  let next: Instant | undefined;
  for (const task of core.queue)
    if (task.notBefore > core.now && (next === undefined || task.notBefore < next)) next = task.notBefore;
  if (next !== undefined) core.deadlines.set('queue', next);
}

/** Ends the flight of an SA; what it was is in the outcome that follows. */
export function land(core: Core, sa: IkeSa): void {
  const { flight } = sa.window;
  if (!flight) return;
  if (flight.sends === 1) core.roundTrip = (core.now - flight.firstSentAt) as Millis;
  if (flight.datagrams.length > 1) core.sizeIndex = Math.max(core.sizeIndex, flight.sizeIndex);
  flight.inbound.clear();
  sa.window.flight = undefined;
  core.deadlines.clear(`retransmit/${sa.id}`);
}

export function conclude(core: Core, sa: IkeSa, exchange: Exchange, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'done':
    case 'wait':
      return;
    case 'again':
      core.note('message', `${exchange.table.story}: once more (${outcome.why})`, 'debug');
      begin(core, sa, exchange);
      return;
    case 'ignored':
      core.note('hint', `ignored: ${outcome.why}`, 'debug');
      return;
    case 'hint':
      takeHint(core, outcome.failure);
      return;
    case 'failed': {
      core.note('hint', `${exchange.table.story} failed: ${outcome.failure.message}`, 'warn');
      if (outcome.retry) retry(core, exchange);
      else exchange.abandon?.();
      return;
    }
    case 'close':
      beginClose(core, outcome.failure);
      return;
    default:
      assertNever(outcome);
  }
}

/** Back into the queue, with growing and jittered waits, so that two sides that got in each other's way part. */
export function retry(core: Core, exchange: Exchange): void {
  const n = attempts.get(exchange) ?? 0;
  attempts.set(exchange, n + 1);
  const wait = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** n) * (0.5 + core.fraction());
  core.enqueue(exchange, wait as Millis);
}

/** An error that nobody vouches for ends the handshake only when nothing better comes soon. */
export function takeHint(core: Core, hint: Failure): void {
  core.note('hint', `unauthenticated: ${hint.message}`, 'warn');
  if (core.state !== 'CONNECTING') return;
  core.hint ??= hint;
  const soon = after(core.now, HINT_MS);
  const sa = core.sas[0];
  const resend = sa && core.deadlines.get(`retransmit/${sa.id}`);
  if (core.deadlines.get('hint') === undefined)
    core.deadlines.set('hint', resend !== undefined && resend < soon ? resend : soon);
}

/** Both sides have authenticated. */
export function established(core: Core): void {
  core.deadlines.clear('handshake');
  core.deadlines.clear('hint');
  wipeHandshake(core.handshake);
  core.handshake = undefined;
  core.establishedAt = core.now;
  core.lastHeard = core.now;
  renewIkeLifetime(core);
  armLiveness(core, core.now);
  core.setState('ESTABLISHED');
}

export function renewIkeLifetime(core: Core): void {
  const { rekeyAt, expiresAt } = core.lifetimeFrom(core.config.lifetime);
  core.rekeyAt = rekeyAt;
  core.expiresAt = expiresAt;
  for (const [name, when] of [
    ['ike-rekey', rekeyAt],
    ['ike-hard', expiresAt],
  ] as const) {
    if (Number.isFinite(when)) core.deadlines.set(name, when);
    else core.deadlines.clear(name);
  }
}

export function armLiveness(core: Core, lastSign: Instant): void {
  const { delay } = core.config.liveness;
  if (delay > 0 && !core.ending) core.deadlines.set('liveness', after(lastSign, delay));
}

/** Another IKE SA has taken over: this one begins nothing any more, and in a moment it ends. */
export function retire(core: Core): void {
  if (core.closed || core.ending || core.retired) return;
  core.retired = true;
  for (const task of core.queue) task.exchange.abandon?.();
  core.queue = [];
  core.deadlines.set('retired', after(core.now, RETIRED_MS));
}

/**
 * Tells the peer, when it can, and ends. `say`: an error for an INFORMATIONAL of its own in place of a Delete, for an
 * initiator that could not authenticate its peer (RFC 7296 §2.21.2).
 */
export function beginClose(core: Core, reason: Failure | undefined, say?: NotifyPayload): void {
  if (core.closed || core.ending) return;
  const sa = core.current;
  // The peer has answered IKE_AUTH and counts on the SA, although we have not made up our mind.
  const judging = core.question?.kind === 'verify-peer' && sa?.initiator === true;
  core.ending = { failure: reason };
  core.queue = [];
  core.question?.abandon?.();
  core.question = undefined;
  core.deadlines.clearAll();
  const authInFlight = sa?.window.flight?.exchange.table.type === ExchangeType.IKE_AUTH;
  const told =
    core.establishedAt !== undefined ||
    core.remoteAuthMethod !== undefined ||
    say !== undefined ||
    judging ||
    authInFlight;
  if (!sa?.crypt || !told) {
    finish(core);
    return;
  }
  core.setState('DELETING');
  core.deadlines.set('farewell', after(core.now, FAREWELL_MS));
  core.holdUntil = undefined;
  core.enqueueFirst(ikeDelete(say));
  hurry(core, sa);
  pump(core);
}

/** The end: nothing of this session is left. */
export function finish(core: Core): void {
  if (core.closed) return;
  const reason = core.ending?.failure;
  core.ending ??= { failure: undefined };
  core.setState('DESTROYING');
  for (const child of [...core.children.values()]) removePair(core, child, removalReason(reason));
  core.closed = true;
  for (const task of core.queue) task.exchange.abandon?.();
  core.queue = [];
  core.question?.abandon?.();
  core.question = undefined;
  core.peerFollowUps.drop(core);
  core.eapAnswer?.wipe();
  for (const sa of [...core.sas]) {
    sa.window.flight?.exchange.abandon?.();
    core.removeSa(sa);
  }
  wipeHandshake(core.handshake);
  core.handshake = undefined;
  core.deadlines.clearAll();
  core.emit({ kind: 'closed', failure: reason });
}

function removalReason(reason: Failure | undefined): Extract<Effect, { kind: 'remove-child' }>['reason'] {
  if (reason?.code === 'PEER_DELETED') return 'peer-deleted';
  return reason?.code === 'LIFETIME_EXPIRED' ? 'expired' : 'closing';
}

/** Ends without a word: the peer has gone, or has said all itself. */
export function endNow(core: Core, reason: Failure | undefined): void {
  if (core.closed) return;
  core.ending ??= { failure: reason };
  finish(core);
}

/** No answer to the last send of a request. */
export function unanswered(core: Core, sa: IkeSa): void {
  const { flight } = sa.window;
  if (!flight) return;
  land(core, sa);
  if (core.ending) {
    finish(core);
    return;
  }
  if (sa !== core.current) {
    // Only the deletion of a replaced SA can be open there, and its successor works.
    flight.exchange.abandon?.();
    core.removeSa(sa);
    return;
  }
  flight.exchange.abandon?.();
  const span = Math.round((core.now - flight.firstSentAt) / 1000);
  const sends = `${flight.sends} ${flight.sends === 1 ? 'send' : 'sends'} in ${span} s`;
  if (core.establishedAt === undefined) {
    const phase = flight.exchange.table.type === ExchangeType.IKE_AUTH ? 'IKE_AUTH' : 'IKE_SA_INIT';
    endNow(
      core,
      core.hint ??
        failure('NO_ANSWER', phase, `no answer from ${endpointText(core.path)} after ${sends}`, false),
    );
    return;
  }
  core.note('liveness', `no answer: ${flight.exchange.table.story}`, 'warn', { ok: false });
  endNow(
    core,
    failure(
      'PEER_GONE',
      'established',
      `${endpointText(core.path)} no longer answers: ${flight.exchange.table.story}, ${sends}`,
      false,
    ),
  );
}
