/**
 * The data path's UDP socket on Windows. One IPv6 socket serves both families, with IPv4 as mapped addresses, and tells
 * the local address of every datagram. Many datagrams of one size leave and arrive as one message where the system can
 * (UDP_SEND_MSG_SIZE, UDP_RECV_MAX_COALESCED_SIZE: Windows 10 2004).
 */
import { type Endpoint, isIpv6, parseIp } from '../../base/ip.ts';
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
  SOCKADDR_IN6,
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
const LARGEST_DATAGRAM = 65_535;

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
    return new WindowsUdp(winsock, socket, readEndpoint(name, 0), segments, coalesces);
  } catch (error) {
    winsock.close(socket);
    throw error;
  }
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
  /** DSCP is not a socket's to say on Windows, but a matter of its QoS policies. */
  readonly marks: boolean = false;
  readonly #winsock: Winsock;
  readonly #name = fixedMemory(SOCKADDR_IN6.size);
  readonly #nameAt = addressOf(this.#name);
  readonly #memory = fixedMemory(LARGEST_DATAGRAM);
  readonly #memoryAt = addressOf(this.#memory);
  #closed = false;

  constructor(winsock: Winsock, fd: number, local: Endpoint, segments: boolean, coalesces: boolean) {
    this.#winsock = winsock;
    this.fd = fd;
    this.local = local;
    this.segments = segments;
    this.coalesces = coalesces;
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

export const windowsUdp = (helper: IpHelper): UdpPort => {
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
    // What Windows learns of a path is only told to connected sockets; the interface is where it begins.
    pathMtu: async (remote) => {
      const found = best(remote);
      if (!found) return undefined;
      const luid = found.row.subarray(MIB_IPFORWARD_ROW2.luid, MIB_IPFORWARD_ROW2.luid + 8);
      const row = interfaceQuery(luid, isIpv6(remote) ? 6 : 4);
      return helper.getInterface(row) === 0 ? readInterface(row).mtu : undefined;
    },
  };
};
