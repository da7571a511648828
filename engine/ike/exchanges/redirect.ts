/**
 * REDIRECT (RFC 5685): the peer sends us to another gateway when we call (IKE_SA_INIT), once both are known (IKE_AUTH),
 * or later on (INFORMATIONAL). Nobody vouches for the first; it is followed only where the configuration trusts the
 * target. Who follows is the owner of the session: it is told, and this IKE SA ends, or lives until another is there.
 */
import { equalConstantTime } from '../../base/bytes.ts';
import { find, findNotify, notify } from '../../wire/find.ts';
import type { NotifyPayload, Payload } from '../../wire/payloads/types.ts';
import { Exchange as ExchangeType, NotifyType } from '../../wire/registry.ts';
import type { RedirectTarget } from '../contract.ts';
import type { Core } from '../core.ts';
import { failure } from '../parts/failures.ts';
import { readRedirect, redirectedFrom, redirectNotify } from '../parts/redirect.ts';
import { DONE, type Exchange, type ExchangeTable, type Outcome } from './exchange.ts';

type Phase = 'IKE_SA_INIT' | 'IKE_AUTH' | 'established';

/** What an initiator that follows says in IKE_SA_INIT (§3, §5). */
export function redirectOffer({ config }: Core): NotifyPayload[] {
  const { followRedirects } = config;
  if (!followRedirects) return [];
  const { from } = followRedirects;
  return from === undefined ? [notify(NotifyType.REDIRECT_SUPPORTED)] : redirectedFrom(from);
}

/** @param nonce ours, which only somebody who has seen our request can repeat */
export function redirectedAtInit(
  core: Core,
  payloads: readonly Payload[],
  nonce: Uint8Array,
): Outcome | undefined {
  const said = findNotify(payloads, NotifyType.REDIRECT);
  if (!said || find(payloads, 'SA')) return undefined;
  const read = readRedirect(said.data);
  if (!read) return { kind: 'ignored', why: 'a REDIRECT that names no gateway' };
  if (!equalConstantTime(read.nonce, nonce)) return { kind: 'ignored', why: 'a REDIRECT without our nonce' };
  const { target } = read;
  if (core.config.followRedirects?.trusts(target)) return follow(core, target, 'IKE_SA_INIT');
  const why = core.config.followRedirects
    ? 'which the profile does not name as a gateway'
    : 'although this connection follows nobody';
  const check = core.config.followRedirects ? 'untrusted' : 'off';
  const reason = failure(
    'REDIRECT_REFUSED',
    'IKE_SA_INIT',
    `the gateway sends us to ${target.text}, ${why}`,
    false,
  );
  return { kind: 'hint', failure: { ...reason, check } };
}

/** Of a peer that has proved itself; only where its answer says REDIRECT. */
export function redirectedAtAuth(core: Core, payloads: readonly Payload[]): Outcome | undefined {
  const said = findNotify(payloads, NotifyType.REDIRECT);
  if (!said) return undefined;
  if (!core.config.followRedirects) {
    if (find(payloads, 'SA')) return undefined;
    const text = 'the gateway sends us to another, although this connection follows nobody';
    const reason = failure('REDIRECT_REFUSED', 'IKE_AUTH', text, true);
    return { kind: 'close', failure: { ...reason, check: 'off' } };
  }
  const read = readRedirect(said.data);
  if (read) return follow(core, read.target, 'IKE_AUTH');
  const text = 'the gateway sends us to another without saying to which (REDIRECT)';
  return { kind: 'close', failure: failure('PROTOCOL_ERROR', 'IKE_AUTH', text, true) };
}

/** An established peer wants us to go (§4). */
export function redirectedLater(core: Core, payloads: readonly Payload[]): void {
  const said = findNotify(payloads, NotifyType.REDIRECT);
  if (!said) return;
  const read = readRedirect(said.data);
  if (!core.config.followRedirects)
    core.note('redirect', 'the gateway sends us to another, although this connection follows nobody', 'warn');
  else if (read) follow(core, read.target, 'established');
  else core.note('redirect', 'the gateway sends us to another without saying to which', 'warn');
}

function follow(core: Core, target: RedirectTarget, phase: Phase): Outcome {
  const from = core.path?.remote.address;
  core.note('redirect', `the gateway sends us to ${target.text}`, 'info', { to: target.text, phase });
  core.emit({ kind: 'redirect', target, phase, ...(from === undefined ? {} : { from }) });
  const authenticated = phase !== 'IKE_SA_INIT';
  return {
    kind: 'close',
    failure: failure('REDIRECTED', phase, `the gateway sends us to ${target.text}`, authenticated),
  };
}

/** Whether the peer follows (a responder's question to IKE_SA_INIT). */
export const peerFollows = (payloads: readonly Payload[]): boolean =>
  findNotify(payloads, NotifyType.REDIRECT_SUPPORTED) !== undefined ||
  findNotify(payloads, NotifyType.REDIRECTED_FROM) !== undefined;

/** Where a responder sends its peer at this moment, if it does. */
export function sentAway(
  { config, peerFollows: follows }: Core,
  at: 'IKE_SA_INIT' | 'IKE_AUTH',
  nonce?: Uint8Array,
): NotifyPayload[] {
  const { sendAway } = config;
  return follows && sendAway?.at === at ? [redirectNotify(sendAway.target, nonce)] : [];
}

/** Sends an established peer away; what it does then is its own affair. */
export function redirectPeer(target: RedirectTarget): Exchange {
  return {
    table: TABLE,
    key: 'redirect',
    request: () => [redirectNotify(target)],
    response: () => DONE,
  };
}

const TABLE: ExchangeTable = {
  type: ExchangeType.INFORMATIONAL,
  story: 'sending the peer to another gateway',
};
