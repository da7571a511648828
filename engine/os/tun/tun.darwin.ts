/**
 * Darwin's tun: a utun, made by connecting a socket to the kernel control of that name (net/if_utun.h,
 * sys/kern_control.h). It goes, with its addresses and routes, when the socket is closed. The protocol family stands
 * in four octets before each packet.
 */
import { OsError } from '../error.ts';
import {
  AF,
  AF_SYS_CONTROL,
  CTL_INFO,
  CTLIOCGINFO,
  ERRNO,
  FCNTL,
  FD_CLOEXEC,
  IFF_UP,
  IFREQ,
  O_NONBLOCK,
  SIOC,
  SOCK,
  SOCKADDR,
  SOCKADDR_CTL,
  SYSPROTO_CONTROL,
  UTUN_CONTROL_NAME,
  UTUN_HEADER_LENGTH,
  UTUN_OPT_IFNAME,
  utunFamily,
} from '../ffi/abi.darwin.ts';
import type { DarwinLibc } from '../ffi/libc.darwin.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { EventLoopReader } from './event-loop-reader.ts';
import type { Tun, TunPort, TunRequest } from './port.ts';

const LARGEST_PACKET = 65535;
/** The only names that there are; any other wish gets the first free number. */
const UTUN_NAME = /^utun(\d{1,4})$/;

export const darwinTun = (libc: DarwinLibc): TunPort => ({
  open: async (request) => openTun(libc, request),
});

function unavailable(what: string, errno: number): OsError {
  const hint =
    errno === ERRNO.EPERM || errno === ERRNO.EACCES
      ? 'the engine needs root'
      : errno === ERRNO.EBUSY
        ? 'the name is in use'
        : 'see the error number';
  return new OsError('tun-unavailable', `no tun: ${hint}`, `${what}: errno ${errno}`);
}

function openTun(libc: DarwinLibc, { name, mtu }: TunRequest): Tun {
  const fd = libc.socket(AF.SYSTEM, SOCK.DGRAM, SYSPROTO_CONTROL);
  if (fd < 0) throw unavailable('socket PF_SYSTEM', libc.errno());
  let kept = false;
  try {
    libc.fcntl(fd, FCNTL.SETFD, FD_CLOEXEC);
    const number = UTUN_NAME.exec(name)?.[1];
    // Unit 0 is the first free one, unit n the interface utun(n-1).
    connectTo(libc, fd, controlId(libc, fd), number === undefined ? 0 : Number(number) + 1);
    if (libc.fcntl(fd, FCNTL.SETFL, O_NONBLOCK) < 0) throw unavailable('fcntl O_NONBLOCK', libc.errno());
    const given = nameOf(libc, fd);
    bringUp(libc, given, mtu);
    kept = true;
    return new DarwinTun(libc, fd, given, mtu);
  } finally {
    if (!kept) libc.close(fd);
  }
}

function controlId(libc: DarwinLibc, fd: number): number {
  const info = fixedMemory(CTL_INFO.size);
  info.set(new TextEncoder().encode(UTUN_CONTROL_NAME), CTL_INFO.name);
  if (libc.ioctl(fd, CTLIOCGINFO, addressOf(info)) < 0) throw unavailable('CTLIOCGINFO', libc.errno());
  return new DataView(info.buffer).getUint32(CTL_INFO.id, true);
}

function connectTo(libc: DarwinLibc, fd: number, id: number, unit: number): void {
  const address = fixedMemory(SOCKADDR_CTL.size);
  const view = new DataView(address.buffer);
  address[SOCKADDR.len] = SOCKADDR_CTL.size;
  address[SOCKADDR.family] = AF.SYSTEM;
  view.setUint16(SOCKADDR_CTL.sysaddr, AF_SYS_CONTROL, true);
  view.setUint32(SOCKADDR_CTL.id, id, true);
  view.setUint32(SOCKADDR_CTL.unit, unit, true);
  if (libc.connect(fd, addressOf(address), address.length) < 0)
    throw unavailable(`connect utun unit ${unit}`, libc.errno());
}

function nameOf(libc: DarwinLibc, fd: number): string {
  const name = fixedMemory(IFREQ.nameLength);
  const length = fixedMemory(4);
  new DataView(length.buffer).setUint32(0, name.length, true);
  const asked = libc.getsockopt(fd, SYSPROTO_CONTROL, UTUN_OPT_IFNAME, addressOf(name), addressOf(length));
  if (asked < 0) throw unavailable('UTUN_OPT_IFNAME', libc.errno());
  return new TextDecoder().decode(name.subarray(0, Math.max(0, name.indexOf(0))));
}

function bringUp(libc: DarwinLibc, name: string, mtu: number): void {
  const control = libc.socket(AF.INET, SOCK.DGRAM, 0);
  if (control < 0) throw unavailable('socket', libc.errno());
  try {
    const request = fixedMemory(IFREQ.size);
    const at = addressOf(request);
    const view = new DataView(request.buffer);
    request.set(new TextEncoder().encode(name));
    const call = (what: string, number: number): void => {
      if (libc.ioctl(control, number, at) < 0) throw unavailable(what, libc.errno());
    };
    view.setInt32(IFREQ.union, mtu, true);
    call(`SIOCSIFMTU ${mtu}`, SIOC.SIFMTU);
    call('SIOCGIFFLAGS', SIOC.GIFFLAGS);
    view.setUint16(IFREQ.union, view.getUint16(IFREQ.union, true) | IFF_UP, true);
    call('SIOCSIFFLAGS', SIOC.SIFFLAGS);
  } finally {
    libc.close(control);
  }
}

class DarwinTun implements Tun {
  readonly name: string;
  readonly mtu: number;
  readonly fd: number;
  readonly offload = 'none';
  readonly #libc: DarwinLibc;
  readonly #memory = fixedMemory(UTUN_HEADER_LENGTH + LARGEST_PACKET);
  readonly #memoryAt = addressOf(this.#memory);
  #reader: EventLoopReader | undefined;
  #closed = false;

  constructor(libc: DarwinLibc, fd: number, name: string, mtu: number) {
    this.#libc = libc;
    this.fd = fd;
    this.name = name;
    this.mtu = mtu;
  }

  onPackets(listener: (packets: readonly Uint8Array[]) => void): void {
    this.#reader ??= new EventLoopReader(this.#libc, this.fd, UTUN_HEADER_LENGTH);
    this.#reader.listener = listener;
  }

  write(packets: readonly Uint8Array[]): number {
    let taken = 0;
    for (const packet of packets) {
      if (this.#closed || packet.length > LARGEST_PACKET) break;
      this.#memory[UTUN_HEADER_LENGTH - 1] = utunFamily(packet[0] ?? 0);
      this.#memory.set(packet, UTUN_HEADER_LENGTH);
      const total = UTUN_HEADER_LENGTH + packet.length;
      if (this.#libc.write(this.fd, this.#memoryAt, total) !== total) break;
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
