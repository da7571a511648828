/**
 * Puts packets of one flow that follow each other together into one super-packet for the tun, the reverse of
 * `super-packet.ts`. Packets join when taking the result apart again would give the same packets: same addresses,
 * ports, hop limit, traffic class, DF; for TCP the same acknowledgement, window, options and flags, sequence numbers
 * without a gap; payloads of one size of which the last may be shorter. PSH ends a super-packet. Checksums are
 * verified first, since the result is declared as good: a packet with a wrong one goes on alone, for the host to judge.
 *
 * Payloads stay where they are: the tun takes a list of vectors. Packets of a flow keep their order; packets of
 * different flows may change theirs within a batch.
 */
import { readU16, readU32, writeU16 } from '../../base/bytes.ts';
import { foldChecksum, foldSum } from '../../base/internet-checksum.ts';
import { type InnerHeader, IpProtocol } from '../../esp/inner.ts';
import { IOVEC, VIRTIO_NET_HDR, VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO } from '../../os/ffi/abi.ts';
import { type Address, addressOf, fixedMemory } from '../../os/ffi/libc.linux.ts';
import { LARGEST_PACKET } from '../room.ts';
import type { PacketMemory } from './sum-kernel.ts';

/** Where the merger puts what is ready; see `host-writer.ts`. */
export interface PacketWriter {
  write(at: number, length: number): void;
  writeVectors(vectors: Address, count: number, packets: number): void;
}

/** Flows that may be open at once; a power of two. Two flows of one slot push each other out. */
const FLOWS = 128;
/** Packets that one super-packet stands for. */
const MOST_PACKETS = 128;
/** UDP_MAX_SEGMENTS of the kernels before 6.9. */
const MOST_DATAGRAMS = 64;

const TCP_FIXED = 20;
const UDP_HEADER = 8;
const PSH = 0x08;
const ACK = 0x10;
const ECE = 0x40;

/** Fields of an open flow, one array element each. */
const HEAD = 0;
const HEAD_LENGTH = 1;
/** IP and transport headers. */
const HEADERS = 2;
const TRANSPORT = 3;
/** Payload of every packet but the last. */
const SIZE = 4;
const NEXT = 5;
/** 0 while the slot is free. */
const COUNT = 6;
const TOTAL = 7;
const CLOSED = 8;
const PUSHED = 9;
/** 0 before the first packet's checksum is looked at, 1 once it is right, -1 when it is wrong. */
const VERIFIED = 10;
/** Sum of the addresses and the protocol. */
const PSEUDO = 11;
const FIELDS = 12;

export class Merger {
  readonly #memory: PacketMemory;
  readonly #octets: Uint8Array;
  readonly #octetsAt: Address;
  readonly #writer: PacketWriter;
  readonly #mergesUdp: boolean;
  readonly #flows = new Int32Array(FLOWS * FIELDS);
  /** Slots in the order in which their flows were opened; some may have been flushed since. */
  readonly #order = new Int32Array(4 * FLOWS);
  #opened = 0;
  readonly #vectors: Uint32Array;
  readonly #vectorsAt: Address;

  constructor(memory: PacketMemory, writer: PacketWriter, mergesUdp: boolean) {
    this.#memory = memory;
    this.#octets = memory.octets;
    this.#octetsAt = addressOf(memory.octets);
    this.#writer = writer;
    this.#mergesUdp = mergesUdp;
    const vectors = fixedMemory(FLOWS * MOST_PACKETS * IOVEC.size);
    this.#vectors = new Uint32Array(vectors.buffer);
    this.#vectorsAt = addressOf(vectors);
  }

