/**
 * Datagrams as Darwin delivers them: by `recvmsg_x`, many a call, or by `recvmsg`, one a call. Slots of equal size in
 * the packet memory, each with a header, one I/O vector, an address and room for control messages. What each method
 * means is said in `arrivals.ts`; there is one datagram in a slot.
 */
import {
  CMSGHDR,
  IPPROTO_IPV6,
  IPV6,
  MSG_DONTWAIT,
  MSGHDR_X,
  SOCKADDR_IN6,
} from '../../os/ffi/abi.darwin.ts';
import { IN6_PKTINFO, IOVEC } from '../../os/ffi/abi.ts';
import type { DarwinLibc } from '../../os/ffi/libc.darwin.ts';
import { type Address, addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import { HEADROOM, LARGEST_PACKET, TAILROOM } from '../room.ts';

/** As on Linux. */
const STRIDE: number = (HEADROOM + LARGEST_PACKET + TAILROOM + 64) & ~63;
const NAME_STRIDE = 32;
/** in6_pktinfo takes 32 octets, the traffic class 16. */
const CONTROL_STRIDE = 64;

export class DarwinArrivals {
  readonly #libc: Pick<DarwinLibc, 'recvmsg' | 'batch'>;
  readonly #fd: number;
  readonly #slots: number;
  readonly #at: number;
  readonly #batch: boolean;
  readonly #headers: DataView;
  readonly #headersAt: Address;
  readonly #control: DataView;
  readonly #controlOctets: Uint8Array;
  /** The system refers to them by address alone. */
  readonly vectors: Uint8Array;
  readonly names: Uint8Array;
  size = 0;
  trafficClass = -1;

  /** @param batch whether `recvmsg_x` may be used */
  constructor(
    libc: Pick<DarwinLibc, 'recvmsg' | 'batch'>,
    fd: number,
    memory: Uint8Array,
    at: number,
    slots: number,
    batch: boolean,
  ) {
    this.#libc = libc;
    this.#fd = fd;
    this.#slots = slots;
    this.#at = at;
    this.#batch = batch && libc.batch !== undefined;
    this.names = fixedMemory(slots * NAME_STRIDE);
    const headers = fixedMemory(slots * MSGHDR_X.size);
    this.vectors = fixedMemory(slots * IOVEC.size);
    this.#controlOctets = fixedMemory(slots * CONTROL_STRIDE);
    this.#control = new DataView(this.#controlOctets.buffer as ArrayBuffer);
    this.#headers = new DataView(headers.buffer);
    this.#headersAt = addressOf(headers);
    const vectorsView = new DataView(this.vectors.buffer as ArrayBuffer);
    const [namesAt, vectorsAt] = [addressOf(this.names), addressOf(this.vectors)];
    const [controlAt, memoryAt] = [addressOf(this.#controlOctets), addressOf(memory)];
    for (let i = 0; i < slots; i++) {
      const header = i * MSGHDR_X.size;
      const pointer = (field: number, value: Address): void =>
        this.#headers.setBigUint64(header + field, BigInt(value), true);
      pointer(MSGHDR_X.name, namesAt + i * NAME_STRIDE);
      pointer(MSGHDR_X.iov, vectorsAt + i * IOVEC.size);
      this.#headers.setInt32(header + MSGHDR_X.iovlen, 1, true);
      pointer(MSGHDR_X.control, controlAt + i * CONTROL_STRIDE);
      vectorsView.setBigUint64(i * IOVEC.size + IOVEC.base, BigInt(memoryAt + this.atOf(i)), true);
      vectorsView.setBigUint64(i * IOVEC.size + IOVEC.len, BigInt(LARGEST_PACKET), true);
    }
    this.rearm(slots);
  }

  receive(): number {
    const { batch } = this.#libc;
    if (this.#batch && batch) return batch.recvmsg(this.#fd, this.#headersAt, this.#slots, MSG_DONTWAIT);
    // The header of one message is the beginning of that of a batch, which alone has a length.
    let count = 0;
    for (; count < this.#slots; count++) {
      const header = count * MSGHDR_X.size;
      const length = this.#libc.recvmsg(this.#fd, this.#headersAt + header, MSG_DONTWAIT);
      if (length < 0) break;
      this.#headers.setUint32(header + MSGHDR_X.datalen, length, true);
    }
    return count;
  }

  rearm(count: number): void {
    for (let i = 0; i < count; i++) {
      const header = i * MSGHDR_X.size;
      this.#headers.setUint32(header + MSGHDR_X.namelen, SOCKADDR_IN6.size, true);
      this.#headers.setUint32(header + MSGHDR_X.controllen, CONTROL_STRIDE, true);
      this.#headers.setInt32(header + MSGHDR_X.flags, 0, true);
      this.#headers.setUint32(header + MSGHDR_X.datalen, 0, true);
    }
  }

  atOf(slot: number): number {
    return this.#at + slot * STRIDE + HEADROOM;
  }

  lengthOf(slot: number): number {
    return this.#headers.getUint32(slot * MSGHDR_X.size + MSGHDR_X.datalen, true);
  }

  nameAt(slot: number): number {
    return slot * NAME_STRIDE;
  }

  inspect(slot: number): void {
    this.size = this.lengthOf(slot);
    // That of an IPv4 datagram is told as an IPv6 one's, since the socket is an IPv6 one.
    const at = this.#find(slot, IPV6.TCLASS, 4);
    this.trafficClass = at < 0 ? -1 : this.#control.getUint8(at);
  }

  localAddress(slot: number): Uint8Array | undefined {
    const at = this.#find(slot, IPV6.PKTINFO, IN6_PKTINFO.size);
    return at < 0 ? undefined : this.#controlOctets.subarray(at, at + 16);
  }

  /** Where the data of one of IPv6's control messages is, or -1. */
  #find(slot: number, wanted: number, length: number): number {
    const control = this.#control;
    const filled = this.#headers.getUint32(slot * MSGHDR_X.size + MSGHDR_X.controllen, true);
    let at = slot * CONTROL_STRIDE;
    const end = at + Math.min(filled, CONTROL_STRIDE);
    while (at + CMSGHDR.size <= end) {
      const whole = control.getUint32(at, true);
      if (whole < CMSGHDR.size || at + whole > end) return -1;
      const level = control.getInt32(at + CMSGHDR.level, true);
      const type = control.getInt32(at + CMSGHDR.type, true);
      if (level === IPPROTO_IPV6 && type === wanted && whole >= CMSGHDR.size + length)
        return at + CMSGHDR.size;
      at += (whole + 3) & ~3;
    }
    return -1;
  }
}
