/** What a tunnel's kill switch protects, decided from its plan and from what is up (`os/firewall`). Pure. */
import { formatPrefix, rangePrefixes } from '../base/ip.ts';
import type { Selector } from '../esp/params.ts';
import type { GuardState, Protected } from '../os/firewall/port.ts';
import type { TunnelPlan } from './plan.ts';

const isWhole = ({ start, end }: Selector): boolean =>
  start.every((octet) => octet === 0) && end.every((octet) => octet === 255);

/**
 * Everything, when the profile asks for a whole address family: then the other family has no business outside either.
 * Else the networks that it asks for, before the gateway narrowed them.
 */
export function protectedBy(plan: Pick<TunnelPlan, 'children' | 'extraRoutes'>): Protected {
  const wanted = plan.children.flatMap((child) => child.remote).filter((s) => s !== 'dynamic');
  const extra = plan.extraRoutes.map((prefix) => formatPrefix(prefix));
  if (wanted.some(isWhole) || plan.extraRoutes.some((prefix) => prefix.length === 0)) return 'everything';
  const networks = wanted.flatMap((s) =>
    rangePrefixes({ start: s.start, end: s.end }).map((prefix) => formatPrefix(prefix)),
  );
  return [...new Set([...networks, ...extra])].sort();
}

/** The guard of a tunnel; `undefined` when its profile wants none. `tunnel` is left out while nothing is up. */
export function guardState(
  plan: TunnelPlan,
  gateways: readonly string[],
  tunnel: GuardState['tunnel'],
): GuardState | undefined {
  const { mode, allowLocal } = plan.killSwitch;
  if (mode === 'off') return undefined;
  return {
    mode,
    allowLocal,
    protect: protectedBy(plan),
    gateways: [...new Set(gateways)].sort(),
    ports: [plan.port],
    tunnel,
  };
}

/** Whether the machine's own networks are to stay reachable: then their packets must not go into the tunnel either. */
export const keepsLocal = (plan: TunnelPlan): boolean => guardsEverything(plan) && plan.killSwitch.allowLocal;

/** Whether the kill switch leaves no way to a name server outside: then the tunnel's are asked for every name. */
export const guardsEverything = (plan: TunnelPlan): boolean =>
  plan.killSwitch.mode !== 'off' && protectedBy(plan) === 'everything';
