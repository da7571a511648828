/**
 * Datagrams as `recvmmsg` delivers them: slots of equal size in the packet memory, each with a header, one I/O
 * vector, an address and room for control messages. Where the socket coalesces (UDP_GRO, udp(7)), a slot may hold
 * many datagrams of one size, of which only the last may be shorter.
 */
import {
  CMSGHDR,
  IN6_PKTINFO,
  IOVEC,
  IP,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6,
  MMSGHDR,
  MSG_DONTWAIT,
  SOCKADDR_IN6,
  SOL_UDP,
  UDP,
} from '../../os/ffi/abi.ts';
import { type Address, addressOf, fixedMemory, type LinuxLibc } from '../../os/ffi/libc.linux.ts';
import { HEADROOM, LARGEST_PACKET, TAILROOM } from '../room.ts';

/** Headroom, the largest datagram, tailroom, in whole cache lines. */
const STRIDE: number = (HEADROOM + LARGEST_PACKET + TAILROOM + 64) & ~63;
const NAME_STRIDE = 32;
/** in6_pktinfo takes 40 octets, the segment size and the traffic class 24 each. */
const CONTROL_STRIDE = 128;

/** Octets of packet memory that so many slots take. */
export const arrivalsLength = (slots: number): number => slots * STRIDE;

export class Arrivals {
  readonly #libc: Pick<LinuxLibc, 'recvmmsg'>;
  readonly #fd: number;
  readonly #slots: number;
  readonly #at: number;
  readonly #headers: DataView;
  readonly #headersAt: Address;
  readonly #control: DataView;
  readonly #controlOctets: Uint8Array;
  /** The system refers to them by address alone. */
  readonly vectors: Uint8Array;
  /** Addresses as `struct sockaddr_in6`; see {@link nameAt}. */
  readonly names: Uint8Array;
  /** Of the slot of the last {@link inspect}: octets of each datagram in it; all of them when it holds one. */
  size = 0;
  /** Of their IP headers, -1 where the kernel did not tell. */
  trafficClass = -1;

  /** The slots begin at `at` of `memory`. */
  constructor(libc: Pick<LinuxLibc, 'recvmmsg'>, fd: number, memory: Uint8Array, at: number, slots: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#slots = slots;
    this.#at = at;
    this.names = fixedMemory(slots * NAME_STRIDE);
    const headers = fixedMemory(slots * MMSGHDR.size);
    this.vectors = fixedMemory(slots * IOVEC.size);
    this.#controlOctets = fixedMemory(slots * CONTROL_STRIDE);
    this.#control = new DataView(this.#controlOctets.buffer as ArrayBuffer);
    this.#headers = new DataView(headers.buffer);
    this.#headersAt = addressOf(headers);
    const vectorsView = new DataView(this.vectors.buffer as ArrayBuffer);
    const [namesAt, vectorsAt] = [addressOf(this.names), addressOf(this.vectors)];
    const [controlAt, memoryAt] = [addressOf(this.#controlOctets), addressOf(memory)];
    for (let i = 0; i < slots; i++) {
      const header = i * MMSGHDR.size;
      const pointer = (field: number, value: Address): void =>
        this.#headers.setBigUint64(header + field, BigInt(value), true);
      pointer(MMSGHDR.name, namesAt + i * NAME_STRIDE);
      pointer(MMSGHDR.iov, vectorsAt + i * IOVEC.size);
      pointer(MMSGHDR.iovlen, 1);
      pointer(MMSGHDR.control, controlAt + i * CONTROL_STRIDE);
      vectorsView.setBigUint64(i * IOVEC.size + IOVEC.base, BigInt(memoryAt + this.atOf(i)), true);
      vectorsView.setBigUint64(i * IOVEC.size + IOVEC.len, BigInt(LARGEST_PACKET), true);
    }
    this.rearm(slots);
  }

  /** Fills slots without waiting; returns how many, none or less when nothing is there. */
  receive(): number {
    return this.#libc.recvmmsg(this.#fd, this.#headersAt, this.#slots, MSG_DONTWAIT, 0);
  }

  /** Makes the first `count` slots, which the last `receive` has filled, ready for the next. */
  rearm(count: number): void {
    for (let i = 0; i < count; i++) {
      const header = i * MMSGHDR.size;
      this.#headers.setUint32(header + MMSGHDR.namelen, SOCKADDR_IN6.size, true);
      this.#headers.setUint32(header + MMSGHDR.controllen, CONTROL_STRIDE, true);
    }
  }

  /** Where a slot's octets begin in the packet memory. */
  atOf(slot: number): number {
    return this.#at + slot * STRIDE + HEADROOM;
  }

  lengthOf(slot: number): number {
    return this.#headers.getUint32(slot * MMSGHDR.size + MMSGHDR.len, true);
  }

  nameAt(slot: number): number {
    return slot * NAME_STRIDE;
  }

  /** Reads what the kernel tells of a slot's datagrams. */
  inspect(slot: number): void {
    const control = this.#control;
    let size = 0;
    this.trafficClass = -1;
    const end = this.#controlEnd(slot);
    for (let at = slot * CONTROL_STRIDE; at + CMSGHDR.size < end; ) {
      const whole = control.getUint32(at, true);
      if (whole <= CMSGHDR.size || at + whole > end) break;
      const level = control.getInt32(at + CMSGHDR.level, true);
      const type = control.getInt32(at + CMSGHDR.type, true);
      const data = at + CMSGHDR.size;
      if (level === SOL_UDP && type === UDP.GRO && data + 4 <= end) size = control.getInt32(data, true);
      // IPv4 gives one octet, IPv6 an int, of which the first octet is all there is.
      else if (level === IPPROTO_IP ? type === IP.TOS : level === IPPROTO_IPV6 && type === IPV6.TCLASS)
        this.trafficClass = control.getUint8(data);
      at += (whole + 7) & ~7;
    }
    this.size = size > 0 ? size : this.lengthOf(slot);
  }

  /** The local address of a slot's datagrams as sixteen octets, `undefined` when the kernel did not tell. */
  localAddress(slot: number): Uint8Array | undefined {
    const at = this.#find(slot, IPPROTO_IPV6, IPV6.PKTINFO, IN6_PKTINFO.size);
    return at < 0 ? undefined : this.#controlOctets.subarray(at, at + 16);
  }

  #controlEnd(slot: number): number {
    const filled = this.#headers.getUint32(slot * MMSGHDR.size + MMSGHDR.controllen, true);
    return slot * CONTROL_STRIDE + Math.min(filled, CONTROL_STRIDE);
  }

  /** Where the data of a control message is, or -1. */
  #find(slot: number, level: number, type: number, length: number): number {
    const control = this.#control;
    let at = slot * CONTROL_STRIDE;
    const end = this.#controlEnd(slot);
    while (at + CMSGHDR.size <= end) {
      const whole = control.getUint32(at, true);
      if (whole < CMSGHDR.size || at + whole > end) return -1;
      if (
        control.getInt32(at + CMSGHDR.level, true) === level &&
        control.getInt32(at + CMSGHDR.type, true) === type
      )
        return whole >= CMSGHDR.size + length ? at + CMSGHDR.size : -1;
      at += (whole + 7) & ~7;
    }
    return -1;
  }
}
