/**
 * How the host would reach an address without our tunnels: Windows has no table to look up beside the one that we
 * change, so its choice is made here as it would make it. Pure.
 */
import type { IpBytes } from '../../base/ip.ts';
import { PROTOCOL_NETMGMT } from '../ffi/abi.win32.ts';
import type { Family } from './port.ts';
import { type ForwardFields, familyNumber, type InterfaceFields, sharesPrefix } from './rows.win32.ts';

export interface Way {
  /** NET_LUID as eight octets. */
  readonly luid: Uint8Array;
  /** SOCKADDR_INET; all zero behind the family when the address is on the link. */
  readonly nextHop: Uint8Array;
}

export interface WayInput {
  readonly destination: IpBytes;
  readonly family: Family;
  readonly routes: readonly ForwardFields[];
  readonly interfaces: readonly (InterfaceFields & { readonly family: number })[];
  /** LUIDs of interfaces that do not count. */
  readonly except: ReadonlyMap<string, unknown>;
}

/** The longest prefix wins, then the least sum of the route's and the interface's metric. `undefined` without any. */
export function bestWay({ destination, family, routes, interfaces, except }: WayInput): Way | undefined {
  const metrics = new Map(
    interfaces
      .filter((each) => each.family === familyNumber(family) && each.connected)
      .map((each) => [each.luid, each.metric]),
  );
  let best: ForwardFields | undefined;
  let least = 0;
  for (const route of routes) {
    const metric = metrics.get(route.luid);
    if (metric === undefined || route.family !== family || except.has(route.luid)) continue;
    // Such a host route is what we make of the answer, and must not be what it rests on.
    if (route.length === destination.length * 8 && route.protocol === PROTOCOL_NETMGMT) continue;
    if (!sharesPrefix(route.prefix, destination, route.length)) continue;
    const sum = route.metric + metric;
    if (best && (route.length < best.length || (route.length === best.length && sum >= least))) continue;
    best = route;
    least = sum;
  }
  return best && { luid: Uint8Array.from(Buffer.from(best.luid, 'hex')), nextHop: best.nextHop };
}
