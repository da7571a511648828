/**
 * A batch of datagrams in fixed memory, laid out for `recvmmsg` and `sendmmsg`: one arena of equal strides, and for
 * each slot a header, one I/O vector, an address and room for one control message.
 */
import { CMSGHDR, IN6_PKTINFO, IOVEC, IPPROTO_IPV6, IPV6, MMSGHDR, SOCKADDR_IN6 } from '../os/ffi/abi.ts';
import { type Address, addressOf, fixedMemory } from '../os/ffi/libc.linux.ts';
import { HEADROOM, TAILROOM } from './pump.ts';

export const LARGEST_DATAGRAM = 65535;
/** Headroom, the largest packet, tailroom, rounded up to a cache line. */
export const STRIDE: number = (HEADROOM + LARGEST_DATAGRAM + TAILROOM + 64) & ~63;
const NAME_STRIDE = 32;
const CONTROL_STRIDE = 64;

const WORDS = MMSGHDR.size / 4;
const NAMELEN_WORD = MMSGHDR.namelen / 4;
const CONTROLLEN_WORD = MMSGHDR.controllen / 4;
const LEN_WORD = MMSGHDR.len / 4;

export class DatagramBatch {
  readonly size: number;
  readonly arena: Uint8Array;
  readonly arenaAt: Address;
  /** Addresses, one every 32 octets, as `struct sockaddr_in6`. */
  readonly names: Uint8Array;
  readonly headersAt: Address;
  readonly #headers: Uint32Array;
  readonly #vectors: Uint32Array;
  readonly #control: Uint8Array;
  readonly #controlView: DataView;

  constructor(size: number, receives: boolean) {
    this.size = size;
    this.arena = fixedMemory(size * STRIDE);
    this.arenaAt = addressOf(this.arena);
    this.names = fixedMemory(size * NAME_STRIDE);
    const headers = fixedMemory(size * MMSGHDR.size);
    const vectors = fixedMemory(size * IOVEC.size);
    this.#control = fixedMemory(size * CONTROL_STRIDE);
    this.#controlView = new DataView(this.#control.buffer as ArrayBuffer);
    this.headersAt = addressOf(headers);
    this.#headers = new Uint32Array(headers.buffer);
    this.#vectors = new Uint32Array(vectors.buffer);
    const view = new DataView(headers.buffer);
    const [namesAt, vectorsAt, controlAt] = [
      addressOf(this.names),
      addressOf(vectors),
      addressOf(this.#control),
    ];
    for (let i = 0; i < size; i++) {
      const at = i * MMSGHDR.size;
      const pointer = (field: number, value: Address): void =>
        view.setBigUint64(at + field, BigInt(value), true);
      pointer(MMSGHDR.name, namesAt + i * NAME_STRIDE);
      view.setUint32(at + MMSGHDR.namelen, SOCKADDR_IN6.size, true);
      pointer(MMSGHDR.iov, vectorsAt + i * IOVEC.size);
      pointer(MMSGHDR.iovlen, 1);
      if (receives) pointer(MMSGHDR.control, controlAt + i * CONTROL_STRIDE);
      this.setVector(i, i * STRIDE + HEADROOM, LARGEST_DATAGRAM);
    }
  }

  nameAt(slot: number): number {
    return slot * NAME_STRIDE;
  }

  /** Octets received in a slot. */
  length(slot: number): number {
    return this.#headers[slot * WORDS + LEN_WORD] as number;
  }

  /** Restores what the last `recvmmsg` has overwritten in the first `count` slots. */
  rearm(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#headers[i * WORDS + NAMELEN_WORD] = SOCKADDR_IN6.size;
      this.#headers[i * WORDS + CONTROLLEN_WORD] = CONTROL_STRIDE;
    }
  }

  /** Points a slot's vector at `length` octets from `at` in the arena. */
  setVector(slot: number, at: number, length: number): void {
    const address = this.arenaAt + at;
    const word = (slot * IOVEC.size) / 4;
    this.#vectors[word] = address % 0x1_0000_0000;
    this.#vectors[word + 1] = Math.floor(address / 0x1_0000_0000);
    this.#vectors[word + 2] = length;
  }

  setName(slot: number, sockaddr: Uint8Array, family: number): void {
    const at = slot * NAME_STRIDE;
    this.names.set(sockaddr, at);
    this.names[at] = family;
  }

  /** The local address of a received datagram as sixteen octets, `undefined` when the kernel did not tell. */
  localAddress(slot: number): Uint8Array | undefined {
    const at = slot * CONTROL_STRIDE;
    const filled = this.#headers[slot * WORDS + CONTROLLEN_WORD] as number;
    if (filled < CMSGHDR.size + IN6_PKTINFO.size) return undefined;
    const level = this.#controlView.getInt32(at + CMSGHDR.level, true);
    const type = this.#controlView.getInt32(at + CMSGHDR.type, true);
    if (level !== IPPROTO_IPV6 || type !== IPV6.PKTINFO) return undefined;
    return this.#control.subarray(at + CMSGHDR.size, at + CMSGHDR.size + 16);
  }
}
