/**
 * Linux's tun: /dev/net/tun without packet information, set up by ioctl (linux/if_tun.h, netdevice(7)). Where the
 * kernel can, with a virtio header before each packet, so that a TCP stream crosses in pieces of up to 64 KiB.
 */
import { allowsOffload, type OffloadLevel } from '../../base/offload-level.ts';
import { OsError } from '../error.ts';
import {
  AF,
  ERRNO,
  IFF,
  IFREQ,
  OPEN,
  SIOC,
  SOCK,
  TUN_F,
  TUNSETIFF,
  TUNSETOFFLOAD,
  VIRTIO_NET_HDR,
} from '../ffi/abi.ts';
import { addressOf, fixedMemory, type LinuxLibc } from '../ffi/libc.linux.ts';
import { EventLoopReader } from './event-loop-reader.ts';
import type { Tun, TunOffload, TunPort, TunRequest } from './port.ts';

const DEVICE = '/dev/net/tun';
const LARGEST_PACKET = 65535;

export const linuxTun = (libc: LinuxLibc): TunPort => ({
  open: async (request) => openTun(libc, request),
});

function unavailable(what: string, errno: number): OsError {
  const hint =
    errno === ERRNO.EPERM || errno === ERRNO.EACCES
      ? 'the engine needs root or CAP_NET_ADMIN'
      : errno === ERRNO.ENOENT || errno === ERRNO.ENODEV
        ? 'the kernel has no tun: load its module (modprobe tun)'
        : errno === ERRNO.EBUSY
          ? 'the name is in use'
          : 'see the error number';
  return new OsError('tun-unavailable', `no tun: ${hint}`, `${what}: errno ${errno}`);
}

/** From the most to the least; kernels before 6.2 know no UDP super-packets. */
const OFFLOADS: readonly {
  readonly offload: TunOffload;
  readonly level: OffloadLevel;
  readonly flags: number;
}[] = [
  {
    offload: 'uso',
    level: 'uso',
    flags: TUN_F.CSUM | TUN_F.TSO4 | TUN_F.TSO6 | TUN_F.TSO_ECN | TUN_F.USO4 | TUN_F.USO6,
  },
  { offload: 'tso', level: 'tso', flags: TUN_F.CSUM | TUN_F.TSO4 | TUN_F.TSO6 | TUN_F.TSO_ECN },
  { offload: 'none', level: 'packet', flags: 0 },
];

function openTun(libc: LinuxLibc, request: TunRequest): Tun {
  const { name, mtu, offload: limit = 'uso' } = request;
  if (name.length === 0 || name.length >= IFREQ.nameLength || !/^[\w.%-]+$/.test(name))
    throw new OsError('tun-unavailable', `no tun: ${JSON.stringify(name)} is no interface name`);
  for (const { offload, level, flags } of OFFLOADS) {
    if (!allowsOffload(limit, level)) continue;
    const tun = attempt(libc, name, mtu, offload, flags);
    if (tun) return tun;
  }
  throw unavailable('TUNSETOFFLOAD', ERRNO.EINVAL);
}

/** `undefined` when the kernel does not have the offloads. @throws OsError for any other reason */
function attempt(
  libc: LinuxLibc,
  name: string,
  mtu: number,
  offload: TunOffload,
  flags: number,
): Tun | undefined {
  const fd = libc.open(DEVICE, OPEN.RDWR | OPEN.NONBLOCK | OPEN.CLOEXEC);
  if (fd < 0) throw unavailable(`open ${DEVICE}`, libc.errno());
  let kept = false;
  try {
    const request = fixedMemory(IFREQ.size);
    const at = addressOf(request);
    const view = new DataView(request.buffer);
    request.set(new TextEncoder().encode(name));
    view.setUint16(IFREQ.union, IFF.TUN | IFF.NO_PI | (offload === 'none' ? 0 : IFF.VNET_HDR), true);
    if (libc.ioctl(fd, TUNSETIFF, at) < 0) {
      const errno = libc.errno();
      if (errno === ERRNO.EINVAL && offload !== 'none') return undefined;
      throw unavailable('TUNSETIFF', errno);
    }
    if (offload !== 'none' && libc.ioctl(fd, TUNSETOFFLOAD, flags) < 0) return undefined;
    // The kernel has put the number in for %d.
    const given = new TextDecoder().decode(request.subarray(0, request.indexOf(0)));
    bringUp(libc, at, view, mtu);
    kept = true;
    return new LinuxTun(libc, fd, given, mtu, offload);
  } finally {
    if (!kept) libc.close(fd);
  }
}

function bringUp(libc: LinuxLibc, at: number, view: DataView, mtu: number): void {
  const socket = libc.socket(AF.INET, SOCK.DGRAM | SOCK.CLOEXEC, 0);
  const control = socket >= 0 ? socket : libc.socket(AF.INET6, SOCK.DGRAM | SOCK.CLOEXEC, 0);
  if (control < 0) throw unavailable('socket', libc.errno());
  try {
    const call = (what: string, number: number): void => {
      if (libc.ioctl(control, number, at) < 0) throw unavailable(what, libc.errno());
    };
    view.setInt32(IFREQ.union, mtu, true);
    call(`SIOCSIFMTU ${mtu}`, SIOC.SIFMTU);
    call('SIOCGIFFLAGS', SIOC.GIFFLAGS);
    view.setUint16(IFREQ.union, view.getUint16(IFREQ.union, true) | IFF.UP, true);
    call('SIOCSIFFLAGS', SIOC.SIFFLAGS);
  } finally {
    libc.close(control);
  }
}

class LinuxTun implements Tun {
  readonly name: string;
  readonly mtu: number;
  readonly fd: number;
  readonly offload: TunOffload;
  readonly #libc: LinuxLibc;
  /** Octets before each packet; left empty they say that the packet is whole and its checksum done. */
  readonly #header: number;
  readonly #memory: Uint8Array;
  readonly #memoryAt: number;
  #reader: EventLoopReader | undefined;
  #closed = false;

  constructor(libc: LinuxLibc, fd: number, name: string, mtu: number, offload: TunOffload) {
    this.#libc = libc;
    this.fd = fd;
    this.name = name;
    this.mtu = mtu;
    this.offload = offload;
    this.#header = offload === 'none' ? 0 : VIRTIO_NET_HDR.size;
    this.#memory = fixedMemory(this.#header + LARGEST_PACKET);
    this.#memoryAt = addressOf(this.#memory);
  }

  onPackets(listener: (packets: readonly Uint8Array[]) => void): void {
    // Who takes packets here cannot take them apart: the kernel is to finish each.
    if (this.#header > 0) this.#libc.ioctl(this.fd, TUNSETOFFLOAD, 0);
    this.#reader ??= new EventLoopReader(this.#libc, this.fd, this.#header);
    this.#reader.listener = listener;
  }

  write(packets: readonly Uint8Array[]): number {
    let taken = 0;
    for (const packet of packets) {
      if (this.#closed || packet.length > LARGEST_PACKET) break;
      this.#memory.set(packet, this.#header);
      if (this.#libc.write(this.fd, this.#memoryAt, this.#header + packet.length) < 0) break;
      taken++;
    }
    return taken;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const close = (): void => {
      this.#libc.close(this.fd);
    };
    // A descriptor that another thread polls may only be closed after that has returned.
    if (this.#reader) this.#reader.stop(close);
    else close();
  }
}