  /**
   * Takes the packet that `inner` describes, at `at`; it must stay there until {@link flush}. The octets of a virtio
   * header before it are the merger's.
   */
  add(inner: InnerHeader, at: number): void {
    if (!this.#isCandidate(inner, at)) {
      // It may belong to an open flow, and must not overtake that: a fragment to any.
      if (this.#merges(inner.protocol) || inner.laterFragment || inner.firstFragment) this.flush();
      this.#writer.write(at, inner.length);
      return;
    }
    const slot = this.#slotOf(inner);
    const flow = slot * FIELDS;
    if ((this.#flows[flow + COUNT] as number) > 0) {
      if (this.#isFlow(flow, inner, at) && this.#join(slot, flow, inner, at)) return;
      this.#close(slot);
    }
    this.#open(slot, flow, inner, at);
  }

  /** Hands everything on. */
  flush(): void {
    for (let i = 0; i < this.#opened; i++) {
      const slot = this.#order[i] as number;
      if ((this.#flows[slot * FIELDS + COUNT] as number) > 0) this.#close(slot);
    }
    this.#opened = 0;
  }

  #isCandidate(inner: InnerHeader, at: number): boolean {
    if (inner.laterFragment || inner.firstFragment) return false;
    const transport = inner.transportAt - at;
    if (transport !== (inner.version === 4 ? 20 : 40)) return false;
    // The header is written anew, and must not become right by that.
    if (inner.version === 4 && this.#memory.sum(at, 20) !== 0xffff) return false;
    const rest = inner.length - transport;
    return (
      this.#merges(inner.protocol) && rest >= (inner.protocol === IpProtocol.TCP ? TCP_FIXED : UDP_HEADER)
    );
  }

  #merges(protocol: number): boolean {
    return protocol === IpProtocol.TCP || (this.#mergesUdp && protocol === IpProtocol.UDP);
  }

  #slotOf(inner: InnerHeader): number {
    const octets = this.#octets;
    let hash = (inner.sourcePort << 16) ^ inner.destinationPort ^ (inner.protocol << 8);
    const end = inner.sourceAt + 2 * inner.addressLength;
    for (let at = inner.sourceAt; at < end; at += 4)
      hash = Math.imul(hash ^ readU32(octets, at), 0x9e3779b1) ^ (hash >>> 13);
    return (Math.imul(hash, 0x85ebca6b) >>> 24) & (FLOWS - 1);
  }

  /** Whether the packet has the addresses, ports and protocol of the open flow. */
  #isFlow(flow: number, inner: InnerHeader, at: number): boolean {
    const octets = this.#octets;
    const head = this.#flows[flow + HEAD] as number;
    if (((octets[head] as number) ^ (octets[at] as number)) >>> 4 !== 0) return false;
    const protocol = inner.version === 4 ? 9 : 6;
    if (octets[head + protocol] !== octets[at + protocol]) return false;
    // Addresses, then ports, which stand behind the addresses where there are no options.
    const from = inner.sourceAt - at;
    return same(octets, head + from, at + from, 2 * inner.addressLength + 4);
  }

  #open(slot: number, flow: number, inner: InnerHeader, at: number): void {
    const octets = this.#octets;
    const flows = this.#flows;
    const transport = inner.transportAt - at;
    let headers = transport + UDP_HEADER;
    let next = 0;
    if (inner.protocol === IpProtocol.TCP) {
      const tcp = inner.transportAt;
      headers = transport + ((octets[tcp + 12] as number) >>> 4) * 4;
      const flags = octets[tcp + 13] as number;
      // Nothing may follow PSH, and what opens, ends or signals travels alone.
      if ((flags & ~ECE) !== ACK || headers < transport + TCP_FIXED || headers >= inner.length) {
        this.#writer.write(at, inner.length);
        return;
      }
      next = (readU32(octets, tcp + 4) + inner.length - headers) | 0;
    } else if (!isWholeUdp(octets, inner, transport)) {
      this.#writer.write(at, inner.length);
      return;
    }
    const size = inner.length - headers;
    flows[flow + HEAD] = at;
    flows[flow + HEAD_LENGTH] = inner.length;
    flows[flow + HEADERS] = headers;
    flows[flow + TRANSPORT] = transport;
    flows[flow + SIZE] = size;
    flows[flow + NEXT] = next;
    flows[flow + COUNT] = 1;
    flows[flow + TOTAL] = size;
    flows[flow + CLOSED] = 0;
    flows[flow + PUSHED] = 0;
    flows[flow + VERIFIED] = 0;
    flows[flow + PSEUDO] = this.#memory.sum(inner.sourceAt, 2 * inner.addressLength) + inner.protocol;
    if (this.#opened === this.#order.length) this.#compact(slot);
    this.#order[this.#opened++] = slot;
  }

  /** Makes room in the order by handing on whatever is open but the newest. */
  #compact(newest: number): void {
    const count = this.#flows[newest * FIELDS + COUNT] as number;
    this.#flows[newest * FIELDS + COUNT] = 0;
    this.flush();
    this.#flows[newest * FIELDS + COUNT] = count;
  }

  /** Appends the packet to its flow, if it is the one that must come next. */
  #join(slot: number, flow: number, inner: InnerHeader, at: number): boolean {
    const flows = this.#flows;
    const headers = flows[flow + HEADERS] as number;
    const size = inner.length - headers;
    const count = flows[flow + COUNT] as number;
    if (
      flows[flow + CLOSED] !== 0 ||
      size <= 0 ||
      size > (flows[flow + SIZE] as number) ||
      headers + (flows[flow + TOTAL] as number) + size > LARGEST_PACKET ||
      !this.#sameNetworkHeader(flow, inner, at)
    )
      return false;
    if (inner.protocol === IpProtocol.TCP) {
      if (count === MOST_PACKETS || !this.#nextInTcp(flow, inner, headers)) return false;
    } else if (
      count === MOST_DATAGRAMS ||
      !isWholeUdp(this.#octets, inner, flows[flow + TRANSPORT] as number)
    )
      return false;
    if (!this.#headIsSound(flow) || !this.#isSound(flow, inner.transportAt, at + inner.length)) return false;
    if (inner.protocol === IpProtocol.TCP && ((this.#octets[inner.transportAt + 13] as number) & PSH) !== 0) {
      flows[flow + PUSHED] = 1;
      flows[flow + CLOSED] = 1;
    }
    if (size < (flows[flow + SIZE] as number)) flows[flow + CLOSED] = 1;
    this.#setVector(slot * MOST_PACKETS + count, at + headers, size);
    flows[flow + COUNT] = count + 1;
    flows[flow + TOTAL] = (flows[flow + TOTAL] as number) + size;
    flows[flow + NEXT] = ((flows[flow + NEXT] as number) + size) | 0;
    return true;
  }

  #sameNetworkHeader(flow: number, inner: InnerHeader, at: number): boolean {
    const octets = this.#octets;
    const head = this.#flows[flow + HEAD] as number;
    if (inner.version === 6) return same(octets, head, at, 4) && octets[head + 7] === octets[at + 7];
    if (octets[head + 1] !== octets[at + 1] || octets[head + 8] !== octets[at + 8]) return false;
    const flags = octets[at + 6] as number;
    if (octets[head + 6] !== flags) return false;
    // With DF the identification means nothing (RFC 6864 §4.1); without, it must be what splitting would give.
    const expected = (readU16(octets, head + 4) + (this.#flows[flow + COUNT] as number)) & 0xffff;
    return (flags & 0x40) !== 0 || readU16(octets, at + 4) === expected;
  }

  #nextInTcp(flow: number, inner: InnerHeader, headers: number): boolean {
    const octets = this.#octets;
    const tcp = inner.transportAt;
    const transport = this.#flows[flow + TRANSPORT] as number;
    const head = (this.#flows[flow + HEAD] as number) + transport;
    return (
      (readU32(octets, tcp + 4) | 0) === this.#flows[flow + NEXT] &&
      // Acknowledgement, offset.
      same(octets, head + 8, tcp + 8, 5) &&
      octets[head + 13] === ((octets[tcp + 13] as number) & ~PSH) &&
      // Window; urgent pointer and options.
      same(octets, head + 14, tcp + 14, 2) &&
      same(octets, head + 18, tcp + 18, headers - transport - 18)
    );
  }

  #headIsSound(flow: number): boolean {
    const flows = this.#flows;
    if (flows[flow + VERIFIED] === 0) {
      const head = flows[flow + HEAD] as number;
      const end = head + (flows[flow + HEAD_LENGTH] as number);
      flows[flow + VERIFIED] = this.#isSound(flow, head + (flows[flow + TRANSPORT] as number), end) ? 1 : -1;
    }
    return flows[flow + VERIFIED] === 1;
  }

  #isSound(flow: number, transportAt: number, end: number): boolean {
    const length = end - transportAt;
    return (
      foldSum((this.#flows[flow + PSEUDO] as number) + length + this.#memory.sum(transportAt, length)) ===
      0xffff
    );
  }

  /** Hands the flow on and frees its slot. */
  #close(slot: number): void {
    const flow = slot * FIELDS;
    const flows = this.#flows;
    const count = flows[flow + COUNT] as number;
    const head = flows[flow + HEAD] as number;
    const headLength = flows[flow + HEAD_LENGTH] as number;
    flows[flow + COUNT] = 0;
    if (count === 1) {
      this.#writer.write(head, headLength);
      return;
    }
    this.#finishHead(flow, head);
    this.#setVector(slot * MOST_PACKETS, head - VIRTIO_NET_HDR.size, VIRTIO_NET_HDR.size + headLength);
    this.#writer.writeVectors(this.#vectorsAt + slot * MOST_PACKETS * IOVEC.size, count, count);
  }

  /** Turns the first packet's headers into those of the super-packet. */
  #finishHead(flow: number, head: number): void {
    const octets = this.#octets;
    const flows = this.#flows;
    const headers = flows[flow + HEADERS] as number;
    const transport = flows[flow + TRANSPORT] as number;
    const length = headers + (flows[flow + TOTAL] as number);
    const version4 = (octets[head] as number) >>> 4 === 4;
    if (version4) {
      writeU16(octets, head + 2, length);
      writeU16(octets, head + 10, 0);
      writeU16(octets, head + 10, foldChecksum(this.#memory.sum(head, transport)));
    } else writeU16(octets, head + 4, length - transport);
    const tcp = octets[head + (version4 ? 9 : 6)] === IpProtocol.TCP;
    const at = head + transport;
    if (flows[flow + PUSHED] !== 0) octets[at + 13] = (octets[at + 13] as number) | PSH;
    if (!tcp) writeU16(octets, at + 4, length - transport);
    // The pseudo-header's part; the rest is for whoever needs the checksum.
    writeU16(octets, at + (tcp ? 16 : 6), foldSum((flows[flow + PSEUDO] as number) + length - transport));
    const header = head - VIRTIO_NET_HDR.size;
    octets[header + VIRTIO_NET_HDR.flags] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    octets[header + VIRTIO_NET_HDR.gsoType] = !tcp
      ? VIRTIO_NET_HDR_GSO.UDP_L4
      : version4
        ? VIRTIO_NET_HDR_GSO.TCPV4
        : VIRTIO_NET_HDR_GSO.TCPV6;
    writeHostWord(octets, header + VIRTIO_NET_HDR.hdrLen, headers);
    writeHostWord(octets, header + VIRTIO_NET_HDR.gsoSize, flows[flow + SIZE] as number);
    writeHostWord(octets, header + VIRTIO_NET_HDR.csumStart, transport);
    writeHostWord(octets, header + VIRTIO_NET_HDR.csumOffset, tcp ? 16 : 6);
  }

  #setVector(which: number, at: number, length: number): void {
    const address = this.#octetsAt + at;
    const word = (which * IOVEC.size) / 4;
    this.#vectors[word] = address;
    this.#vectors[word + 1] = address / 0x1_0000_0000;
    this.#vectors[word + 2] = length;
  }
}

function same(octets: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (octets[a + i] !== octets[b + i]) return false;
  return true;
}

/** Whether a UDP header tells the length that the packet has, and has a checksum, which alone could be restored. */
function isWholeUdp(octets: Uint8Array, inner: InnerHeader, transport: number): boolean {
  const udp = inner.transportAt;
  return (
    readU16(octets, udp + 4) === inner.length - transport &&
    readU16(octets, udp + 6) !== 0 &&
    inner.length > transport + UDP_HEADER
  );
}

/** The tun's byte order is the machine's, which is little-endian wherever this runs. */
function writeHostWord(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
}
