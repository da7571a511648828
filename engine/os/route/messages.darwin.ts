/**
 * Routing messages of Darwin (net/route.h, route(4)): a header, then the socket addresses that its bits name, in the
 * order of the bits, each filled up to a multiple of four octets. What PF_ROUTE's sysctl tells of routes and
 * interfaces has the same form. Pure.
 */
import { formatIp, formatPrefix, type IpRange, prefixRange } from '../../base/ip.ts';
import {
  AF,
  IF_MSGHDR,
  IFA_MSGHDR,
  IFF_UP,
  RT_MSGHDR,
  RTAX,
  RTAX_MAX,
  RTF,
  RTM,
  RTM_VERSION,
  SOCKADDR,
  SOCKADDR_DL,
  SOCKADDR_IN,
  SOCKADDR_IN6,
} from '../ffi/abi.darwin.ts';

/** Octets that a socket address takes in a message; one of length zero takes four. */
const padded = (length: number): number => (length === 0 ? 4 : (length + 3) & ~3);

export interface RouteMessage {
  /** RTM_* */
  readonly type: number;
  /** RTF_* */
  readonly flags: number;
  readonly seq: number;
  readonly destination: Uint8Array;
  readonly gateway?: Uint8Array | undefined;
  readonly netmask?: Uint8Array | undefined;
  /** The address of ours that the route sends from. */
  readonly ifa?: Uint8Array | undefined;
}

export function writeRouteMessage(message: RouteMessage): Uint8Array<ArrayBuffer> {
  const parts: readonly (readonly [bit: number, address: Uint8Array | undefined])[] = [
    [RTAX.DST, message.destination],
    [RTAX.GATEWAY, message.gateway],
    [RTAX.NETMASK, message.netmask],
    [RTAX.IFA, message.ifa],
  ];
  let length: number = RT_MSGHDR.size;
  let bits = 0;
  for (const [bit, address] of parts) {
    if (!address) continue;
    bits |= 1 << bit;
    length += padded(address.length);
  }
  const octets = new Uint8Array(new ArrayBuffer(length));
  const view = new DataView(octets.buffer);
  view.setUint16(RT_MSGHDR.msglen, length, true);
  octets[RT_MSGHDR.version] = RTM_VERSION;
  octets[RT_MSGHDR.type] = message.type;
  view.setInt32(RT_MSGHDR.flags, message.flags, true);
  view.setInt32(RT_MSGHDR.addrs, bits, true);
  view.setInt32(RT_MSGHDR.seq, message.seq, true);
  let at: number = RT_MSGHDR.size;
  for (const [, address] of parts) {
    if (!address) continue;
    octets.set(address, at);
    at += padded(address.length);
  }
  return octets;
}

/** A `struct sockaddr_in` or `sockaddr_in6` of 4 or 16 octets. */
export function inetSockaddr(address: Uint8Array): Uint8Array<ArrayBuffer> {
  const v4 = address.length === 4;
  const out = new Uint8Array(new ArrayBuffer(v4 ? SOCKADDR_IN.size : SOCKADDR_IN6.size));
  out[SOCKADDR.len] = out.length;
  out[SOCKADDR.family] = v4 ? AF.INET : AF.INET6;
  out.set(address, v4 ? SOCKADDR_IN.addr : SOCKADDR_IN6.addr);
  return out;
}

/** The mask of a prefix as a socket address; `octets` is 4 or 16. */
export function maskSockaddr(length: number, octets: 4 | 16): Uint8Array<ArrayBuffer> {
  const mask = Uint8Array.from({ length: octets }, (_, i) => {
    const bits = Math.min(8, Math.max(0, length - 8 * i));
    return 0xff & ~(0xff >>> bits);
  });
  return inetSockaddr(mask);
}

/** A `struct sockaddr_dl` that names an interface by its index: the gateway of a route straight into it. */
export function linkSockaddr(index: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(new ArrayBuffer(SOCKADDR_DL.size));
  out[SOCKADDR.len] = out.length;
  out[SOCKADDR.family] = AF.LINK;
  new DataView(out.buffer).setUint16(SOCKADDR_DL.index, index, true);
  return out;
}

interface Message {
  readonly type: number;
  readonly view: DataView;
}

/** The messages side by side in what sysctl told; ends at the first that cannot be one. */
function* messages(octets: Uint8Array): Generator<Message> {
  const all = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  for (let at = 0; at + 4 <= octets.length; ) {
    const length = all.getUint16(at + RT_MSGHDR.msglen, true);
    if (length < IFA_MSGHDR.size || at + length > octets.length) return;
    if (octets[at + RT_MSGHDR.version] === RTM_VERSION)
      yield {
        type: octets[at + RT_MSGHDR.type] as number,
        view: new DataView(octets.buffer, octets.byteOffset + at, length),
      };
    at += length;
  }
}

/** The socket addresses behind a header, by their bit. */
function socketAddresses(view: DataView, header: number, bits: number): (Uint8Array | undefined)[] {
  const octets = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const found: (Uint8Array | undefined)[] = [];
  let at = header;
  for (let bit = 0; bit < RTAX_MAX; bit++) {
    if ((bits & (1 << bit)) === 0) continue;
    const length = octets[at];
    if (length === undefined || at + length > octets.length) break;
    found[bit] = octets.slice(at, at + length);
    at += padded(length);
  }
  return found;
}

const familyOctets = (address: Uint8Array): 4 | 16 | undefined => {
  const family = address[SOCKADDR.family];
  return family === AF.INET ? 4 : family === AF.INET6 ? 16 : undefined;
};

