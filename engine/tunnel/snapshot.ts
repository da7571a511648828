/** A tunnel as clients see it: plain JSON made from the session's view, the data path's counters and the host state. */

import type {
  ChildSnapshot,
  DatapathSnapshot,
  IkeSnapshot,
  KillSwitchSnapshot,
  TunnelSnapshot,
  TunnelState,
} from '../api/snapshot.ts';
import type { Instant } from '../base/brand.ts';
import { formatPrefix } from '../base/ip.ts';
import { keyExchangeName } from '../crypto/suites.ts';
import type { Datapath } from '../datapath/protocol.ts';
import type { ChildView, Identity, IkeView, Path } from '../ike/contract.ts';
import type { Host } from '../os/port.ts';
import { AuthMethod, nameOf } from '../wire/registry.ts';
import { PLAIN_PORT } from './candidates.ts';
import type { History } from './history.ts';
import type { Scheduler } from './ports.ts';
import { selectorText } from './selector-text.ts';
import { espSuite, ikeSuite } from './suite-text.ts';
import type { Tunnel } from './tunnel.ts';

export interface SnapshotContext {
  readonly scheduler: Scheduler;
  readonly identityText: (identity: Identity) => string;
}

/** The wall-clock text of a monotonic moment. */
function timeText({ scheduler }: SnapshotContext, moment: Instant): string {
  return scheduler.isoTime(scheduler.wallClock() - (scheduler.now() - moment));
}

const secondsLeft = (context: SnapshotContext, moment: Instant): number =>
  Math.max(0, Math.round((moment - context.scheduler.now()) / 1000));

/** Beyond IKE_SA_INIT at port 500 the data path's socket carries IKE as well, from its own port. */
const localEndpoint = ({ local, remote }: Path, datapath: Datapath | undefined): Path['local'] =>
  datapath && remote.port !== PLAIN_PORT ? { address: local.address, port: datapath.local.port } : local;

function ikeSnapshot(context: SnapshotContext, view: IkeView, datapath: Datapath | undefined): IkeSnapshot {
  return {
    spiInitiator: view.spiInitiator,
    spiResponder: view.spiResponder,
    suite: view.suite && ikeSuite(view.suite),
    localId: context.identityText(view.localId),
    remoteId: view.remoteId && context.identityText(view.remoteId),
    localAuth:
      view.eapMethod ??
      (view.localAuthMethod === undefined ? undefined : nameOf(AuthMethod, view.localAuthMethod)),
    remoteAuth: view.remoteAuthMethod === undefined ? undefined : nameOf(AuthMethod, view.remoteAuthMethod),
    local: view.path && localEndpoint(view.path, datapath),
    ppk: view.ppk,
    remote: view.path?.remote,
    nat: view.nat,
    fragmentation: view.fragmentation,
    establishedAt: view.establishedAt === undefined ? undefined : timeText(context, view.establishedAt),
    secondsToRekey: view.rekeyAt === undefined ? undefined : secondsLeft(context, view.rekeyAt),
    secondsToExpiry: view.expiresAt === undefined ? undefined : secondsLeft(context, view.expiresAt),
    rekeysDone: view.generation,
    roundTripMs: view.roundTrip,
    retransmits: view.retransmits,
  };
}

const hexSpi = (spi: number): string => `0x${spi.toString(16).padStart(8, '0')}`;

function childSnapshot(
  context: SnapshotContext,
  child: ChildView,
  datapath: Datapath | undefined,
): ChildSnapshot {
  const counters = datapath?.counters(child.id);
  const idle = [counters?.idleIn, counters?.idleOut].filter((ms) => ms !== undefined);
  return {
    id: child.id,
    name: child.name,
    state: child.state,
    spiIn: hexSpi(child.spiIn),
    spiOut: hexSpi(child.spiOut),
    suite: espSuite(child.suite, child.esn, child.keMethod, child.additional),
    esn: child.esn,
    pfs:
      child.keMethod === 0
        ? undefined
        : [child.keMethod, ...child.additional].map(keyExchangeName).join(' + '),
    local: child.local.map(selectorText),
    remote: child.remote.map(selectorText),
    narrowed: child.narrowed,
    installedAt: timeText(context, child.installedAt),
    secondsToRekey: secondsLeft(context, child.rekeyAt),
    secondsToExpiry: secondsLeft(context, child.expiresAt),
    rekeysDone: child.generation,
    bytesIn: counters?.bytesIn ?? 0,
    bytesOut: counters?.bytesOut ?? 0,
    packetsIn: counters?.packetsIn ?? 0,
    packetsOut: counters?.packetsOut ?? 0,
    idleSeconds: idle.length === 0 ? undefined : Math.round(Math.min(...idle) / 1000),
  };
}

function datapathSnapshot(tunnel: Tunnel): DatapathSnapshot | undefined {
  const open = tunnel.open;
  if (!open) return undefined;
  const totals = open.datapath.totals();
  return {
    description: open.datapath.description,
    interface: open.interface,
    mtu: tunnel.link?.hostState?.mtu,
    drops: totals.drops,
    datagramsIn: totals.datagramsIn,
    datagramsOut: totals.datagramsOut,
  };
}

/** The product's state of a tunnel: the session's own where there is one. */
export function tunnelState(tunnel: Tunnel): TunnelState {
  const { phase } = tunnel;
  switch (phase.kind) {
    case 'down':
      return 'CREATED';
    case 'preparing':
    case 'waiting':
      return 'CONNECTING';
    case 'held':
      return 'CREATED';
    case 'closing':
      return 'DELETING';
    case 'connecting':
      return 'CONNECTING';
    case 'up':
      return phase.link.view()?.state ?? 'ESTABLISHED';
  }
}

export function tunnelSnapshot(context: SnapshotContext, tunnel: Tunnel, history: History): TunnelSnapshot {
  const link = tunnel.link;
  const view = link?.view();
  const host = tunnel.hostState;
  return {
    name: tunnel.plan.name,
    profile: tunnel.plan.name,
    state: tunnelState(tunnel),
    since: context.scheduler.isoTime(history.stateSince),
    usable: tunnel.phase.kind === 'up',
    ike: view && ikeSnapshot(context, view, tunnel.open?.datapath),
    children: (view?.children ?? []).map((child) => childSnapshot(context, child, tunnel.open?.datapath)),
    addresses: (host?.addresses ?? []).map(formatPrefix),
    dns: host?.dns.servers ?? [],
    domains: host?.dns.domains ?? [],
    routes: (host?.routes ?? []).map(formatPrefix),
    hostChanges: tunnel.hostChanges,
    datapath: datapathSnapshot(tunnel),
    lastFailure: tunnel.lastFailure,
    ...(tunnel.resting.length > 0 ? { resting: tunnel.resting } : {}),
    attempts: tunnel.attempts.number,
    recentAttempts: tunnel.attempts.recent(),
    secondsToRetry: tunnel.phase.kind === 'waiting' ? secondsLeft(context, tunnel.phase.until) : undefined,
    prompt: tunnel.prompt.snapshot(),
    history: history.events(),
  };
}

/** @param isUp whether packets of a tunnel can flow */
export const killSwitchSnapshot = (
  { closed, guards }: ReturnType<Host['guards']>,
  isUp: (name: string) => boolean,
): KillSwitchSnapshot => ({
  closed,
  guards: [...guards].map(([profile, { mode, protect }]) => ({
    profile,
    mode,
    protects: protect === 'everything' ? ['everything'] : protect,
    blocking: !isUp(profile),
  })),
});
