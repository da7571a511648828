/**
 * What Darwin's one routing table means for tunnels. Pure.
 *
 * There are no tables and rules of our own here, so the place of each is taken by something else:
 * - The longer prefix wins. A default route goes into the tunnel as its two halves, beside the system's default
 *   route, which stays as it is and is what everything falls back to when the utun is gone.
 * - A gateway's address gets a host route along the way that it has without us. It is no scoped route
 *   (RTF_IFSCOPE): a socket that is bound to no interface would not find that one, for the kernel first looks among
 *   unscoped routes and finds the tunnel's half there.
 * - Our routes bear the flag RTF_PROTO1, by which they are known as ours.
 */

import { inRange } from '../../base/ip.ts';
import { RTF } from '../ffi/abi.darwin.ts';
import type { TableLink, TableRoute } from './messages.darwin.ts';
import { FIRST_TUNNEL_METRIC, THROW_METRIC } from './plan.ts';
import type { ObservedLink, ObservedRoute, ObservedRoutes, Routing } from './port.ts';

const HALVES: Readonly<Record<string, readonly [string, string]>> = {
  '0.0.0.0/0': ['0.0.0.0/1', '128.0.0.0/1'],
  '::/0': ['::/1', '8000::/1'],
};

/** What stands in the table for a destination. */
export const destinationsOf = (destination: string): readonly string[] =>
  HALVES[destination] ?? [destination];

export const isOurs = ({ flags }: TableRoute): boolean => (flags & RTF.PROTO1) !== 0;

/** Neither ours, nor for sockets of one interface alone, nor made by the kernel for one peer, nor a dead end. */
const WITHOUT_US: number = RTF.PROTO1 | RTF.IFSCOPE | RTF.WASCLONED | RTF.LLINFO | RTF.REJECT;

/** The route that an address would take without us, `undefined` when it has none. */
export function wayWithoutUs(table: readonly TableRoute[], address: Uint8Array): TableRoute | undefined {
  let best: TableRoute | undefined;
  for (const route of table) {
    if ((route.flags & RTF.UP) === 0 || (route.flags & WITHOUT_US) !== 0 || !inRange(address, route.range))
      continue;
    if (!best || route.length > best.length) best = route;
  }
  return best;
}

/**
 * Octets of the largest IP datagram toward an address, as a socket that is bound to no interface sends it: the kernel
 * keeps what it learns of a path (ICMP "too big") as the MTU of a route of that host alone, and gives every route the
 * MTU of its link to begin with (xnu, bsd/netinet/in_rmx.c). `undefined` when there is no route, or a dead end.
 */
export function pathMtuIn(
  table: readonly TableRoute[],
  links: readonly TableLink[],
  address: Uint8Array,
): number | undefined {
  let best: TableRoute | undefined;
  for (const route of table) {
    if ((route.flags & RTF.UP) === 0 || (route.flags & RTF.IFSCOPE) !== 0) continue;
    if (inRange(address, route.range) && (!best || route.length > best.length)) best = route;
  }
  if (!best || (best.flags & RTF.REJECT) !== 0) return undefined;
  const link = links.find(({ index }) => index === best.index)?.mtu ?? 0;
  const known = [best.mtu, link].filter((mtu) => mtu > 0);
  return known.length === 0 ? undefined : Math.min(...known);
}

const sameOctets = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((octet, i) => octet === b[i]);

/** Whether a host route of ours still goes where the gateway is reached. Without a network it is left alone. */
function leadsAstray(route: TableRoute, table: readonly TableRoute[]): boolean {
  const way = wayWithoutUs(table, route.range.start);
  if (!way) return false;
  return (
    (route.flags & RTF.REJECT) !== 0 || way.index !== route.index || !sameOctets(way.gateway, route.gateway)
  );
}

/** What the plan sees of the table, in the terms of `plan.ts`. */
export function observedRoutes(
  table: readonly TableRoute[],
  links: readonly TableLink[],
  interfaces: readonly string[],
  routing: Routing,
): ObservedRoutes {
  const routes: ObservedRoute[] = [];
  const shown = new Map<string, ObservedLink>();
  for (const link of links) {
    if (!interfaces.includes(link.name)) continue;
    const { mtu, up, addresses } = link;
    shown.set(link.name, { mtu, up, addressMode: null, ipv6: true, addresses });
    routes.push(...routesInto(link, table));
  }
  for (const route of table) {
    if (!isOurs(route) || links.some((l) => l.index === route.index && interfaces.includes(l.name))) continue;
    const bypass = { throws: true, destination: route.destination, metric: THROW_METRIC };
    routes.push({ ...bypass, interface: null, source: null, stale: leadsAstray(route, table) });
  }
  const { table: number, preference } = routing;
  // No rule is needed here, so the plan finds every one in place and makes none.
  const rules = ([4, 6] as const).map((family) => ({ family, table: number, preference }));
  return { links: shown, routes, rules };
}

function routesInto(link: TableLink, table: readonly TableRoute[]): ObservedRoute[] {
  const here = new Set(table.filter((r) => r.index === link.index && isOurs(r)).map((r) => r.destination));
  // One half may be missing after a failure: the route is there then as far as there is something to take away.
  const whole = Object.entries(HALVES).flatMap(([destination, halves]) =>
    halves.some((half) => here.has(half)) ? [destination] : [],
  );
  return [...here, ...whole].map((destination) => ({
    throws: false,
    destination,
    // One table has no metrics: two tunnels cannot have the same destination.
    metric: FIRST_TUNNEL_METRIC,
    interface: link.name,
    source: link.addresses.find((a) => a.includes(':') === destination.includes(':')) ?? null,
  }));
}
