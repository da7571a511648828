/**
 * Decides what to change so that links, addresses, routes and rules are as all tunnels together want them.
 * Pure: desired × owned × observed → steps.
 *
 * The plan is made over all tunnels at once, because they share the table, its rules and the bypass routes: what
 * one tunnel no longer wants stays while another wants it.
 */
import {
  canonicalIp,
  formatIp,
  formatPrefix,
  isIpv6,
  type Prefix,
  parseIp,
  prefixRange,
} from '../../base/ip.ts';
import type { HostState } from '../port.ts';
import type {
  Family,
  LinkBefore,
  LinkItem,
  ObservedRoute,
  ObservedRoutes,
  RouteItem,
  Routing,
  RuleItem,
  ThrowItem,
  TunnelRouteItem,
} from './port.ts';

/** Before every tunnel route of the same destination, so that the gateway's address bypasses even a /32 selector. */
export const THROW_METRIC = 1;
/** The first tunnel that wants a destination gets this metric, the next one this plus one. */
export const FIRST_TUNNEL_METRIC = 100;
/** The kernel shall make no link-local address by itself on a tun. */
export const OUR_ADDRESS_MODE = 'none';
/** RFC 8200 §5: a link below this carries no IPv6, and Linux takes it off such an interface. */
export const IPV6_MIN_MTU = 1280;

/** Something that we made and have not yet undone. */
export interface OwnedRoute {
  readonly id: number;
  readonly item: RouteItem;
  readonly before: LinkBefore | null;
}

export interface RouteAddition {
  readonly item: RouteItem;
  readonly before: LinkBefore | null;
  /** False when it stands in the journal already and only has to be made again. */
  readonly journal: boolean;
  readonly tunnel: string;
}

export interface RoutePlan {
  /** In the order in which they must happen. */
  readonly additions: readonly RouteAddition[];
  /** To be taken away after the additions, in this order. */
  readonly removals: readonly OwnedRoute[];
  /** Ours no longer and gone, replaced or in use by others: nothing to do but forget them. */
  readonly forgotten: readonly OwnedRoute[];
  /** What was wanted and cannot be, one line each. */
  readonly notes: readonly string[];
}

export interface RoutePlanInput {
  /** Every tunnel's wish, the first that came up first. */
  readonly desired: readonly (readonly [tunnel: string, state: HostState])[];
  readonly owned: readonly OwnedRoute[];
  readonly observed: ObservedRoutes;
  readonly routing: Routing;
}

export const familyOf = (address: string): Family => (isIpv6(address) ? 6 : 4);

/** Everything about an item, as text: two items are the same when this is. */
export const itemKey = (item: RouteItem): string => JSON.stringify(Object.entries(item).sort());

/** What can hold one value only: two routes with one slot cannot be side by side. */
const slotKey = (item: TunnelRouteItem | ThrowItem): string =>
  `${item.table} ${item.destination} ${item.metric}`;

/** The network of a prefix: canonical, host bits cleared. */
export function networkOf(prefix: Prefix): string {
  return formatPrefix({ address: formatIp(prefixRange(prefix).start), length: prefix.length });
}

/** A gateway address as a full-length prefix; undefined when it is none. A zone (`%eth0`) is dropped. */
export function hostPrefix(address: string): string | undefined {
  const bytes = parseIp(address.split('%')[0] ?? '');
  return bytes && formatPrefix({ address: formatIp(bytes), length: bytes.length * 8 });
}

const bypasses = (item: ThrowItem, observed: ObservedRoutes): readonly ObservedRoute[] =>
  observed.routes.filter((r) => r.throws && r.destination === item.destination && r.metric === item.metric);

/** True when the host is as the item says. */
export function isPresent(item: RouteItem, observed: ObservedRoutes): boolean {
  switch (item.kind) {
    case 'link': {
      const link = observed.links.get(item.interface);
      return link?.up === true && link.mtu === item.mtu;
    }
    case 'address':
      return observed.links.get(item.interface)?.addresses.includes(item.address) ?? false;
    case 'route':
      return observed.routes.some(
        (r) =>
          !r.throws &&
          r.destination === item.destination &&
          r.metric === item.metric &&
          r.interface === item.interface &&
          r.source === item.source,
      );
    case 'throw':
      return bypasses(item, observed).some((r) => r.stale !== true);
    case 'rule':
      return observed.rules.some(
        (r) => r.family === item.family && r.table === item.table && r.preference === item.preference,
      );
  }
}

