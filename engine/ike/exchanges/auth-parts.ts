/** What every form of IKE_AUTH shares on the initiator's side: its first request, and what its last answer brings. */
import type { Failure } from '../../base/failure.ts';
import { findAll, findError, findNotify, notify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { CfgType, NotifyType } from '../../wire/registry.ts';
import {
  type ChildAgreement,
  type ChildOffer,
  childOffer,
  offerPayloads,
  readChildAnswer,
} from '../child-negotiation.ts';
import { installPair } from '../children.ts';
import type { Assigned } from '../contract.ts';
import type { Core } from '../core.ts';
import type { IkeSa } from '../ike-sa.ts';
import { established } from '../lifecycle.ts';
import { readAuthLifetime } from '../parts/auth-lifetime.ts';
import { certPayloads, certreqPayloads } from '../parts/cert.ts';
import { cfgRequest, readReply, wantsAny } from '../parts/config.ts';
import { failure, refusal } from '../parts/failures.ts';
import { additionalAddresses, readAddresses } from '../parts/mobike.ts';
import { single } from '../parts/pick.ts';
import { adoptPpk } from '../ppk.ts';
import { childCreate } from './child-create.ts';
import type { Outcome } from './exchange.ts';
import { redirectedAtAuth } from './redirect.ts';

const phase = 'IKE_AUTH';
const broken = (text: string): Failure => failure('PROTOCOL_ERROR', phase, text, true);

export const firstOffer = (core: Core): ChildOffer | undefined =>
  core.handshake?.child ? childOffer(core, core.handshake.child, 'none') : undefined;

/** @param proof AUTH and what belongs to it; without AUTH it asks for EAP (§2.16) */
export function firstRequest(
  core: Core,
  offer: ChildOffer | undefined,
  proof: readonly Payload[],
): readonly Payload[] {
  const { config } = core;
  const child = offer && offerPayloads(offer);
  return [
    { kind: 'IDi', ...config.localId },
    ...certPayloads(config.localAuth, core.handshake?.ourOcsp),
    ...certreqPayloads(config.remoteAuth),
    ...(config.initialContact ? [notify(NotifyType.INITIAL_CONTACT)] : []),
    ...(config.sendRemoteId && config.remoteId ? [{ kind: 'IDr' as const, ...config.remoteId }] : []),
    ...proof,
    ...(config.remoteAuth.kind === 'eap' ? [notify(NotifyType.EAP_ONLY_AUTHENTICATION)] : []),
    ...mobikeOffer(core),
    ...(wantsAny(config.virtualIp) ? [cfgRequest(config.virtualIp)] : []),
    ...(child ? [child.sa, ...child.rest] : []),
  ];
}

/** In a request and in the answer that carries the first child's SA (RFC 4555 §3.1). */
export const mobikeOffer = (core: Core): Payload[] =>
  core.config.mobike
    ? [
        notify(NotifyType.MOBIKE_SUPPORTED),
        ...additionalAddresses(core.ownAddresses, core.path?.local.address),
      ]
    : [];

/** Takes MOBIKE into use when both ends have it. */
export function agreeOnMobike(core: Core, payloads: readonly Payload[]): void {
  core.mobike = core.config.mobike && findNotify(payloads, NotifyType.MOBIKE_SUPPORTED) !== undefined;
  if (core.mobike) core.peerAddresses = readAddresses(payloads) ?? [];
}

/** Both have proved themselves: the address, the first child, ESTABLISHED. */
export function completed(
  core: Core,
  sa: IkeSa,
  offer: ChildOffer | undefined,
  payloads: readonly Payload[],
): Outcome {
  adoptPpk(core, sa);
  const away = redirectedAtAuth(core, payloads);
  if (away) return away;
  agreeOnMobike(core, payloads);
  readAuthLifetime(core, payloads);
  const error = findError(payloads);
  if (error) return { kind: 'close', failure: refusal(error, phase, true) };
  const config = readConfig(core, payloads);
  if ('code' in config) return { kind: 'close', failure: config };
  let agreement: ChildAgreement | undefined;
  if (offer) {
    const judged = readChildAnswer(offer, payloads, phase);
    if (!judged.ok) return { kind: 'close', failure: judged.failure };
    agreement = judged.agreement;
  }
  if (wantsAny(core.config.virtualIp)) {
    core.assigned = config;
    core.note(
      'config',
      `assigned ${config.addresses.map((a) => `${a.address}/${a.length}`).join(' ')}, DNS ${config.dns.join(' ') || 'none'}`,
    );
    core.emit({ kind: 'assigned', assigned: config });
  }
  const { handshake } = core;
  if (agreement && handshake)
    installPair(core, sa, {
      ...agreement,
      nonces: { initiator: handshake.ourNonce, responder: handshake.peerNonce },
      shared: undefined,
      initiator: true,
      outbound: 'now',
      replaces: undefined,
      generation: 0,
    });
  established(core);
  // Without any child there is no connection: the first of a childless IKE SA decides about it.
  for (const child of core.config.children.slice(agreement ? 1 : 0))
    core.enqueue(childCreate(child, !agreement && child === core.config.children[0]));
  return { kind: 'done' };
}

function readConfig(core: Core, payloads: readonly Payload[]): Assigned | Failure {
  const { virtualIp } = core.config;
  const reply = single(payloads, 'CP');
  const none: Assigned = { addresses: [], dns: [], subnets: [], domains: [] };
  if (!wantsAny(virtualIp))
    return findAll(payloads, 'CP').length > 0
      ? broken('the gateway sent a configuration that nobody asked for')
      : none;
  const assigned = reply?.cfgType === CfgType.REPLY ? readReply(reply, virtualIp) : none;
  if ((virtualIp.ipv4 || virtualIp.ipv6) && assigned.addresses.length === 0)
    return failure('INTERNAL_ADDRESS_FAILURE', phase, 'the gateway gave no virtual address', true);
  return assigned;
}
