/**
 * The data path's UDP socket on Windows. One IPv6 socket serves both families, with IPv4 as mapped addresses, and tells
 * the local address of every datagram. Many datagrams of one size leave and arrive as one message where the system can
 * (UDP_SEND_MSG_SIZE, UDP_RECV_MAX_COALESCED_SIZE: Windows 10 2004). Without IP_DONTFRAGMENT there is no DF, and what is
 * longer than the path is fragmented.
 */
import { type Endpoint, isIpv6, parseIp } from '../../base/ip.ts';
import type { Marks } from '../../base/marks.ts';
import { allowsOffload, type OffloadLevel } from '../../base/offload-level.ts';
import { readEndpoint, writeSockaddr } from '../../base/sockaddr.ts';
import { OsError } from '../error.ts';
import {
  AF,
  IP,
  IPPROTO,
  IPV6,
  MIB_IPFORWARD_ROW2,
  SIO,
  SO,
  SOCK_DGRAM,
  SOCKADDR_IN,
  SOCKADDR_IN6,
  SOCKADDR_INET,
  SOL_SOCKET,
  UDP,
  WSA_FLAG_OVERLAPPED,
  WSAE,
} from '../ffi/abi.win32.ts';
import type { BestRoute, IpHelper } from '../ffi/iphlpapi.win32.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { NO_SOCKET, type Winsock } from '../ffi/winsock.win32.ts';
import { interfaceQuery, readInet, readInterface, writeInet } from '../route/rows.win32.ts';
import type { UdpPort, UdpRequest } from './port.ts';
import type { RawUdp } from './raw.ts';
import { openDgram } from './udp.ts';

const BUFFER_LENGTH = 8 << 20;
/** Where a path is asked for; no datagram goes there for it. */
const ENCAPSULATED_PORT = 4500;
const LARGEST_DATAGRAM = 65_535;

type MarkField = 'says' | 'tells';

function openError(port: number, what: string, error: number): OsError {
  const detail = `${what}: error ${error}`;
  if (error === WSAE.ACCES || error === WSAE.ADDRINUSE)
    return new OsError('udp-unavailable', `UDP port ${port} is in use by another program`, detail);
  return new OsError('udp-unavailable', `UDP port ${port} cannot be opened`, detail);
}

/** `offload` limits what is probed for. @throws OsError `udp-unavailable` */
export function openWindowsUdp(
  winsock: Winsock,
  { port, address }: UdpRequest,
  offload: OffloadLevel = 'uso',
): RawUdp {
  const socket = winsock.socket(AF.INET6, SOCK_DGRAM, IPPROTO.UDP, WSA_FLAG_OVERLAPPED);
  if (socket === NO_SOCKET) throw openError(port, 'socket', winsock.lastError());
  try {
    const word = fixedMemory(4);
    const wordAt = addressOf(word);
    const set = (level: number, name: number, value: number): boolean => {
      new DataView(word.buffer).setInt32(0, value, true);
      return winsock.setsockopt(socket, level, name, wordAt, 4) === 0;
    };
    set(IPPROTO.IPV6, IPV6.V6ONLY, 0);
    // Otherwise another program could take the port over.
    set(SOL_SOCKET, SO.EXCLUSIVEADDRUSE, 1);
    set(IPPROTO.IPV6, IPV6.PKTINFO, 1);
    set(IPPROTO.IP, IP.PKTINFO, 1);
    const marks = probeMarks(set);
    set(SOL_SOCKET, SO.RCVBUF, BUFFER_LENGTH);
    set(SOL_SOCKET, SO.SNDBUF, BUFFER_LENGTH);
    // An ICMP message about one peer must not fail the next receive.
    new DataView(word.buffer).setInt32(0, 0, true);
    winsock.control(socket, SIO.UDP_CONNRESET, wordAt, 4);
    winsock.control(socket, SIO.UDP_NETRESET, wordAt, 4);
    const name = fixedMemory(SOCKADDR_IN6.size);
    writeName({ address: address ?? '::', port }, name);
    if (winsock.bind(socket, addressOf(name), name.length) !== 0)
      throw openError(port, 'bind', winsock.lastError());
    new DataView(word.buffer).setInt32(0, name.length, true);
    winsock.getsockname(socket, addressOf(name), wordAt);
    if (!winsock.receiveMessage(socket)) throw openError(port, 'WSARecvMsg', winsock.lastError());
    const offloads = allowsOffload(offload, 'udp');
    // Zero is what holds anyway: no segments unless a message asks for them.
    const segments = offloads && set(IPPROTO.UDP, UDP.SEND_MSG_SIZE, 0);
    const coalesces = offloads && set(IPPROTO.UDP, UDP.RECV_MAX_COALESCED_SIZE, LARGEST_DATAGRAM);
    return new WindowsUdp(winsock, socket, readEndpoint(name, 0), { segments, coalesces, ...marks });
  } catch (error) {
    winsock.close(socket);
    throw error;
  }
}

/**
 * Each family has its own option; WSASetRecvIPEcn, which sets one of them, "does not properly support dual-stack
 * sockets" (Winsock explicit congestion notification). With receiving came sending, by a control message of the same
 * number. The whole traffic class is taken where a socket takes one of its own, which only IPv6 is told truly of: IPv4
 * has taken IP_TOS for ages and done nothing. A DSCP that comes in is not told: what there is for that is no
 * documented part of Winsock.
 */
