/**
 * A packet as the tun hands it over with a virtio header: whole, whole but for its checksum, or a super-packet of TCP
 * (RFC 9293) or UDP that stands for many. Takes it apart into the packets it stands for, as the kernel would have
 * done (Documentation/networking/segmentation-offloads.rst):
 *
 * - IPv4 identification counts up from the first; lengths and checksums are each packet's own.
 * - TCP sequence numbers go on; FIN and PSH stay on the last packet, CWR on the first.
 *
 * Total: any octets give packets or a refusal, and nothing throws. Nothing is allocated per packet.
 */
import { readU16, readU32, writeU16, writeU32 } from '../../base/bytes.ts';
import { foldChecksum } from '../../base/internet-checksum.ts';
import { type InnerHeader, IpProtocol } from '../../esp/inner.ts';
import { VIRTIO_NET_HDR, VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO } from '../../os/ffi/abi.ts';
import type { PacketMemory } from './sum-kernel.ts';

const TCP_HEADER = 20;
const UDP_HEADER = 8;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;
const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;

/** What a UDP checksum of zero is written as (RFC 768): zero itself means none. */
const notZero = (checksum: number): number => (checksum === 0 ? 0xffff : checksum);

export class SuperPacket {
  readonly #memory: PacketMemory;
  readonly #octets: Uint8Array;
  /** Of the packet that was last read: where it begins, behind the virtio header, and its octets. */
  at = 0;
  length = 0;
  /** Packets that it stands for. */
  count = 0;
  #kind: number = VIRTIO_NET_HDR_GSO.NONE;
  #size = 0;
  #checksumStart = 0;
  #checksumOffset = 0;
  #unfinished = false;
  #transport = 0;
  #headerLength = 0;
  #identification = 0;
  #sequence = 0;
  #flags = 0;
  /** Sums of what does not change from packet to packet. */
  #ipSum = 0;
  #transportSum = 0;

  constructor(memory: PacketMemory) {
    this.#memory = memory;
    this.#octets = memory.octets;
  }

  /** Reads the virtio header at `at`, with `length` octets in all. False when they cannot be right. */
  read(at: number, length: number): boolean {
    const octets = this.#octets;
    if (length < VIRTIO_NET_HDR.size) return false;
    this.at = at + VIRTIO_NET_HDR.size;
    this.length = length - VIRTIO_NET_HDR.size;
    // The tun's byte order is the machine's, which is little-endian wherever this runs.
    const word = (field: number): number =>
      (octets[at + field] as number) | ((octets[at + field + 1] as number) << 8);
    this.#kind = (octets[at + VIRTIO_NET_HDR.gsoType] as number) & ~VIRTIO_NET_HDR_GSO.ECN;
    this.#size = word(VIRTIO_NET_HDR.gsoSize);
    this.#checksumStart = word(VIRTIO_NET_HDR.csumStart);
    this.#checksumOffset = word(VIRTIO_NET_HDR.csumOffset);
    this.#unfinished = ((octets[at + VIRTIO_NET_HDR.flags] as number) & VIRTIO_NET_HDR_F_NEEDS_CSUM) !== 0;
    this.count = 1;
    return !this.#unfinished || this.#checksumStart + this.#checksumOffset + 2 <= this.length;
  }

  /** A packet without a virtio header. */
  readBare(at: number, length: number): void {
    this.at = at;
    this.length = length;
    this.count = 1;
    this.#kind = VIRTIO_NET_HDR_GSO.NONE;
    this.#unfinished = false;
  }

