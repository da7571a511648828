/** Rows of the IP helper's tables as octets (netioapi.h), written and read. Pure. */
import { canonicalIp, formatIp, type IpBytes, parseIp, parsePrefix } from '../../base/ip.ts';
import {
  AF,
  DAD_PREFERRED,
  INFINITE_LIFETIME,
  IP_ADDRESS_PREFIX,
  MIB_IPFORWARD_ROW2,
  MIB_IPINTERFACE_ROW,
  MIB_UNICASTIPADDRESS_ROW,
  PROTOCOL_NETMGMT,
  ROUTER_DISCOVERY_DISABLED,
  SOCKADDR_INET,
} from '../ffi/abi.win32.ts';
import type { Family } from './port.ts';

export type Row = Uint8Array<ArrayBuffer>;

const newRow = (size: number): Row => new Uint8Array(new ArrayBuffer(size));
const view = (row: Uint8Array): DataView => new DataView(row.buffer, row.byteOffset, row.byteLength);

export const familyNumber = (family: Family): number => (family === 4 ? AF.INET : AF.INET6);

/** SOCKADDR_INET of an address, port 0. */
export function writeInet(address: IpBytes): Row {
  const inet = newRow(SOCKADDR_INET.size);
  const v4 = address.length === 4;
  view(inet).setUint16(SOCKADDR_INET.family, v4 ? AF.INET : AF.INET6, true);
  inet.set(address, v4 ? SOCKADDR_INET.addr4 : SOCKADDR_INET.addr6);
  return inet;
}

/** The address at `at`, `undefined` for a family that is neither. */
export function readInet(row: Uint8Array, at: number): string | undefined {
  const octets = inetOctets(row, at);
  return octets && formatIp(octets);
}

export function inetOctets(row: Uint8Array, at: number): IpBytes | undefined {
  switch (view(row).getUint16(at + SOCKADDR_INET.family, true)) {
    case AF.INET:
      return row.subarray(at + SOCKADDR_INET.addr4, at + SOCKADDR_INET.addr4 + 4);
    case AF.INET6:
      return row.subarray(at + SOCKADDR_INET.addr6, at + SOCKADDR_INET.addr6 + 16);
    default:
      return undefined;
  }
}

const octetsOf = (address: string): IpBytes => {
  const octets = parseIp(address);
  if (!octets) throw new RangeError(`not an address: ${address}`);
  return octets;
};

/** MIB_UNICASTIPADDRESS_ROW of an address at full length, in use at once. @throws RangeError when it is none */
export function addressRow(luid: Uint8Array, address: string): Row {
  const octets = octetsOf(address);
  const row = newRow(MIB_UNICASTIPADDRESS_ROW.size);
  const fields = view(row);
  row.set(writeInet(octets), MIB_UNICASTIPADDRESS_ROW.address);
  row.set(luid, MIB_UNICASTIPADDRESS_ROW.luid);
  fields.setUint32(MIB_UNICASTIPADDRESS_ROW.validLifetime, INFINITE_LIFETIME, true);
  fields.setUint32(MIB_UNICASTIPADDRESS_ROW.preferredLifetime, INFINITE_LIFETIME, true);
  row[MIB_UNICASTIPADDRESS_ROW.onLinkPrefixLength] = octets.length * 8;
  // Nobody on a tun answers duplicate address detection.
  fields.setUint32(MIB_UNICASTIPADDRESS_ROW.dadState, DAD_PREFERRED, true);
  return row;
}

export interface RouteFields {
  readonly luid: Uint8Array;
  /** Canonical prefix. */
  readonly destination: string;
  /** Added to the interface's own. */
  readonly metric: number;
  /** SOCKADDR_INET; on-link when absent. */
  readonly nextHop?: Uint8Array;
}

/** MIB_IPFORWARD_ROW2. @throws RangeError when the destination is no prefix */
export function routeRow({ luid, destination, metric, nextHop }: RouteFields): Row {
  const prefix = parsePrefix(destination);
  if (!prefix) throw new RangeError(`not a prefix: ${destination}`);
  const octets = octetsOf(prefix.address);
  const row = newRow(MIB_IPFORWARD_ROW2.size);
  const fields = view(row);
  row.set(luid, MIB_IPFORWARD_ROW2.luid);
  row.set(writeInet(octets), MIB_IPFORWARD_ROW2.destination + IP_ADDRESS_PREFIX.prefix);
  row[MIB_IPFORWARD_ROW2.destination + IP_ADDRESS_PREFIX.length] = prefix.length;
  row.set(nextHop ?? writeInet(new Uint8Array(octets.length)), MIB_IPFORWARD_ROW2.nextHop);
  fields.setUint32(MIB_IPFORWARD_ROW2.validLifetime, INFINITE_LIFETIME, true);
  fields.setUint32(MIB_IPFORWARD_ROW2.preferredLifetime, INFINITE_LIFETIME, true);
  fields.setUint32(MIB_IPFORWARD_ROW2.metric, metric, true);
  fields.setUint32(MIB_IPFORWARD_ROW2.protocol, PROTOCOL_NETMGMT, true);
  return row;
}

