/**
 * Changes of links, addresses, routes and rules as rtnetlink requests (rtnetlink(7)). Pure. They are octet for octet
 * those that iproute2 sends for the same wish, so that the host is left as `ip` leaves it.
 */
import { type IpBytes, parseIp, parsePrefix } from '../../base/ip.ts';
import { type Attribute, NLM_F, type Request } from './message.ts';
import {
  AF_INET,
  AF_INET6,
  FIB_RULE_HDR,
  FR_ACT_TO_TBL,
  FRA,
  familyNumber,
  IFA,
  IFA_F,
  IFADDRMSG,
  IFF_UP,
  IFLA,
  IFLA_INET6,
  ifInfo,
  RT_SCOPE,
  RTA,
  RTM,
  RTMSG,
  RTN,
  u32,
} from './numbers.ts';

function octetsOf(address: string): IpBytes {
  const octets = parseIp(address);
  if (octets === undefined) throw new RangeError(`no address: ${address}`);
  return octets;
}
const familyOf = (octets: IpBytes): number => (octets.length === 4 ? AF_INET : AF_INET6);

/** Sets the MTU, and brings the link up or down, or neither. */
export const setLink = (index: number, mtu: number, up?: boolean): Request => ({
  type: RTM.NEWLINK,
  flags: NLM_F.ACK,
  header: ifInfo(index, up === true ? IFF_UP : 0, up === undefined ? 0 : IFF_UP),
  attributes: [[IFLA.MTU, u32(mtu)]],
});

/** @param mode IN6_ADDR_GEN_MODE_* */
export const setAddressMode = (index: number, mode: number): Request => ({
  type: RTM.NEWLINK,
  flags: NLM_F.ACK,
  header: ifInfo(index),
  attributes: [[IFLA.AF_SPEC, [[AF_INET6, [[IFLA_INET6.ADDR_GEN_MODE, Uint8Array.of(mode)]]]]]],
});

function ifAddr(octets: IpBytes, index: number): Uint8Array {
  const header = new Uint8Array(IFADDRMSG.size);
  header[IFADDRMSG.family] = familyOf(octets);
  header[IFADDRMSG.prefixlen] = octets.length * 8;
  new DataView(header.buffer).setUint32(IFADDRMSG.index, index, true);
  return header;
}

/** Adds an address at full length, with no route of its own and, for IPv6, without duplicate address detection. */
export function addAddress(index: number, address: string): Request {
  const octets = octetsOf(address);
  const flags = IFA_F.NOPREFIXROUTE | (octets.length === 16 ? IFA_F.NODAD : 0);
  return {
    type: RTM.NEWADDR,
    flags: NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL,
    header: ifAddr(octets, index),
    attributes: [
      [IFA.LOCAL, octets],
      [IFA.FLAGS, u32(flags)],
      [IFA.ADDRESS, octets],
    ],
  };
}

export function removeAddress(index: number, address: string): Request {
  const octets = octetsOf(address);
  return {
    type: RTM.DELADDR,
    flags: NLM_F.ACK,
    header: ifAddr(octets, index),
    attributes: [
      [IFA.LOCAL, octets],
      [IFA.ADDRESS, octets],
    ],
  };
}

/** A route of ours: into an interface, or a throw when that is null. */
export interface RouteWish {
  readonly table: number;
  readonly protocol: number;
  readonly destination: string;
  readonly metric: number;
  readonly via: { readonly index: number; readonly source: string | null } | null;
}

/** Tables above 255 stand in an attribute alone. */
const inHeader = (table: number): number => (table < 256 ? table : 0);
const tableAttribute = (type: number, table: number): readonly Attribute[] =>
  table < 256 ? [] : [[type, u32(table)]];

function routeRequest(wish: RouteWish, type: number, flags: number): Request {
  const { table, protocol, destination, metric, via } = wish;
  const prefix = parsePrefix(destination);
  if (prefix === undefined) throw new RangeError(`no prefix: ${destination}`);
  const octets = octetsOf(prefix.address);
  const makes = type === RTM.NEWROUTE;
  const header = new Uint8Array(RTMSG.size);
  header[RTMSG.family] = familyOf(octets);
  header[RTMSG.dstLen] = prefix.length;
  header[RTMSG.table] = inHeader(table);
  header[RTMSG.protocol] = protocol;
  // To be taken away, an IPv4 route is described by as little as the kernel needs: any scope, any type but a throw.
  const linked = via === null ? RT_SCOPE.UNIVERSE : RT_SCOPE.LINK;
  if (octets.length === 4) header[RTMSG.scope] = makes ? linked : RT_SCOPE.NOWHERE;
  header[RTMSG.type] = via === null ? RTN.THROW : makes ? RTN.UNICAST : 0;
  const source: readonly Attribute[] =
    via === null || via.source === null ? [] : [[RTA.PREFSRC, octetsOf(via.source)]];
  const out: readonly Attribute[] = via === null ? [] : [[RTA.OIF, u32(via.index)]];
  return {
    type,
    flags: NLM_F.ACK | flags,
    header,
    attributes: [
      [RTA.DST, octets],
      ...source,
      ...tableAttribute(RTA.TABLE, table),
      [RTA.PRIORITY, u32(metric)],
      ...out,
    ],
  };
}

/** Makes a route, in the place of one with the same destination and metric. */
export const replaceRoute = (wish: RouteWish): Request =>
  routeRequest(wish, RTM.NEWROUTE, NLM_F.CREATE | NLM_F.REPLACE);

export const removeRoute = (wish: RouteWish): Request => routeRequest(wish, RTM.DELROUTE, 0);

export interface RuleWish {
  readonly family: 4 | 6;
  readonly table: number;
  readonly protocol: number;
  readonly preference: number;
}

function ruleRequest(
  { family, table, protocol, preference }: RuleWish,
  type: number,
  flags: number,
): Request {
  const header = new Uint8Array(FIB_RULE_HDR.size);
  header[FIB_RULE_HDR.family] = familyNumber(family);
  header[FIB_RULE_HDR.table] = inHeader(table);
  if (type === RTM.NEWRULE) header[FIB_RULE_HDR.action] = FR_ACT_TO_TBL;
  return {
    type,
    flags: NLM_F.ACK | flags,
    header,
    attributes: [
      [FRA.PRIORITY, u32(preference)],
      ...tableAttribute(FRA.TABLE, table),
      [FRA.PROTOCOL, Uint8Array.of(protocol)],
    ],
  };
}

/** A rule that sends every look-up to a table. */
export const addRule = (wish: RuleWish): Request => ruleRequest(wish, RTM.NEWRULE, NLM_F.CREATE | NLM_F.EXCL);

export const removeRule = (wish: RuleWish): Request => ruleRequest(wish, RTM.DELRULE, 0);
