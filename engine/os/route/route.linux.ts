/**
 * Links, addresses, routes and rules on Linux, through rtnetlink. One change is one request with its own answer, in
 * the order that the plan has them.
 *
 * Kernel facts that the changes rest on:
 * - An address is added `noprefixroute` at full length: no connected route appears in main, and no address is
 *   another's secondary that goes when the first one goes.
 * - `nodad`: on a tun nobody answers duplicate address detection, and a tentative address cannot be a preferred source.
 * - `addrgenmode ${OUR_ADDRESS_MODE}` before the link comes up: otherwise the kernel makes a link-local address, and sends router
 *   solicitations into the tunnel.
 * - Deleting an IPv4 address takes the routes that prefer it along, so routes are replaced before addresses go.
 * - A table that never had a route does not exist: asking for it fails, and means that it is empty.
 * - rp_filter=1 looks the sender up through the same rules: the gateway's by way of the throw in main, the far
 *   network's in our table. So strict filtering holds with no mark and no exception.
 */
import { OsError } from '../error.ts';
import { ERRNO } from '../ffi/abi.ts';
import {
  addAddress,
  addRule,
  removeAddress,
  removeRoute,
  removeRule,
  replaceRoute,
  setAddressMode,
  setLink,
} from '../netlink/changes.ts';
import {
  askAddresses,
  askLink,
  askRoutes,
  askRules,
  type LinkFacts,
  readAddress,
  readLink,
  readRoute,
  readRule,
} from '../netlink/facts.ts';
import { NetlinkError, type Request } from '../netlink/message.ts';
import type { Netlink, OpenNetlink } from '../netlink/socket.linux.ts';
import { OUR_ADDRESS_MODE } from './plan.ts';
import type {
  Family,
  ObservedLink,
  ObservedRoute,
  ObservedRoutes,
  ObservedRule,
  RouteItem,
  RoutePort,
  RouteStep,
  Routing,
} from './port.ts';
import { additionText, errnoText, removalText } from './words.ts';

/**
 * Table and rule preference 4500 (as the UDP port), protocol 145, which no routing daemon is registered for. The
 * preference lies below those of Tailscale (5210 and up) and main (32766): the first rule that matches decides.
 */
export const CULVERT_ROUTING: Routing = { table: 4500, preference: 4500, protocol: 145 };

/** linux/if_link.h, IN6_ADDR_GEN_MODE_*, in iproute2's words. */
const ADDRESS_MODES: readonly (string | undefined)[] = ['eui64', 'none', 'stable_secret', 'random'];

const FAMILIES: readonly Family[] = [4, 6];

/** The table does not exist, or the kernel has not this family, or no rules: there is nothing of it then. */
const NOTHING_THERE: readonly number[] = [ERRNO.ENOENT, ERRNO.EAFNOSUPPORT, ERRNO.EOPNOTSUPP];

function nothingIf<T>(errors: readonly number[], ask: () => T[]): T[] {
  try {
    return ask();
  } catch (error) {
    if (error instanceof NetlinkError && errors.includes(error.errno)) return [];
    throw error;
  }
}

const findLink = (netlink: Netlink, which: string | number): LinkFacts | undefined =>
  nothingIf([ERRNO.ENODEV], () => netlink.ask(askLink(which), ({ body }) => readLink(body)))[0];

function observeLink(netlink: Netlink, link: LinkFacts): ObservedLink {
  const addresses = netlink.ask(askAddresses(link.index), ({ body }) => readAddress(body));
  const { mtu, up, addressMode, ipv6 } = link;
  return {
    mtu,
    up,
    addressMode: addressMode === undefined ? null : (ADDRESS_MODES[addressMode] ?? null),
    ipv6,
    // An older kernel tells the addresses of all interfaces.
    addresses: addresses.filter((a) => a.index === link.index).map((a) => a.address),
  };
}

function observe(netlink: Netlink, interfaces: readonly string[], { table }: Routing): ObservedRoutes {
  const links = new Map<string, ObservedLink>();
  const names = new Map<number, string>();
  for (const name of interfaces) {
    const link = findLink(netlink, name);
    if (link === undefined) continue;
    names.set(link.index, name);
    links.set(name, observeLink(netlink, link));
  }
  const nameOf = (index: number): string => {
    const name = names.get(index) ?? findLink(netlink, index)?.name ?? `if${index}`;
    names.set(index, name);
    return name;
  };
  const facts = FAMILIES.flatMap((family) =>
    nothingIf(NOTHING_THERE, () =>
      netlink.ask(askRoutes(family, table), ({ body }) => readRoute(body, table)),
    ),
  );
  const routes = facts.map(
    ({ throws, destination, metric, index, source }): ObservedRoute => ({
      throws,
      destination,
      metric,
      interface: index === undefined ? null : nameOf(index),
      source,
    }),
  );
  const rules = FAMILIES.flatMap((family) =>
    nothingIf(NOTHING_THERE, (): ObservedRule[] =>
      netlink.ask(askRules(family), ({ body }) => readRule(body)),
    ),
  );
  return { links, routes, rules };
}

