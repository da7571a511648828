/**
 * Questions about links, addresses, routes and rules as rtnetlink requests, and what the answers say (rtnetlink(7)).
 * Pure. An answer that lacks something is left out, never guessed.
 */
import { formatIp, formatPrefix } from '../../base/ip.ts';
import {
  type Attribute,
  decodeAttributes,
  NLM_F,
  numberIn,
  type Request,
  textIn,
  viewOf,
} from './message.ts';
import {
  AF_INET,
  AF_INET6,
  DEVCONF_DISABLE_IPV6,
  FIB_RULE_HDR,
  FR_ACT_TO_TBL,
  FRA,
  familyNumber,
  IFA,
  IFADDRMSG,
  IFF_UP,
  IFINFOMSG,
  IFLA,
  IFLA_INET6,
  ifInfo,
  RTA,
  RTEXT_FILTER_SKIP_STATS,
  RTM,
  RTM_F_CLONED,
  RTMSG,
  RTN,
  u32,
} from './numbers.ts';

/** Asks for one link, by its name or its index. */
export const askLink = (which: string | number): Request => {
  const mask: Attribute = [IFLA.EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS)];
  const name = (text: string): Attribute => [IFLA.IFNAME, new TextEncoder().encode(`${text}\0`)];
  return {
    type: RTM.GETLINK,
    flags: 0,
    header: ifInfo(typeof which === 'number' ? which : 0),
    attributes: typeof which === 'number' ? [mask] : [mask, name(which)],
  };
};

/** `index` 0: every interface, from kernels that cannot choose. */
export const askAddresses = (index: number): Request => {
  const header = new Uint8Array(IFADDRMSG.size);
  new DataView(header.buffer).setUint32(IFADDRMSG.index, index, true);
  return { type: RTM.GETADDR, flags: NLM_F.DUMP, header, attributes: [] };
};

/** The routes of one table, from kernels that can choose; others give all of the family. */
export function askRoutes(family: 4 | 6, table: number): Request {
  const header = new Uint8Array(RTMSG.size);
  header[RTMSG.family] = familyNumber(family);
  return { type: RTM.GETROUTE, flags: NLM_F.DUMP, header, attributes: [[RTA.TABLE, u32(table)]] };
}

export function askRules(family: 4 | 6): Request {
  const header = new Uint8Array(FIB_RULE_HDR.size);
  header[FIB_RULE_HDR.family] = familyNumber(family);
  return { type: RTM.GETRULE, flags: NLM_F.DUMP, header, attributes: [] };
}

export interface LinkFacts {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  readonly up: boolean;
  /** IN6_ADDR_GEN_MODE_*; `undefined` without IPv6 on the interface. */
  readonly addressMode: number | undefined;
  readonly ipv6: boolean;
}

/** The body of an RTM_NEWLINK; `undefined` when something is missing. @throws NetlinkError */
export function readLink(body: Uint8Array): LinkFacts | undefined {
  if (body.length < IFINFOMSG.size) return undefined;
  const view = viewOf(body);
  const attributes = decodeAttributes(body, IFINFOMSG.size);
  const name = attributes.get(IFLA.IFNAME);
  const mtu = numberIn(attributes.get(IFLA.MTU));
  if (name === undefined || mtu === undefined) return undefined;
  const families = attributes.get(IFLA.AF_SPEC);
  const inet6 = families && decodeAttributes(families).get(AF_INET6);
  const settings = inet6 && decodeAttributes(inet6);
  const conf = settings?.get(IFLA_INET6.CONF);
  const at = 4 * DEVCONF_DISABLE_IPV6;
  return {
    index: view.getInt32(IFINFOMSG.index, true),
    name: textIn(name),
    mtu,
    up: (view.getUint32(IFINFOMSG.flags, true) & IFF_UP) !== 0,
    addressMode: numberIn(settings?.get(IFLA_INET6.ADDR_GEN_MODE)),
    ipv6: conf !== undefined && conf.length >= at + 4 && viewOf(conf).getUint32(at, true) === 0,
  };
}

/** The body of an RTM_NEWADDR: our own address, not the far end's. @throws NetlinkError */
export function readAddress(
  body: Uint8Array,
): { readonly index: number; readonly address: string } | undefined {
  if (body.length < IFADDRMSG.size) return undefined;
  const attributes = decodeAttributes(body, IFADDRMSG.size);
  const octets = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
  if (octets === undefined || !fits(octets, body[IFADDRMSG.family])) return undefined;
  return { index: viewOf(body).getUint32(IFADDRMSG.index, true), address: formatIp(octets) };
}

const fits = (octets: Uint8Array, family: number | undefined): boolean =>
  (family === AF_INET && octets.length === 4) || (family === AF_INET6 && octets.length === 16);

export interface RouteFacts {
  readonly throws: boolean;
  readonly destination: string;
  readonly metric: number;
  readonly index: number | undefined;
  readonly source: string | null;
}

/** The body of an RTM_NEWROUTE; `undefined` when it is none of the table. @throws NetlinkError */
export function readRoute(body: Uint8Array, table: number): RouteFacts | undefined {
  if (body.length < RTMSG.size) return undefined;
  const family = body[RTMSG.family];
  const length = body[RTMSG.dstLen] as number;
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  if (viewOf(body).getUint32(RTMSG.flags, true) & RTM_F_CLONED) return undefined;
  const attributes = decodeAttributes(body, RTMSG.size);
  if ((numberIn(attributes.get(RTA.TABLE)) ?? body[RTMSG.table]) !== table) return undefined;
  const octets = attributes.get(RTA.DST) ?? new Uint8Array(family === AF_INET ? 4 : 16);
  const source = attributes.get(RTA.PREFSRC);
  if (!fits(octets, family) || length > octets.length * 8) return undefined;
  const throws = body[RTMSG.type] === RTN.THROW;
  return {
    throws,
    destination: formatPrefix({ address: formatIp(octets), length }),
    metric: numberIn(attributes.get(RTA.PRIORITY)) ?? 0,
    index: throws ? undefined : numberIn(attributes.get(RTA.OIF)),
    source: source !== undefined && fits(source, family) ? formatIp(source) : null,
  };
}

/** The body of an RTM_NEWRULE; `undefined` when it leads to no table. @throws NetlinkError */
export function readRule(
  body: Uint8Array,
): { readonly family: 4 | 6; readonly table: number; readonly preference: number } | undefined {
  if (body.length < FIB_RULE_HDR.size || body[FIB_RULE_HDR.action] !== FR_ACT_TO_TBL) return undefined;
  const family = body[FIB_RULE_HDR.family];
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = decodeAttributes(body, FIB_RULE_HDR.size);
  return {
    family: family === AF_INET ? 4 : 6,
    table: numberIn(attributes.get(FRA.TABLE)) ?? (body[FIB_RULE_HDR.table] as number),
    preference: numberIn(attributes.get(FRA.PRIORITY)) ?? 0,
  };
}
