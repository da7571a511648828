/**
 * The data path's UDP socket on Linux, and what the kernel knows of a path. One IPv6 socket serves both families, with
 * IPv4 as mapped addresses, and tells the local address of every datagram.
 */
import { type Endpoint, parseIp } from '../../base/ip.ts';
import type { Marks } from '../../base/marks.ts';
import { allowsOffload, type OffloadLevel } from '../../base/offload-level.ts';
import { readAddress, readEndpoint, SOCKADDR_ADDRESS_AT, writeSockaddr } from '../../base/sockaddr.ts';
import { OsError } from '../error.ts';
import {
  AF,
  ERRNO,
  IP,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6,
  MSG_DONTWAIT,
  PMTUDISC_DONT,
  SO,
  SOCK,
  SOCKADDR_IN,
  SOCKADDR_IN6,
  SOL_SOCKET,
  SOL_UDP,
  UDP,
} from '../ffi/abi.ts';
import { addressOf, fixedMemory, type LinuxLibc } from '../ffi/libc.linux.ts';
import type { UdpPort, UdpRequest } from './port.ts';
import type { RawUdp } from './raw.ts';
import { openDgram } from './udp.ts';

/** Octets; without CAP_NET_ADMIN the system grants less. */
const BUFFER_LENGTH = 8 << 20;
const LARGEST_DATAGRAM = 65535;

function openError(port: number, what: string, errno: number): OsError {
  const detail = `${what}: errno ${errno}`;
  if (errno === ERRNO.EACCES || errno === ERRNO.EPERM)
    return new OsError('permission', `UDP port ${port} needs more rights than the engine has`, detail);
  if (errno === ERRNO.EADDRINUSE)
    return new OsError('udp-unavailable', `UDP port ${port} is in use by another program`, detail);
  return new OsError('udp-unavailable', `UDP port ${port} cannot be opened`, detail);
}