/** MIB_IPINTERFACE_ROW that names an interface and a family, for GetIpInterfaceEntry. */
export function interfaceQuery(luid: Uint8Array, family: Family): Row {
  const row = newRow(MIB_IPINTERFACE_ROW.size);
  view(row).setUint16(MIB_IPINTERFACE_ROW.family, familyNumber(family), true);
  row.set(luid, MIB_IPINTERFACE_ROW.luid);
  return row;
}

/** Makes a row that GetIpInterfaceEntry has filled what a tunnel needs: its MTU, first among interfaces, no routers. */
export function tunnelInterface(row: Row, mtu: number): Row {
  const fields = view(row);
  fields.setUint32(MIB_IPINTERFACE_ROW.mtu, mtu, true);
  row[MIB_IPINTERFACE_ROW.useAutomaticMetric] = 0;
  fields.setUint32(MIB_IPINTERFACE_ROW.metric, 0, true);
  fields.setUint32(MIB_IPINTERFACE_ROW.routerDiscovery, ROUTER_DISCOVERY_DISABLED, true);
  fields.setUint32(MIB_IPINTERFACE_ROW.dadTransmits, 0, true);
  clearSitePrefix(row);
  return row;
}

/** The same row with another MTU. */
export function withMtu(row: Row, mtu: number): Row {
  view(row).setUint32(MIB_IPINTERFACE_ROW.mtu, mtu, true);
  clearSitePrefix(row);
  return row;
}

/** SetIpInterfaceEntry refuses what GetIpInterfaceEntry says here of an IPv4 interface. */
function clearSitePrefix(row: Row): void {
  view(row).setUint32(MIB_IPINTERFACE_ROW.sitePrefixLength, 0, true);
}

export interface InterfaceFields {
  readonly luid: string;
  readonly mtu: number;
  readonly metric: number;
  readonly connected: boolean;
}

/** LUIDs as text, to compare. */
export const luidText = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

export function readInterface(row: Uint8Array): InterfaceFields & { readonly family: number } {
  const fields = view(row);
  return {
    family: fields.getUint16(MIB_IPINTERFACE_ROW.family, true),
    luid: luidText(row.subarray(MIB_IPINTERFACE_ROW.luid, MIB_IPINTERFACE_ROW.luid + 8)),
    mtu: fields.getUint32(MIB_IPINTERFACE_ROW.mtu, true),
    metric: fields.getUint32(MIB_IPINTERFACE_ROW.metric, true),
    connected: row[MIB_IPINTERFACE_ROW.connected] !== 0,
  };
}

export interface AddressFields {
  readonly luid: string;
  readonly address: string;
}

/** `undefined` for an address of neither family. */
export function readAddressRow(row: Uint8Array): AddressFields | undefined {
  const address = readInet(row, MIB_UNICASTIPADDRESS_ROW.address);
  const canonical = address === undefined ? undefined : canonicalIp(address);
  if (canonical === undefined) return undefined;
  const luid = row.subarray(MIB_UNICASTIPADDRESS_ROW.luid, MIB_UNICASTIPADDRESS_ROW.luid + 8);
  return { luid: luidText(luid), address: canonical };
}

export interface ForwardFields {
  readonly luid: string;
  readonly family: Family;
  readonly prefix: IpBytes;
  readonly length: number;
  /** SOCKADDR_INET */
  readonly nextHop: Uint8Array;
  readonly metric: number;
  readonly protocol: number;
  /** The row itself, to delete it by. */
  readonly row: Uint8Array;
}

/** `undefined` for a route of neither family, or whose length is none. */
export function readForward(row: Uint8Array): ForwardFields | undefined {
  const { destination, nextHop, luid, metric, protocol } = MIB_IPFORWARD_ROW2;
  const prefix = inetOctets(row, destination + IP_ADDRESS_PREFIX.prefix);
  const length = row[destination + IP_ADDRESS_PREFIX.length] as number;
  if (!prefix || length > prefix.length * 8) return undefined;
  const fields = view(row);
  return {
    luid: luidText(row.subarray(luid, luid + 8)),
    family: prefix.length === 4 ? 4 : 6,
    prefix,
    length,
    nextHop: row.subarray(nextHop, nextHop + SOCKADDR_INET.size),
    metric: fields.getUint32(metric, true),
    protocol: fields.getUint32(protocol, true),
    row,
  };
}

/** Whether the first `length` bits of both are the same. */
export function sharesPrefix(a: IpBytes, b: IpBytes, length: number): boolean {
  if (a.length !== b.length) return false;
  for (let bit = 0; bit < length; bit += 8) {
    const mask = length - bit >= 8 ? 0xff : (0xff << (8 - (length - bit))) & 0xff;
    if ((((a[bit >> 3] as number) ^ (b[bit >> 3] as number)) & mask) !== 0) return false;
  }
  return true;
}
