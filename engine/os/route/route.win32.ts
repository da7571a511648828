/**
 * Links, addresses and routes on Windows, through the IP helper.
 *
 * Windows has one table and no rules, so what the plan knows of Linux becomes:
 * - link: MTU and metric of the interface, both families. Metric 0 puts it before every other.
 * - address: at full length, so that it brings no connected route with it.
 * - route: on-link through the interface; the plan's first metric is 0 here, as the interface's own is added.
 * - throw: a host route to the gateway as the host would go without any tunnel. It is as good as its next hop: when the
 *   best way is another, it is told as stale and made anew.
 * - rule: nothing, always there.
 *
 * None of it outlives a restart of Windows, and what hangs on the adapter goes with it.
 */
import {
  formatIp,
  formatPrefix,
  type IpBytes,
  isIpv6,
  type Prefix,
  parseIp,
  parsePrefix,
} from '../../base/ip.ts';
import { OsError } from '../error.ts';
import {
  ERROR,
  MIB_IPFORWARD_ROW2,
  MIB_IPINTERFACE_ROW,
  MIB_UNICASTIPADDRESS_ROW,
  PROTOCOL_NETMGMT,
} from '../ffi/abi.win32.ts';
import type { IpHelper } from '../ffi/iphlpapi.win32.ts';
import { bestWay, type Way } from './best-way.win32.ts';
import { FIRST_TUNNEL_METRIC, IPV6_MIN_MTU } from './plan.ts';
import type {
  Family,
  LinkBefore,
  LinkItem,
  ObservedLink,
  ObservedRoute,
  ObservedRoutes,
  RouteItem,
  RoutePort,
  RouteStep,
  Routing,
} from './port.ts';
import {
  addressRow,
  type ForwardFields,
  interfaceQuery,
  luidText,
  readAddressRow,
  readForward,
  readInterface,
  routeRow,
  tunnelInterface,
  withMtu,
} from './rows.win32.ts';

const FAMILIES: readonly Family[] = [4, 6];

function failed(item: RouteItem, call: string, error: number): OsError {
  if (error === ERROR.ACCESS_DENIED)
    return new OsError(
      'permission',
      'changing addresses and routes needs the rights of LocalSystem or an administrator',
      `${call}: error ${error}`,
    );
  const isAddress = item.kind === 'address' || item.kind === 'link';
  return new OsError(
    isAddress ? 'address-failed' : 'route-failed',
    isAddress ? 'an address or the interface could not be set' : 'a route could not be set',
    `${call}: error ${error}`,
  );
}

class WindowsRoutes implements RoutePort {
  readonly #helper: IpHelper;
  /** Interfaces of ours, through which no gateway is reached. */
  #ours = new Map<string, string>();

  constructor(helper: IpHelper) {
    this.#helper = helper;
  }

  async observe(interfaces: readonly string[], routing: Routing): Promise<ObservedRoutes> {
    try {
      return this.#observe(interfaces, routing);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new OsError('route-failed', 'the routes of this host cannot be read', detail);
    }
  }

  async add(steps: readonly RouteStep[]): Promise<void> {
    for (const step of steps) this.#add(step);
  }

  async remove(steps: readonly RouteStep[]): Promise<string> {
    const said: string[] = [];
    for (const step of steps) {
      const error = this.#remove(step);
      if (error !== ERROR.SUCCESS && error !== ERROR.NOT_FOUND && error !== ERROR.FILE_NOT_FOUND)
        said.push(`${step.item.kind}: error ${error}`);
    }
    return said.join('; ');
  }