/** `offload` limits what is probed for. @throws OsError `udp-unavailable`, `permission` */
export function openRawUdp(
  libc: LinuxLibc,
  { port, address }: UdpRequest,
  offload: OffloadLevel = 'uso',
): RawUdp {
  const fd = libc.socket(AF.INET6, SOCK.DGRAM | SOCK.CLOEXEC, 0);
  if (fd < 0) throw openError(port, 'socket', libc.errno());
  try {
    const word = fixedMemory(4);
    const wordAt = addressOf(word);
    const set = (level: number, name: number, value: number): boolean => {
      new DataView(word.buffer).setInt32(0, value, true);
      return libc.setsockopt(fd, level, name, wordAt, 4) === 0;
    };
    set(IPPROTO_IPV6, IPV6.V6ONLY, 0);
    set(IPPROTO_IPV6, IPV6.RECVPKTINFO, 1);
    const marks = set(IPPROTO_IP, IP.RECVTOS, 1) && set(IPPROTO_IPV6, IPV6.RECVTCLASS, 1) ? 'class' : 'none';
    set(IPPROTO_IP, IP.MTU_DISCOVER, PMTUDISC_DONT);
    set(IPPROTO_IPV6, IPV6.MTU_DISCOVER, PMTUDISC_DONT);
    if (!set(SOL_SOCKET, SO.RCVBUFFORCE, BUFFER_LENGTH)) set(SOL_SOCKET, SO.RCVBUF, BUFFER_LENGTH);
    if (!set(SOL_SOCKET, SO.SNDBUFFORCE, BUFFER_LENGTH)) set(SOL_SOCKET, SO.SNDBUF, BUFFER_LENGTH);
    const name = fixedMemory(SOCKADDR_IN6.size);
    writeName({ address: address ?? '::', port }, name);
    if (libc.bind(fd, addressOf(name), name.length) < 0) throw openError(port, 'bind', libc.errno());
    new DataView(word.buffer).setInt32(0, name.length, true);
    libc.getsockname(fd, addressOf(name), wordAt);
    const offloads = allowsOffload(offload, 'udp');
    // Zero is what holds anyway: no segments unless a message asks for them.
    const segments = offloads && set(SOL_UDP, UDP.SEGMENT, 0);
    const coalesces = offloads && set(SOL_UDP, UDP.GRO, 1);
    return new LinuxUdp(libc, fd, readEndpoint(name, 0), { segments, coalesces, marks });
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

function writeName(endpoint: Endpoint, name: Uint8Array): void {
  writeSockaddr(endpoint, name, 0);
  name[SOCKADDR_IN6.family] = AF.INET6;
}

class LinuxUdp implements RawUdp {
  readonly fd: number;
  readonly local: Endpoint;
  readonly segments: boolean;
  readonly coalesces: boolean;
  readonly says: Marks;
  readonly tells: Marks;
  readonly #libc: LinuxLibc;
  readonly #name = fixedMemory(SOCKADDR_IN6.size);
  readonly #nameAt = addressOf(this.#name);
  readonly #memory = fixedMemory(LARGEST_DATAGRAM);
  readonly #memoryAt = addressOf(this.#memory);
  #closed = false;

  constructor(
    libc: LinuxLibc,
    fd: number,
    local: Endpoint,
    can: Pick<RawUdp, 'segments' | 'coalesces'> & { readonly marks: Marks },
  ) {
    this.#libc = libc;
    this.fd = fd;
    this.local = local;
    this.segments = can.segments;
    this.coalesces = can.coalesces;
    this.says = can.marks;
    this.tells = can.marks;
  }

  send(prefix: Uint8Array, bytes: Uint8Array, remote: Endpoint): boolean {
    const length = prefix.length + bytes.length;
    if (this.#closed || length > this.#memory.length) return false;
    writeName(remote, this.#name);
    this.#memory.set(prefix);
    this.#memory.set(bytes, prefix.length);
    return (
      this.#libc.sendto(this.fd, this.#memoryAt, length, MSG_DONTWAIT, this.#nameAt, this.#name.length) ===
      length
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#libc.close(this.fd);
  }
}

interface Route {
  readonly local: string;
  readonly mtu: number | undefined;
}

/** Asks the routing table by connecting a socket, which sends nothing. */
function routeTo(libc: LinuxLibc, remote: string): Route | undefined {
  const address = parseIp(remote);
  if (!address) return undefined;
  const v4 = address.length === 4;
  const fd = libc.socket(v4 ? AF.INET : AF.INET6, SOCK.DGRAM | SOCK.CLOEXEC, 0);
  if (fd < 0) return undefined;
  try {
    const name = fixedMemory(SOCKADDR_IN6.size);
    const nameAt = addressOf(name);
    const size = v4 ? SOCKADDR_IN.size : SOCKADDR_IN6.size;
    name[0] = v4 ? AF.INET : AF.INET6;
    name[SOCKADDR_IN.port] = 4500 >>> 8;
    name[SOCKADDR_IN.port + 1] = 4500 & 0xff;
    name.set(address, v4 ? SOCKADDR_IN.addr : SOCKADDR_IN6.addr);
    if (libc.connect(fd, nameAt, size) < 0) return undefined;
    const words = fixedMemory(8);
    const view = new DataView(words.buffer);
    const wordsAt = addressOf(words);
    view.setUint32(4, 4, true);
    const asked = v4
      ? libc.getsockopt(fd, IPPROTO_IP, IP.MTU, wordsAt, wordsAt + 4)
      : libc.getsockopt(fd, IPPROTO_IPV6, IPV6.MTU, wordsAt, wordsAt + 4);
    const mtu = asked === 0 ? view.getInt32(0, true) : undefined;
    view.setUint32(4, name.length, true);
    if (libc.getsockname(fd, nameAt, wordsAt + 4) < 0) return undefined;
    const local = v4
      ? name.subarray(SOCKADDR_IN.addr, SOCKADDR_IN.addr + 4).join('.')
      : readAddress(name, SOCKADDR_ADDRESS_AT);
    return { local, mtu };
  } finally {
    libc.close(fd);
  }
}

export const linuxUdp = (libc: LinuxLibc): UdpPort => ({
  open: openDgram,
  localAddressFor: async (remote) => routeTo(libc, remote)?.local,
  pathMtu: async (remote) => routeTo(libc, remote)?.mtu,
});
