/** Decides what the host must look like for a tunnel: addresses, routes, DNS (DESIGN section 6). Pure. */
import type { Prefix } from '../base/ip.ts';
import { formatPrefix, parseIp, rangePrefixes } from '../base/ip.ts';
import type { Assigned, ChildView } from '../ike/contract.ts';
import type { HostState } from '../os/port.ts';

export interface HostWish {
  readonly interface: string;
  readonly mtu: number;
  /** Gateway addresses, which stay outside the tunnel. */
  readonly bypass: readonly string[];
  /** `selectors`: the narrowed remote selectors of every child and the pushed subnets inside them; `none`: only `extraRoutes`. */
  readonly routes: 'selectors' | 'none';
  readonly extraRoutes: readonly Prefix[];
  readonly dns: 'use' | 'ignore';
  readonly extraDns: readonly string[];
  readonly domains: readonly string[];
  /** Networks beside the tunnel that stay outside. */
  readonly local: readonly Prefix[];
  /** Every name is asked of the tunnel's servers, whatever domains they are for: no other server can be reached. */
  readonly allNames: boolean;
}

/** The host state that one tunnel's assigned addresses and installed children ask for. */
export function hostState(
  wish: HostWish,
  assigned: Assigned | undefined,
  children: readonly ChildView[],
): HostState {
  const addresses = assigned?.addresses ?? [];
  const families = familiesOf(addresses, children);
  const routes = new Map<string, Prefix>();
  const add = (prefix: Prefix): void => {
    if (families.has(parseIp(prefix.address)?.length ?? 0)) routes.set(formatPrefix(prefix), prefix);
  };
  if (wish.routes === 'selectors') for (const prefix of children.flatMap(remotePrefixes)) add(prefix);
  for (const prefix of wish.extraRoutes) add(prefix);
  const pushed = wish.dns === 'use' ? (assigned?.dns ?? []) : [];
  const domains = [...wish.domains, ...(wish.dns === 'use' ? (assigned?.domains ?? []) : [])];
  return {
    interface: wish.interface,
    mtu: wish.mtu,
    addresses,
    routes: [...routes.values()],
    bypass: wish.bypass,
    ...(wish.local.length > 0 ? { local: wish.local } : {}),
    dns: {
      servers: [...new Set([...wish.extraDns, ...pushed])],
      domains: wish.allNames ? [] : [...new Set(domains)],
    },
  };
}

/** A route of a family in which we have no address to speak from would be a black hole. */
function familiesOf(addresses: readonly Prefix[], children: readonly ChildView[]): ReadonlySet<number> {
  const lengths = addresses.map((a) => parseIp(a.address)?.length ?? 0);
  return new Set(lengths.length > 0 ? lengths : children.flatMap((c) => c.local.map((s) => s.start.length)));
}

function remotePrefixes(child: ChildView): Prefix[] {
  return child.remote.flatMap((s) => rangePrefixes({ start: s.start, end: s.end }));
}