interface Wish {
  readonly item: RouteItem;
  readonly tunnel: string;
}

class Wishes {
  readonly #seen = new Map<string, Wish>();
  add(tunnel: string, item: RouteItem): void {
    const key = itemKey(item);
    if (!this.#seen.has(key)) this.#seen.set(key, { item, tunnel });
  }
  has(item: RouteItem): boolean {
    return this.#seen.has(itemKey(item));
  }
  list(): readonly Wish[] {
    return [...this.#seen.values()];
  }
}

/** The metric for a tunnel's route: the first that no earlier tunnel and no stranger has for the destination. */
function freeMetric(input: RoutePlanInput, taken: Set<string>, destination: string, iface: string): number {
  const { table } = input.routing;
  const mine = new Set<string>();
  for (const { item } of input.owned) {
    if (item.kind === 'route' && item.table === table) mine.add(`${item.destination} ${item.metric}`);
  }
  const strange = new Set<string>();
  for (const r of input.observed.routes) {
    const slot = `${r.destination} ${r.metric}`;
    if (!mine.has(slot) && r.interface !== iface) strange.add(slot);
  }
  let metric = FIRST_TUNNEL_METRIC;
  while (taken.has(`${destination} ${metric}`) || strange.has(`${destination} ${metric}`)) metric++;
  taken.add(`${destination} ${metric}`);
  return metric;
}

function wishes(input: RoutePlanInput, notes: string[]): Wishes {
  const { table, protocol, preference } = input.routing;
  const all = new Wishes();
  const taken = new Set<string>();
  const bypass = new Set<string>();
  for (const [, state] of input.desired) {
    for (const address of state.bypass) {
      const prefix = hostPrefix(address);
      if (prefix !== undefined) bypass.add(prefix);
    }
  }
  for (const [tunnel, state] of input.desired) {
    const iface = state.interface;
    const canIpv6 = input.observed.links.get(iface)?.ipv6 ?? true;
    const usable = (address: string): boolean => !isIpv6(address) || (canIpv6 && state.mtu >= IPV6_MIN_MTU);
    const why = canIpv6 ? `IPv6 needs an MTU of ${IPV6_MIN_MTU}` : `IPv6 is off on ${iface}`;
    all.add(tunnel, { kind: 'link', interface: iface, mtu: state.mtu });
    for (const { address } of state.addresses) {
      const canonical = canonicalIp(address) ?? address;
      if (usable(canonical)) all.add(tunnel, { kind: 'address', interface: iface, address: canonical });
      else notes.push(`${why}: address ${canonical} not set`);
    }
    for (const address of state.bypass) {
      const destination = hostPrefix(address);
      if (destination === undefined) continue;
      all.add(tunnel, { kind: 'throw', table, protocol, destination, metric: THROW_METRIC });
    }
    for (const prefix of state.local ?? []) {
      const destination = networkOf(prefix);
      all.add(tunnel, { kind: 'throw', table, protocol, destination, metric: THROW_METRIC });
    }
    const own = new Set<string>();
    for (const prefix of state.routes) {
      const destination = networkOf(prefix);
      if (own.has(destination)) continue;
      own.add(destination);
      if (!usable(destination)) {
        notes.push(`${why}: route ${destination} not set`);
        continue;
      }
      if (bypass.has(destination)) {
        notes.push(`${destination} is a gateway's own address and bypasses the tunnel`);
        continue;
      }
      const found = state.addresses.find((a) => isIpv6(a.address) === isIpv6(destination));
      const source = found ? (canonicalIp(found.address) ?? found.address) : null;
      const metric = freeMetric(input, taken, destination, iface);
      all.add(tunnel, { kind: 'route', table, protocol, destination, metric, interface: iface, source });
    }
  }
  for (const family of [4, 6] as const) {
    const user = all
      .list()
      .find(({ item }) => item.kind === 'route' && familyOf(item.destination) === family);
    if (user) all.add(user.tunnel, { kind: 'rule', family, table, protocol, preference });
  }
  return all;
}

/** Links and addresses before what uses them; the bypass before the routes; the rule, which puts all in force, last. */
const ORDER: readonly RouteItem['kind'][] = ['link', 'address', 'throw', 'route', 'rule'];
const inOrder = (a: { readonly item: RouteItem }, b: { readonly item: RouteItem }): number =>
  ORDER.indexOf(a.item.kind) - ORDER.indexOf(b.item.kind);

function isRuleOfOthers(item: RouteItem, input: RoutePlanInput): item is RuleItem {
  if (item.kind !== 'rule') return false;
  return input.observed.routes.some(
    (r) =>
      familyOf(r.destination) === item.family &&
      !input.owned.some(
        ({ item: own }) =>
          (own.kind === 'route' || own.kind === 'throw') &&
          own.destination === r.destination &&
          own.metric === r.metric,
      ),
  );
}

/** What we did to the same link before, when it was something else. Its `before` is the one to go back to. */
function ownedLink(input: RoutePlanInput, item: LinkItem): OwnedRoute | undefined {
  return input.owned.find(
    ({ item: own }) => own.kind === 'link' && own.interface === item.interface && own.mtu !== item.mtu,
  );
}

function linkBefore(input: RoutePlanInput, item: LinkItem): LinkBefore | null {
  const link = input.observed.links.get(item.interface);
  return link ? { mtu: link.mtu, up: link.up, addressMode: link.addressMode } : null;
}

/**
 * True when there is something to undo. A link is set and put back in several moves, and a crash may fall between
 * them: it is ours while each of its values is the one before or the one after, and not all are those before.
 */
function isStillOurs({ item, before }: OwnedRoute, observed: ObservedRoutes): boolean {
  if (item.kind === 'throw') return bypasses(item, observed).length > 0;
  if (item.kind !== 'link') return isPresent(item, observed);
  const link = observed.links.get(item.interface);
  if (link === undefined || before === null) return false;
  const known =
    (link.mtu === before.mtu || link.mtu === item.mtu) &&
    (link.addressMode === before.addressMode || link.addressMode === OUR_ADDRESS_MODE);
  const untouched =
    link.mtu === before.mtu && link.up === before.up && link.addressMode === before.addressMode;
  return known && !untouched;
}

/** The steps from what is to what is wanted. */
export function planRoutes(input: RoutePlanInput): RoutePlan {
  const notes: string[] = [];
  const wanted = wishes(input, notes);
  const ownedKeys = new Set(input.owned.map(({ item }) => itemKey(item)));
  const additions: RouteAddition[] = [];
  const replaced = new Set<string>();
  for (const { item, tunnel } of wanted.list()) {
    const changed = item.kind === 'link' ? ownedLink(input, item) : undefined;
    if (changed === undefined && isPresent(item, input.observed)) continue;
    const before = item.kind === 'link' ? (changed?.before ?? linkBefore(input, item)) : null;
    additions.push({ item, before, journal: !ownedKeys.has(itemKey(item)), tunnel });
    if (item.kind === 'route' || item.kind === 'throw') replaced.add(slotKey(item));
  }
  const removals: OwnedRoute[] = [];
  const forgotten: OwnedRoute[] = [];
  for (const owned of input.owned) {
    const { item } = owned;
    if (wanted.has(item)) continue;
    const isReplaced = (item.kind === 'route' || item.kind === 'throw') && replaced.has(slotKey(item));
    const relinked =
      item.kind === 'link' &&
      wanted.list().some((w) => w.item.kind === 'link' && w.item.interface === item.interface);
    if (isReplaced || relinked || !isStillOurs(owned, input.observed) || isRuleOfOthers(item, input))
      forgotten.push(owned);
    else removals.push(owned);
  }
  additions.sort(inOrder);
  removals.sort((a, b) => inOrder(b, a));
  return { additions, removals, forgotten, notes };
}