/** @throws NetlinkError ENODEV */
function indexOf(netlink: Netlink, name: string): number {
  const link = findLink(netlink, name);
  if (link === undefined) throw new NetlinkError(ERRNO.ENODEV, '');
  return link.index;
}

/** True when the address mode is another than ours, and may be set: while the link is down. */
const changesMode = ({ before }: RouteStep): boolean =>
  before !== null && !before.up && before.addressMode !== null && before.addressMode !== OUR_ADDRESS_MODE;

const modeNumber = (mode: string): number => ADDRESS_MODES.indexOf(mode);

function via(netlink: Netlink, item: RouteItem): { index: number; source: string | null } | null {
  return item.kind === 'route' ? { index: indexOf(netlink, item.interface), source: item.source } : null;
}

/** The requests that make an item so, in order. */
function additions(netlink: Netlink, step: RouteStep): readonly Request[] {
  const { item } = step;
  switch (item.kind) {
    case 'link': {
      const index = indexOf(netlink, item.interface);
      const up = setLink(index, item.mtu, true);
      return changesMode(step) ? [setAddressMode(index, modeNumber(OUR_ADDRESS_MODE)), up] : [up];
    }
    case 'address':
      return [addAddress(indexOf(netlink, item.interface), item.address)];
    case 'route':
    case 'throw':
      return [replaceRoute({ ...item, via: via(netlink, item) })];
    case 'rule':
      return [addRule(item)];
  }
}

/** The requests that take an item away, in order. */
function removals(netlink: Netlink, step: RouteStep): readonly Request[] {
  const { item, before } = step;
  switch (item.kind) {
    case 'link': {
      if (before === null) return [];
      const index = indexOf(netlink, item.interface);
      const back = setLink(index, before.mtu, before.up ? undefined : false);
      return changesMode(step) ? [back, setAddressMode(index, modeNumber(before.addressMode ?? ''))] : [back];
    }
    case 'address':
      return [removeAddress(indexOf(netlink, item.interface), item.address)];
    case 'route':
    case 'throw':
      return [removeRoute({ ...item, via: via(netlink, item) })];
    case 'rule':
      return [removeRule(item)];
  }
}

function attempt(netlink: Netlink, requests: () => readonly Request[], settled: readonly number[]): void {
  try {
    for (const request of requests()) netlink.change(request);
  } catch (error) {
    if (!(error instanceof NetlinkError && settled.includes(error.errno))) throw error;
  }
}

/** Somebody else has made the same address or rule meanwhile. */
const MADE_ALREADY: readonly number[] = [ERRNO.EEXIST];
/** The route, the rule, the address, the interface is gone. */
const GONE_ALREADY: readonly number[] = [ERRNO.ESRCH, ERRNO.ENOENT, ERRNO.EADDRNOTAVAIL, ERRNO.ENODEV];

const said = (error: unknown): string =>
  error instanceof NetlinkError ? errnoText(error.errno, error.message) : String(error);

function failure({ item }: RouteStep, error: unknown): OsError {
  const detail = `${additionText(item)}: ${said(error)}`;
  if (error instanceof NetlinkError && (error.errno === ERRNO.EPERM || error.errno === ERRNO.EACCES))
    return new OsError(
      'permission',
      'changing addresses and routes needs more rights (CAP_NET_ADMIN)',
      detail,
    );
  return item.kind === 'address' || item.kind === 'link'
    ? new OsError('address-failed', 'an address or the interface could not be set', detail)
    : new OsError('route-failed', 'a route could not be set', detail);
}

/** The port on Linux: a socket for each call, so that no answer of an earlier one is left in it. */
export function linuxRoutes(open: OpenNetlink): RoutePort {
  const withSocket = <T>(use: (netlink: Netlink) => T): T => {
    let netlink: Netlink;
    try {
      netlink = open();
    } catch (error) {
      throw new OsError('not-supported', 'the kernel’s rtnetlink cannot be used', said(error));
    }
    try {
      return use(netlink);
    } finally {
      netlink.close();
    }
  };
  return {
    observe: async (interfaces, routing): Promise<ObservedRoutes> => {
      try {
        return withSocket((netlink) => observe(netlink, interfaces, routing));
      } catch (error) {
        if (error instanceof OsError) throw error;
        throw new OsError('route-failed', 'the routes of this host cannot be read', said(error));
      }
    },
    add: async (steps): Promise<void> =>
      withSocket((netlink) => {
        for (const step of steps)
          try {
            const settled = step.item.kind === 'address' || step.item.kind === 'rule' ? MADE_ALREADY : [];
            attempt(netlink, () => additions(netlink, step), settled);
          } catch (error) {
            throw failure(step, error);
          }
      }),
    remove: async (steps): Promise<string> =>
      withSocket((netlink) =>
        steps
          .flatMap((step) => {
            try {
              attempt(netlink, () => removals(netlink, step), GONE_ALREADY);
              return [];
            } catch (error) {
              return [`${removalText(step)}: ${said(error)}`];
            }
          })
          .join('; '),
      ),
  };
}