  #observe(interfaces: readonly string[], routing: Routing): ObservedRoutes {
    const links = new Map<string, ObservedLink>();
    const ours = new Map<string, string>();
    const addresses = this.#helper
      .addresses(0, MIB_UNICASTIPADDRESS_ROW.size)
      .flatMap((row) => readAddressRow(row) ?? []);
    for (const name of interfaces) {
      const luid = this.#helper.luidOf(name);
      if (!luid) continue;
      ours.set(luidText(luid), name);
      const own = addresses.filter((a) => a.luid === luidText(luid)).map((a) => a.address);
      const link = this.#link(luid, own);
      if (link) links.set(name, link);
    }
    this.#ours = ours;
    const forwards = this.#forwards();
    const routes = forwards.flatMap((route) => this.#observed(route, links, forwards));
    // There are no rules: the one table is always looked up.
    const rules = FAMILIES.map((family) => ({
      family,
      table: routing.table,
      preference: routing.preference,
    }));
    return { links, routes, rules };
  }

  #link(luid: Uint8Array, addresses: readonly string[]): ObservedLink | undefined {
    const rows = FAMILIES.map((family) => {
      const row = interfaceQuery(luid, family);
      return this.#helper.getInterface(row) === ERROR.SUCCESS ? readInterface(row) : undefined;
    });
    const [four, six] = rows;
    const first = four ?? six;
    return first && { mtu: first.mtu, up: true, addressMode: null, ipv6: six !== undefined, addresses };
  }

  #forwards(): readonly ForwardFields[] {
    return this.#helper.routes(0, MIB_IPFORWARD_ROW2.size).flatMap((row) => readForward(row) ?? []);
  }

  #observed(
    route: ForwardFields,
    links: ReadonlyMap<string, ObservedLink>,
    forwards: readonly ForwardFields[],
  ): readonly ObservedRoute[] {
    if (route.protocol !== PROTOCOL_NETMGMT) return [];
    const destination = destinationOf(route);
    const name = this.#ours.get(route.luid);
    if (name === undefined) {
      if (!isHost(route)) return [];
      const way = this.#bestWay(route, forwards);
      const stale = way !== undefined && !sameWay(way, route);
      return [{ throws: true, destination, metric: route.metric, interface: null, source: null, stale }];
    }
    const metric = route.metric + FIRST_TUNNEL_METRIC;
    const of = { throws: false, destination, metric, interface: name };
    // A route of Windows prefers no source: it goes for each that the interface has, and for none.
    const sources = (links.get(name)?.addresses ?? []).filter((a) => isIpv6(a) === (route.family === 6));
    return [...sources, null].map((source) => ({ ...of, source }));
  }

  /** The way that the host would go if it were not for us. */
  #bestWay(
    { prefix, family }: Pick<ForwardFields, 'prefix' | 'family'>,
    routes: readonly ForwardFields[],
  ): Way | undefined {
    const interfaces = this.#helper.interfaces(0, MIB_IPINTERFACE_ROW.size).map(readInterface);
    return bestWay({ destination: prefix, family, routes, interfaces, except: this.#ours });
  }

  #luid(item: { readonly interface: string } & RouteItem): Uint8Array {
    const luid = this.#helper.luidOf(item.interface);
    if (!luid) throw failed(item, `no interface ${item.interface}`, ERROR.NOT_FOUND);
    return luid;
  }

  #add({ item }: RouteStep): void {
    switch (item.kind) {
      case 'link':
        this.#setLink(item);
        return;
      case 'address': {
        const error = this.#helper.createAddress(addressRow(this.#luid(item), item.address));
        if (!isMade(error)) throw failed(item, 'CreateUnicastIpAddressEntry', error);
        return;
      }
      case 'route': {
        const metric = item.metric - FIRST_TUNNEL_METRIC;
        const row = routeRow({ luid: this.#luid(item), destination: item.destination, metric });
        const error = this.#helper.createRoute(row);
        if (!isMade(error)) throw failed(item, 'CreateIpForwardEntry2', error);
        return;
      }
      case 'throw': {
        const target = targetOf(item.destination);
        const way = this.#bestWay(target, this.#forwards());
        // Without any way there is none to keep open; the next look finds it missing.
        if (!way) return;
        const { destination, metric } = item;
        const error = this.#helper.createRoute(
          routeRow({ luid: way.luid, destination, metric, nextHop: way.nextHop }),
        );
        if (!isMade(error)) throw failed(item, 'CreateIpForwardEntry2', error);
        for (const old of this.#bypasses(destination, metric))
          if (!sameWay(way, old)) this.#helper.deleteRoute(Uint8Array.from(old.row));
        return;
      }
      case 'rule':
        return;
    }
  }

  #setLink(item: LinkItem): void {
    const luid = this.#luid(item);
    for (const family of FAMILIES) {
      // An interface may lack a family, and IPv6 does not go below its least MTU.
      if (family === 6 && item.mtu < IPV6_MIN_MTU) continue;
      const row = interfaceQuery(luid, family);
      if (this.#helper.getInterface(row) !== ERROR.SUCCESS) continue;
      const error = this.#helper.setInterface(tunnelInterface(row, item.mtu));
      if (error !== ERROR.SUCCESS) throw failed(item, 'SetIpInterfaceEntry', error);
    }
  }

  #bypasses(destination: string, metric: number): readonly ForwardFields[] {
    return this.#forwards().filter(
      (route) =>
        route.protocol === PROTOCOL_NETMGMT &&
        route.metric === metric &&
        !this.#ours.has(route.luid) &&
        destinationOf(route) === destination,
    );
  }

  #remove({ item, before }: RouteStep): number {
    switch (item.kind) {
      case 'link':
        return this.#restoreLink(item.interface, before);
      case 'address': {
        const luid = this.#helper.luidOf(item.interface);
        return luid ? this.#helper.deleteAddress(addressRow(luid, item.address)) : ERROR.NOT_FOUND;
      }
      case 'route': {
        const luid = this.#helper.luidOf(item.interface);
        const metric = item.metric - FIRST_TUNNEL_METRIC;
        return luid
          ? this.#helper.deleteRoute(routeRow({ luid, destination: item.destination, metric }))
          : ERROR.NOT_FOUND;
      }
      case 'throw': {
        let result: number = ERROR.SUCCESS;
        for (const route of this.#bypasses(item.destination, item.metric)) {
          const error = this.#helper.deleteRoute(Uint8Array.from(route.row));
          if (error !== ERROR.SUCCESS) result = error;
        }
        return result;
      }
      case 'rule':
        return ERROR.SUCCESS;
    }
  }

  #restoreLink(name: string, before: LinkBefore | null): number {
    const luid = this.#helper.luidOf(name);
    if (!luid || !before) return ERROR.SUCCESS;
    let result: number = ERROR.SUCCESS;
    for (const family of FAMILIES) {
      if (family === 6 && before.mtu < IPV6_MIN_MTU) continue;
      const row = interfaceQuery(luid, family);
      if (this.#helper.getInterface(row) !== ERROR.SUCCESS) continue;
      const error = this.#helper.setInterface(withMtu(row, before.mtu));
      if (error !== ERROR.SUCCESS) result = error;
    }
    return result;
  }
}

const isMade = (error: number): boolean =>
  error === ERROR.SUCCESS || error === ERROR.OBJECT_ALREADY_EXISTS || error === ERROR.ALREADY_EXISTS;

const isHost = ({ prefix, length }: ForwardFields): boolean => length === prefix.length * 8;

const destinationOf = ({ prefix, length }: ForwardFields): string =>
  formatPrefix({ address: formatIp(prefix), length });

function targetOf(destination: string): Pick<ForwardFields, 'prefix' | 'family'> {
  const prefix = parseIp((parsePrefix(destination) as Prefix).address) as IpBytes;
  return { prefix, family: prefix.length === 4 ? 4 : 6 };
}

function sameWay(way: Way, route: ForwardFields): boolean {
  return luidText(way.luid) === route.luid && way.nextHop.every((octet, i) => octet === route.nextHop[i]);
}

export const windowsRoutes = (helper: IpHelper): RoutePort => new WindowsRoutes(helper);