function probeMarks(set: (level: number, name: number, value: number) => boolean): Pick<RawUdp, MarkField> {
  const four = set(IPPROTO.IP, IP.ECN, 1);
  const six = set(IPPROTO.IPV6, IPV6.ECN, 1);
  const tells = four && six ? 'ecn' : 'none';
  // Zero is what holds anyway.
  return { tells, says: set(IPPROTO.IPV6, IPV6.TCLASS, 0) ? 'class' : tells };
}

function writeName(endpoint: Endpoint, name: Uint8Array): void {
  writeSockaddr(endpoint, name, 0);
  name[SOCKADDR_IN6.family] = AF.INET6;
  name[SOCKADDR_IN6.family + 1] = 0;
}

class WindowsUdp implements RawUdp {
  readonly fd: number;
  readonly local: Endpoint;
  readonly segments: boolean;
  readonly coalesces: boolean;
  readonly says: Marks;
  readonly tells: Marks;
  readonly #winsock: Winsock;
  readonly #name = fixedMemory(SOCKADDR_IN6.size);
  readonly #nameAt = addressOf(this.#name);
  readonly #memory = fixedMemory(LARGEST_DATAGRAM);
  readonly #memoryAt = addressOf(this.#memory);
  #closed = false;

  constructor(
    winsock: Winsock,
    fd: number,
    local: Endpoint,
    can: Pick<RawUdp, 'segments' | 'coalesces' | MarkField>,
  ) {
    this.#winsock = winsock;
    this.fd = fd;
    this.local = local;
    this.segments = can.segments;
    this.coalesces = can.coalesces;
    this.says = can.says;
    this.tells = can.tells;
  }

  send(prefix: Uint8Array, bytes: Uint8Array, remote: Endpoint): boolean {
    const length = prefix.length + bytes.length;
    if (this.#closed || length > this.#memory.length) return false;
    writeName(remote, this.#name);
    this.#memory.set(prefix);
    this.#memory.set(bytes, prefix.length);
    const to = this.#name.length;
    return this.#winsock.sendto(this.fd, this.#memoryAt, length, 0, this.#nameAt, to) === length;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#winsock.close(this.fd);
  }
}

/** Windows gives its loopback 0xffffffff; no datagram is that long. */
const datagramMtu = (mtu: number): number => Math.min(mtu, LARGEST_DATAGRAM);

/**
 * What the system takes for the path's MTU (IP_MTU, IPV6_MTU: "the socket must be connected"), which sends nothing.
 * `undefined` where it does not tell, or has no route.
 */
function connectedMtu(winsock: Winsock, remote: string): number | undefined {
  const address = parseIp(remote);
  if (!address) return undefined;
  const v4 = address.length === 4;
  const socket = winsock.socket(v4 ? AF.INET : AF.INET6, SOCK_DGRAM, IPPROTO.UDP, WSA_FLAG_OVERLAPPED);
  if (socket === NO_SOCKET) return undefined;
  try {
    const name = fixedMemory(SOCKADDR_INET.size);
    name.set(writeInet(address));
    new DataView(name.buffer).setUint16(SOCKADDR_IN6.port, ENCAPSULATED_PORT);
    if (winsock.connect(socket, addressOf(name), v4 ? SOCKADDR_IN.size : SOCKADDR_IN6.size) !== 0)
      return undefined;
    const words = fixedMemory(8);
    const view = new DataView(words.buffer);
    const at = addressOf(words);
    view.setUint32(4, 4, true);
    const asked = v4
      ? winsock.getsockopt(socket, IPPROTO.IP, IP.MTU, at, at + 4)
      : winsock.getsockopt(socket, IPPROTO.IPV6, IPV6.MTU, at, at + 4);
    const mtu = view.getUint32(0, true);
    return asked === 0 && mtu > 0 ? datagramMtu(mtu) : undefined;
  } finally {
    winsock.close(socket);
  }
}

export const windowsUdp = (helper: IpHelper, winsock: Winsock | undefined): UdpPort => {
  const best = (remote: string): BestRoute | undefined => {
    const address = parseIp(remote);
    return address && helper.bestRoute(writeInet(address), MIB_IPFORWARD_ROW2.size);
  };
  return {
    open: openDgram,
    localAddressFor: async (remote) => {
      const found = best(remote);
      return found && readInet(found.source, 0);
    },
    // Where Windows does not tell what it has learnt of the path, the interface is where that begins.
    pathMtu: async (remote) => {
      const learnt = winsock && connectedMtu(winsock, remote);
      if (learnt !== undefined) return learnt;
      const found = best(remote);
      if (!found) return undefined;
      const luid = found.row.subarray(MIB_IPFORWARD_ROW2.luid, MIB_IPFORWARD_ROW2.luid + 8);
      const row = interfaceQuery(luid, isIpv6(remote) ? 6 : 4);
      return helper.getInterface(row) === 0 ? datagramMtu(readInterface(row).mtu) : undefined;
    },
  };
};