  /**
   * Prepares to take the packet apart, once `inner` describes it. False when it is not what its virtio header says.
   */
  split(inner: InnerHeader): boolean {
    this.length = inner.length;
    if (this.#kind === VIRTIO_NET_HDR_GSO.NONE)
      return !this.#unfinished || this.#checksumStart + this.#checksumOffset + 2 <= inner.length;
    const udp = this.#kind === VIRTIO_NET_HDR_GSO.UDP_L4;
    const transport = inner.transportAt - this.at;
    if (
      inner.laterFragment ||
      inner.firstFragment ||
      inner.protocol !== (udp ? IpProtocol.UDP : IpProtocol.TCP) ||
      !this.#kindFits(inner.version) ||
      this.#size === 0 ||
      transport + (udp ? UDP_HEADER : TCP_HEADER) > inner.length
    )
      return false;
    const dataOffset = ((this.#octets[inner.transportAt + 12] as number) >>> 4) * 4;
    const transportHeader = udp ? UDP_HEADER : dataOffset;
    this.#transport = transport;
    this.#headerLength = transport + transportHeader;
    if (transportHeader < (udp ? UDP_HEADER : TCP_HEADER) || this.#headerLength >= inner.length) return false;
    this.count = Math.ceil((inner.length - this.#headerLength) / this.#size);
    this.#sumHeaders(inner, udp);
    return true;
  }

  /** Octets of the i-th packet. */
  lengthOf(i: number): number {
    if (this.#kind === VIRTIO_NET_HDR_GSO.NONE) return this.length;
    const done = i * this.#size;
    return this.#headerLength + Math.min(this.#size, this.length - this.#headerLength - done);
  }

  /** Writes the i-th packet, complete, to `to`, which does not overlap with the super-packet. */
  write(i: number, to: number): void {
    if (this.#kind === VIRTIO_NET_HDR_GSO.NONE) this.#writeWhole(to);
    else this.#writeSegment(i, to);
  }

  #kindFits(version: 4 | 6): boolean {
    if (this.#kind === VIRTIO_NET_HDR_GSO.TCPV4) return version === 4;
    if (this.#kind === VIRTIO_NET_HDR_GSO.TCPV6) return version === 6;
    return this.#kind === VIRTIO_NET_HDR_GSO.UDP_L4;
  }

  #sumHeaders(inner: InnerHeader, udp: boolean): void {
    const octets = this.#octets;
    const { at } = this;
    const { transportAt } = inner;
    if (inner.version === 4) {
      this.#identification = readU16(octets, at + 4);
      this.#ipSum =
        this.#memory.sum(at, this.#transport) +
        sumWithout(readU16(octets, at + 2)) +
        sumWithout(this.#identification) +
        sumWithout(readU16(octets, at + 10));
    }
    const pseudo = this.#memory.sum(inner.sourceAt, 2 * inner.addressLength) + inner.protocol;
    const header = this.#memory.sum(transportAt, this.#headerLength - this.#transport);
    if (udp) {
      const changing =
        sumWithout(readU16(octets, transportAt + 4)) +
        sumWithout(readU16(octets, transportAt + UDP_CHECKSUM));
      this.#transportSum = pseudo + header + changing;
      return;
    }
    this.#sequence = readU32(octets, transportAt + 4);
    this.#flags = octets[transportAt + 13] as number;
    this.#transportSum =
      pseudo +
      header +
      sumWithout(this.#sequence >>> 16) +
      sumWithout(this.#sequence & 0xffff) +
      sumWithout(this.#flags) +
      sumWithout(readU16(octets, transportAt + TCP_CHECKSUM));
  }

  #writeWhole(to: number): void {
    const { length } = this;
    if (!this.#unfinished) {
      this.#memory.copySum(to, this.at, length);
      return;
    }
    // The checksum field holds the pseudo-header's sum already.
    const start = this.#checksumStart;
    this.#memory.copySum(to, this.at, start);
    const sum = this.#memory.copySum(to + start, this.at + start, length - start);
    // Another checksum than UDP's may just as well be written so: it means the same there.
    writeU16(this.#octets, to + start + this.#checksumOffset, notZero(foldChecksum(sum)));
  }

  #writeSegment(i: number, to: number): void {
    const octets = this.#octets;
    const memory = this.#memory;
    const headerLength = this.#headerLength;
    const done = i * this.#size;
    const length = this.lengthOf(i);
    const payload = memory.copySum(to + headerLength, this.at + headerLength + done, length - headerLength);
    memory.copySum(to, this.at, headerLength);
    if ((octets[to] as number) >>> 4 === 4) {
      const identification = (this.#identification + i) & 0xffff;
      writeU16(octets, to + 2, length);
      writeU16(octets, to + 4, identification);
      writeU16(octets, to + 10, foldChecksum(this.#ipSum + length + identification));
    } else writeU16(octets, to + 4, length - 40);
    const transport = to + this.#transport;
    const transportLength = length - this.#transport;
    if (this.#kind === VIRTIO_NET_HDR_GSO.UDP_L4) {
      writeU16(octets, transport + 4, transportLength);
      // Once for the pseudo-header, once for the header.
      const sum = this.#transportSum + 2 * transportLength + payload;
      writeU16(octets, transport + UDP_CHECKSUM, notZero(foldChecksum(sum)));
      return;
    }
    const sequence = (this.#sequence + done) >>> 0;
    let flags = this.#flags;
    if (i > 0) flags &= ~CWR;
    if (i < this.count - 1) flags &= ~(FIN | PSH);
    writeU32(octets, transport + 4, sequence);
    octets[transport + 13] = flags;
    const sum =
      this.#transportSum + transportLength + (sequence >>> 16) + (sequence & 0xffff) + flags + payload;
    writeU16(octets, transport + TCP_CHECKSUM, foldChecksum(sum));
  }
}

/** What takes a 16-bit word out of a ones' complement sum again. */
const sumWithout = (word: number): number => ~word & 0xffff;
