/** Agreeing on a CHILD_SA: what is offered, what is answered, what is made of it (RFC 7296 §1.3, §2.9, §2.17). */
import type { Spi32 } from '../base/brand.ts';
import type { Failure, Phase } from '../base/failure.ts';
import type { Selector } from '../esp/params.ts';
import { findNotify, notify } from '../wire/find.ts';
import type { NotifyPayload, Payload, SaPayload } from '../wire/payloads/types.ts';
import { NotifyType, Protocol } from '../wire/registry.ts';
import type { Child } from './child.ts';
import { readSpi, spiBytes } from './children.ts';
import type { ChildConfig } from './contract.ts';
import type { Core } from './core.ts';
import type { Nonces } from './keymat.ts';
import { failure } from './parts/failures.ts';
import { single } from './parts/pick.ts';
import { proposalsFor } from './parts/private-use.ts';
import { type Chosen, choose, type KeUse, offer, readChoice } from './parts/proposals.ts';
import { anyOf, isNarrower, narrow, readNarrowed, resolve, tsPayload } from './parts/selectors.ts';

/** What we ask for, kept to judge the answer by. */
export interface ChildOffer {
  readonly config: ChildConfig;
  readonly use: KeUse;
  readonly sa: SaPayload;
  readonly spiIn: Spi32;
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
}

/** What both agreed on, from either side. */
export interface ChildAgreement {
  readonly config: ChildConfig;
  readonly chosen: Chosen;
  readonly spiIn: Spi32;
  readonly spiOut: Spi32;
  readonly local: readonly Selector[];
  readonly remote: readonly Selector[];
  readonly narrowed: boolean;
}

/** What CREATE_CHILD_SA has brought, while additional key exchanges go on. */
export interface AgreedPair {
  readonly agreement: ChildAgreement;
  readonly nonces: Nonces;
  readonly shared: Uint8Array | undefined;
}

/** Our side's addresses for `dynamic`: virtual ones once known, every address while they are asked for. */
function localSelectors(core: Core, config: ChildConfig): Selector[] {
  const { virtualIp, role } = core.config;
  if (role === 'initiator' && !core.assigned && (virtualIp.ipv4 || virtualIp.ipv6)) {
    const any = [...(virtualIp.ipv4 ? [anyOf(4)] : []), ...(virtualIp.ipv6 ? [anyOf(16)] : [])];
    return config.local.flatMap((s) => (s === 'dynamic' ? any : [s]));
  }
  const virtual = role === 'initiator' ? (core.assigned?.addresses.map((p) => p.address) ?? []) : [];
  return resolve(config.local, virtual.length > 0 ? virtual : [core.path?.local.address ?? '']);
}

function remoteSelectors(core: Core, config: ChildConfig): Selector[] {
  const virtual =
    core.config.role === 'responder' ? (core.assigned?.addresses.map((p) => p.address) ?? []) : [];
  return resolve(config.remote, virtual.length > 0 ? virtual : [core.path?.remote.address ?? '']);
}

/** A rekey asks for what the old pair has: nothing narrower (§2.9.2), and nothing that the peer refused before. */
export function childOffer(core: Core, config: ChildConfig, use: KeUse, old?: Child): ChildOffer {
  const spiIn = core.context.freshSpi();
  return {
    config,
    use,
    sa: offer(proposalsFor(core, config.proposals), use, spiBytes(spiIn)),
    spiIn,
    local: old?.local ?? localSelectors(core, config),
    remote: old?.remote ?? remoteSelectors(core, config),
  };
}

/** SA, TSi, TSr as the exchange's initiator. We take TFC padding (RFC 4303 §2.7), so nothing is said against it. */
export const offerPayloads = (o: ChildOffer): { readonly sa: SaPayload; readonly rest: Payload[] } => ({
  sa: o.sa,
  rest: [tsPayload('TSi', o.local), tsPayload('TSr', o.remote)],
});

type Judged =
  | { readonly ok: true; readonly agreement: ChildAgreement }
  | { readonly ok: false; readonly failure: Failure };

/** Judges an answer that carries no error: everything in it must have been offered. */
export function readChildAnswer(offered: ChildOffer, payloads: readonly Payload[], phase: Phase): Judged {
  const broken = (why: string): Judged => ({
    ok: false,
    failure: failure('PROTOCOL_ERROR', phase, `the peer's answer for ${offered.config.name} ${why}`, true),
  });
  const sa = single(payloads, 'SA');
  const tsi = single(payloads, 'TSi');
  const tsr = single(payloads, 'TSr');
  if (!sa || !tsi || !tsr) return broken('lacks SA, TSi or TSr');
  if (findNotify(payloads, NotifyType.USE_TRANSPORT_MODE)) return broken('has transport mode');
  const choice = readChoice(sa, offered.sa, offered.use, 4);
  if (!choice.ok) return broken(choice.why);
  const spiOut = readSpi(choice.chosen.spi);
  if (spiOut === undefined) return broken('has a reserved SPI');
  const local = readNarrowed(tsi, offered.local);
  const remote = readNarrowed(tsr, offered.remote);
  if (!local || !remote) return broken('has traffic selectors outside of what was offered');
  const narrowed = isNarrower(remote, offered.remote);
  const { config, spiIn } = offered;
  return { ok: true, agreement: { config, chosen: choice.chosen, spiIn, spiOut, local, remote, narrowed } };
}

/** The answer to a peer's request for a child: the first of `configs` that meets it. */
export function answerChild(
  core: Core,
  payloads: readonly Payload[],
  configs: readonly ChildConfig[],
  use: KeUse,
  preferKe: number,
  old?: Child,
):
  | {
      readonly ok: true;
      readonly agreement: ChildAgreement;
      readonly sa: SaPayload;
      readonly rest: Payload[];
    }
  | { readonly ok: false; readonly error: NotifyPayload } {
  const sa = single(payloads, 'SA');
  const tsi = single(payloads, 'TSi');
  const tsr = single(payloads, 'TSr');
  if (!sa || !tsi || !tsr) return { ok: false, error: notify(NotifyType.INVALID_SYNTAX) };
  let error = NotifyType.TS_UNACCEPTABLE as number;
  for (const config of configs) {
    const remote = narrow(tsi, old?.remote ?? remoteSelectors(core, config));
    const local = narrow(tsr, old?.local ?? localSelectors(core, config));
    if (remote.length === 0 || local.length === 0) continue;
    const specs = proposalsFor(core, config.proposals);
    const chosen = choose(specs, sa, use, 4, preferKe);
    const spiOut = chosen && readSpi(chosen.spi);
    if (!chosen || spiOut === undefined) {
      error = NotifyType.NO_PROPOSAL_CHOSEN;
      continue;
    }
    const spiIn = core.context.freshSpi();
    const narrowed = isNarrower(remote, tsi.selectors) || isNarrower(local, tsr.selectors);
    return {
      ok: true,
      agreement: { config, chosen, spiIn, spiOut, local, remote, narrowed },
      sa: { kind: 'SA', proposals: [{ ...chosen.proposal, protocol: Protocol.ESP, spi: spiBytes(spiIn) }] },
      rest: [tsPayload('TSi', remote), tsPayload('TSr', local)],
    };
  }
  return { ok: false, error: notify(error) };
}