/** The octets of an Internet address. The kernel puts the interface of a link-local one into octets 2 and 3. */
function addressIn(socketAddress: Uint8Array, octets: 4 | 16): Uint8Array {
  const at = octets === 4 ? SOCKADDR_IN.addr : SOCKADDR_IN6.addr;
  const out = new Uint8Array(octets);
  out.set(socketAddress.subarray(at, at + octets));
  if (octets === 16 && out[0] === 0xfe && ((out[1] as number) & 0xc0) === 0x80) out.fill(0, 2, 4);
  return out;
}

/** Bits of a mask, which the kernel gives without its last zero octets and without a family. */
function maskLength(mask: Uint8Array | undefined, octets: 4 | 16): number {
  const at = octets === 4 ? SOCKADDR_IN.addr : SOCKADDR_IN6.addr;
  let bits = 0;
  for (const octet of mask?.subarray(at, at + octets) ?? []) {
    bits += Math.clz32(~(octet << 24) >>> 0);
    if (octet !== 0xff) break;
  }
  return Math.min(bits, 8 * octets);
}

export interface TableRoute {
  /** Canonical prefix. */
  readonly destination: string;
  readonly range: IpRange;
  /** Bits of the prefix. */
  readonly length: number;
  /** RTF_* */
  readonly flags: number;
  /** Index of the interface. */
  readonly index: number;
  /** Octets; what was learnt of a path stands in the route of its host alone. 0 when it has none of its own. */
  readonly mtu: number;
  /** The socket address as the kernel has it. */
  readonly gateway: Uint8Array;
}

/** The IPv4 and IPv6 routes of a dump (NET_RT_DUMP). */
export function readTable(octets: Uint8Array): TableRoute[] {
  const routes: TableRoute[] = [];
  for (const { type, view } of messages(octets)) {
    if (type !== RTM.GET || view.byteLength < RT_MSGHDR.size) continue;
    const flags = view.getInt32(RT_MSGHDR.flags, true);
    const found = socketAddresses(view, RT_MSGHDR.size, view.getInt32(RT_MSGHDR.addrs, true));
    const destination = found[RTAX.DST];
    const octetsOf = destination && familyOctets(destination);
    if (!destination || !octetsOf) continue;
    const address = formatIp(addressIn(destination, octetsOf));
    const length = (flags & RTF.HOST) !== 0 ? 8 * octetsOf : maskLength(found[RTAX.NETMASK], octetsOf);
    const range = prefixRange({ address, length });
    routes.push({
      destination: formatPrefix({ address: formatIp(range.start), length }),
      range,
      length,
      flags,
      index: view.getUint16(RT_MSGHDR.index, true),
      mtu: view.getUint32(RT_MSGHDR.mtu, true),
      gateway: found[RTAX.GATEWAY] ?? new Uint8Array(0),
    });
  }
  return routes;
}

export interface TableLink {
  readonly name: string;
  readonly index: number;
  readonly mtu: number;
  readonly up: boolean;
  /** Canonical addresses of both families, the first first. */
  readonly addresses: readonly string[];
}

/** The interfaces of a dump (NET_RT_IFLIST): each is followed by its addresses. */
export function readLinks(octets: Uint8Array): TableLink[] {
  const links: (TableLink & { addresses: string[] })[] = [];
  for (const { type, view } of messages(octets)) {
    if (type === RTM.IFINFO && view.byteLength >= IF_MSGHDR.size) {
      const found = socketAddresses(view, IF_MSGHDR.size, view.getInt32(IF_MSGHDR.addrs, true));
      const link = found[RTAX.IFP];
      const end = SOCKADDR_DL.data + (link?.[SOCKADDR_DL.nlen] ?? 0);
      links.push({
        name: new TextDecoder().decode(link?.subarray(SOCKADDR_DL.data, end)),
        index: view.getUint16(IF_MSGHDR.index, true),
        mtu: view.getUint32(IF_MSGHDR.mtu, true),
        up: (view.getInt32(IF_MSGHDR.flags, true) & IFF_UP) !== 0,
        addresses: [],
      });
    } else if (type === RTM.NEWADDR) {
      const found = socketAddresses(view, IFA_MSGHDR.size, view.getInt32(IFA_MSGHDR.addrs, true));
      const address = found[RTAX.IFA];
      const octetsOf = address && familyOctets(address);
      const index = view.getUint16(IFA_MSGHDR.index, true);
      if (address && octetsOf)
        links.find((l) => l.index === index)?.addresses.push(formatIp(addressIn(address, octetsOf)));
    }
  }
  return links;
}

const OF_ADDRESSES_AND_LINKS: ReadonlySet<number> = new Set([RTM.NEWADDR, RTM.DELADDR, RTM.IFINFO]);
const OF_ROUTES: ReadonlySet<number> = new Set([RTM.ADD, RTM.DELETE, RTM.CHANGE, RTM.REDIRECT]);

/**
 * Whether what a routing socket says is a change of links, addresses or routes. Questions and their answers (RTM_GET),
 * addresses without a route (RTM_MISS), multicast groups and what the kernel makes for each of its neighbours are none.
 */
export function tellsOfChange(message: Uint8Array): boolean {
  for (const { type, view } of messages(message)) {
    if (OF_ADDRESSES_AND_LINKS.has(type)) return true;
    if (!OF_ROUTES.has(type) || view.byteLength < RT_MSGHDR.size) continue;
    if ((view.getInt32(RT_MSGHDR.flags, true) & (RTF.WASCLONED | RTF.LLINFO)) === 0) return true;
  }
  return false;
}
