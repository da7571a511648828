/**
 * The data path's UDP socket on Darwin, and what the kernel knows of a path. One IPv6 socket serves both families, with
 * IPv4 as mapped addresses, and tells the local address and the traffic class of every datagram (those of IPv4 too, as
 * IPV6_TCLASS: xnu, bsd/netinet6/ip6_input.c, ip6_savecontrol_v4). Fragmentation is left to IP: without IPV6_DONTFRAG
 * there is no DF.
 */
import { type Endpoint, parseIp } from '../../base/ip.ts';
import type { Marks } from '../../base/marks.ts';
import { allowsOffload, type OffloadLevel } from '../../base/offload-level.ts';
import { readEndpoint, writeSockaddr } from '../../base/sockaddr.ts';
import { OsError } from '../error.ts';
import {
  AF,
  ERRNO,
  FCNTL,
  FD_CLOEXEC,
  IPPROTO_IPV6,
  IPV6,
  MSG_DONTWAIT,
  SO,
  SOCK,
  SOCKADDR,
  SOCKADDR_IN6,
  SOL_SOCKET,
} from '../ffi/abi.darwin.ts';
import type { DarwinLibc } from '../ffi/libc.darwin.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { darwinLinks, darwinTable } from '../route/dump.darwin.ts';
import { pathMtuIn } from '../route/table.darwin.ts';
import type { UdpPort, UdpRequest } from './port.ts';
import type { RawUdp } from './raw.ts';
import { localAddressFor, openDgram } from './udp.ts';

/** Octets, the largest first: Darwin refuses more than kern.ipc.maxsockbuf instead of granting less. */
const BUFFER_LENGTHS = [6 << 20, 2 << 20, 1 << 20] as const;
const LARGEST_DATAGRAM = 65535;

function openError(port: number, what: string, errno: number): OsError {
  const detail = `${what}: errno ${errno}`;
  if (errno === ERRNO.EACCES || errno === ERRNO.EPERM)
    return new OsError('permission', `UDP port ${port} needs more rights than the engine has`, detail);
  const why = errno === ERRNO.EADDRINUSE ? 'is in use by another program' : 'cannot be opened';
  return new OsError('udp-unavailable', `UDP port ${port} ${why}`, detail);
}

function writeName(endpoint: Endpoint, name: Uint8Array): void {
  writeSockaddr(endpoint, name, 0);
  name[SOCKADDR.len] = SOCKADDR_IN6.size;
  name[SOCKADDR.family] = AF.INET6;
}

/**
 * `segments` and `coalesces` tell whether `sendmsg_x` and `recvmsg_x` are there and allowed by `offload`.
 * @throws OsError `udp-unavailable`, `permission`
 */
export function openDarwinUdp(
  libc: DarwinLibc,
  { port, address }: UdpRequest,
  offload: OffloadLevel = 'uso',
): RawUdp {
  const fd = libc.socket(AF.INET6, SOCK.DGRAM, 0);
  if (fd < 0) throw openError(port, 'socket', libc.errno());
  try {
    libc.fcntl(fd, FCNTL.SETFD, FD_CLOEXEC);
    const word = fixedMemory(4);
    const wordAt = addressOf(word);
    const set = (level: number, name: number, value: number): boolean => {
      new DataView(word.buffer).setInt32(0, value, true);
      return libc.setsockopt(fd, level, name, wordAt, 4) === 0;
    };
    set(IPPROTO_IPV6, IPV6.V6ONLY, 0);
    set(IPPROTO_IPV6, IPV6.RECVPKTINFO, 1);
    const tells = set(IPPROTO_IPV6, IPV6.RECVTCLASS, 1) ? 'class' : 'none';
    for (const name of [SO.RCVBUF, SO.SNDBUF]) BUFFER_LENGTHS.some((length) => set(SOL_SOCKET, name, length));
    const name = fixedMemory(SOCKADDR_IN6.size);
    writeName({ address: address ?? '::', port }, name);
    if (libc.bind(fd, addressOf(name), name.length) < 0) throw openError(port, 'bind', libc.errno());
    new DataView(word.buffer).setInt32(0, name.length, true);
    libc.getsockname(fd, addressOf(name), wordAt);
    const batch = libc.batch !== undefined && allowsOffload(offload, 'udp');
    return new DarwinUdp(libc, fd, readEndpoint(name, 0), batch, tells);
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

class DarwinUdp implements RawUdp {
  readonly fd: number;
  readonly local: Endpoint;
  readonly segments: boolean;
  readonly coalesces: boolean;
  /** A release that takes none refuses them when it is sent to, or passes them over. */
  readonly says: Marks = 'class';
  readonly tells: Marks;
  readonly #libc: DarwinLibc;
  readonly #name = fixedMemory(SOCKADDR_IN6.size);
  readonly #nameAt = addressOf(this.#name);
  readonly #memory = fixedMemory(LARGEST_DATAGRAM);
  readonly #memoryAt = addressOf(this.#memory);
  #closed = false;

  constructor(libc: DarwinLibc, fd: number, local: Endpoint, batch: boolean, tells: Marks) {
    this.#libc = libc;
    this.fd = fd;
    this.local = local;
    this.segments = batch;
    this.coalesces = batch;
    this.tells = tells;
  }

  send(prefix: Uint8Array, bytes: Uint8Array, remote: Endpoint): boolean {
    const length = prefix.length + bytes.length;
    if (this.#closed || length > LARGEST_DATAGRAM || !parseIp(remote.address)) return false;
    this.#memory.set(prefix);
    this.#memory.set(bytes, prefix.length);
    writeName(remote, this.#name);
    const { fd } = this;
    const nameLength = this.#name.length;
    return this.#libc.sendto(fd, this.#memoryAt, length, MSG_DONTWAIT, this.#nameAt, nameLength) === length;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#libc.close(this.fd);
  }
}

export const darwinUdp = (libc: DarwinLibc): UdpPort => ({
  open: openDgram,
  localAddressFor,
  pathMtu: async (remote) => {
    const address = parseIp(remote);
    try {
      return address && pathMtuIn(darwinTable(libc), darwinLinks(libc), address);
    } catch {
      return undefined;
    }
  },
});
