/**
 * Super-packets for the tests, and the plain way to take them apart: slow, readable and written from the kernel's
 * description, to hold the data path's against.
 */
import fc from 'fast-check';
import { readU16, readU32, writeU16, writeU32 } from '../../../../../engine/base/bytes.ts';
import { foldChecksum, foldSum, sumOctets } from '../../../../../engine/base/internet-checksum.ts';

const TCP = 6;
const UDP = 17;
export const VIRTIO = 10;
export const FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

/** What a packet is made from. */
export interface Wish {
  readonly version: 4 | 6;
  readonly protocol: 'tcp' | 'udp';
  readonly source: number;
  readonly destination: number;
  readonly ports: readonly [number, number];
  readonly trafficClass: number;
  readonly hopLimit: number;
  readonly dontFragment: boolean;
  readonly identification: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly window: number;
  readonly flags: number;
  /** A multiple of four octets. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

const address = (version: 4 | 6, last: number): Uint8Array => {
  const out = new Uint8Array(version === 4 ? 4 : 16);
  out.set(version === 4 ? [10, 1] : [0xfd, 1]);
  out[out.length - 1] = last;
  return out;
};

const headerLength = (wish: Wish): number => (wish.version === 4 ? 20 : 40);
const transportHeader = (wish: Wish): number => (wish.protocol === 'udp' ? 8 : 20 + wish.options.length);

/** The folded sum of the pseudo-header (RFC 9293 §3.1, RFC 768, RFC 8200 §8.1). */
function pseudoSum(packet: Uint8Array, transport: number): number {
  const v4 = (packet[0] as number) >>> 4 === 4;
  const protocol = packet[v4 ? 9 : 6] as number;
  const sum = v4 ? sumOctets(packet, 12, 8) : sumOctets(packet, 8, 32);
  return sum + protocol + (packet.length - transport);
}

/** The packet with right checksums, however long it is. */
export function build(wish: Wish): Uint8Array {
  const transport = headerLength(wish);
  const headers = transport + transportHeader(wish);
  const out = new Uint8Array(headers + wish.payload.length);
  const protocol = wish.protocol === 'tcp' ? TCP : UDP;
  if (wish.version === 4) {
    out[0] = 0x45;
    out[1] = wish.trafficClass;
    writeU16(out, 2, out.length);
    writeU16(out, 4, wish.identification);
    out[6] = wish.dontFragment ? 0x40 : 0;
    out[8] = wish.hopLimit;
    out[9] = protocol;
    out.set(address(4, wish.source), 12);
    out.set(address(4, wish.destination), 16);
  } else {
    writeU32(out, 0, 0x60000000 | (wish.trafficClass << 20) | 0x12345);
    writeU16(out, 4, out.length - 40);
    out[6] = protocol;
    out[7] = wish.hopLimit;
    out.set(address(6, wish.source), 8);
    out.set(address(6, wish.destination), 24);
  }
  writeU16(out, transport, wish.ports[0]);
  writeU16(out, transport + 2, wish.ports[1]);
  if (wish.protocol === 'tcp') {
    writeU32(out, transport + 4, wish.sequence);
    writeU32(out, transport + 8, wish.acknowledgement);
    out[transport + 12] = ((20 + wish.options.length) / 4) << 4;
    out[transport + 13] = wish.flags;
    writeU16(out, transport + 14, wish.window);
    out.set(wish.options, transport + 20);
  } else writeU16(out, transport + 4, out.length - transport);
  out.set(wish.payload, headers);
  finish(out, transport);
  return out;
}

/** Writes both checksums, which may hold anything before. */
function finish(packet: Uint8Array, transport: number): void {
  const v4 = (packet[0] as number) >>> 4 === 4;
  if (v4) {
    writeU16(packet, 10, 0);
    writeU16(packet, 10, foldChecksum(sumOctets(packet, 0, 20)));
  }
  const udp = packet[v4 ? 9 : 6] === UDP;
  const at = transport + (udp ? 6 : 16);
  writeU16(packet, at, 0);
  const checksum = foldChecksum(
    sumOctets(packet, transport, packet.length - transport, pseudoSum(packet, transport)),
  );
  writeU16(packet, at, udp && checksum === 0 ? 0xffff : checksum);
}

/** As the tun hands it over: a virtio header, and of the transport's checksum the pseudo-header's part alone. */
export function superPacket(wish: Wish, size: number): Uint8Array {
  const packet = build(wish);
  const transport = headerLength(wish);
  const out = new Uint8Array(VIRTIO + packet.length);
  const view = new DataView(out.buffer);
  const udp = wish.protocol === 'udp';
  out.set(packet, VIRTIO);
  writeU16(out, VIRTIO + transport + (udp ? 6 : 16), foldSum(pseudoSum(packet, transport)));
  out[0] = 1;
  out[1] = udp ? 5 : wish.version === 4 ? 1 : 4;
  view.setUint16(2, transport + transportHeader(wish), true);
  view.setUint16(4, size, true);
  view.setUint16(6, transport, true);
  view.setUint16(8, udp ? 6 : 16, true);
  return out;
}

/** Takes what the tun handed over, or is to be given, apart: one whole packet at least. */
export function takeApart(octets: Uint8Array): Uint8Array[] {
  const view = new DataView(octets.buffer, octets.byteOffset);
  const packet = octets.slice(VIRTIO);
  const kind = (octets[1] as number) & 0x7f;
  const transport = view.getUint16(6, true);
  if (kind === 0) {
    if (((octets[0] as number) & 1) !== 0) finish(packet, transport);
    return [packet];
  }
  const size = view.getUint16(4, true);
  const headers = transport + (kind === 5 ? 8 : ((packet[transport + 12] as number) >>> 4) * 4);
  const out: Uint8Array[] = [];
  for (let done = 0; headers + done < packet.length; done += size) {
    const payload = packet.slice(headers + done, headers + done + size);
    const part = new Uint8Array(headers + payload.length);
    part.set(packet.subarray(0, headers));
    part.set(payload, headers);
    if ((part[0] as number) >>> 4 === 4) {
      writeU16(part, 2, part.length);
      writeU16(part, 4, readU16(packet, 4) + out.length);
    } else writeU16(part, 4, part.length - 40);
    if (kind === 5) writeU16(part, transport + 4, part.length - transport);
    else {
      writeU32(part, transport + 4, readU32(packet, transport + 4) + done);
      let flags = packet[transport + 13] as number;
      if (done > 0) flags &= ~FLAG.CWR;
      if (headers + done + size < packet.length) flags &= ~(FLAG.FIN | FLAG.PSH);
      part[transport + 13] = flags;
    }
    finish(part, transport);
    out.push(part);
  }
  return out;
}

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

/** Pseudo-random octets; a generator of each would be slow. */
export function octets(length: number, seed: number): Uint8Array {
  const out = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[i] = state >>> 24;
  }
  return out;
}

export const wishes = (flags: fc.Arbitrary<number>, payload: fc.Arbitrary<number>): fc.Arbitrary<Wish> =>
  fc
    .record({
      version: fc.constantFrom(4 as const, 6 as const),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      source: fc.integer({ min: 1, max: 4 }),
      destination: fc.integer({ min: 1, max: 4 }),
      ports: fc.tuple(fc.constantFrom(1, 443, 65535), u16),
      trafficClass: fc.integer({ min: 0, max: 255 }),
      hopLimit: fc.integer({ min: 1, max: 255 }),
      dontFragment: fc.boolean(),
      identification: u16,
      sequence: fc.oneof(u32, fc.constant(0xffffff00)),
      acknowledgement: u32,
      window: u16,
      flags,
      options: fc.integer({ min: 0, max: 10 }).map((words) => octets(words * 4, words)),
      length: payload,
      seed: u32,
    })
    .map(({ length, seed, ...wish }) => ({
      ...wish,
      payload: octets(length, seed),
      // A counterexample is to fit a screen.
      [fc.toStringMethod]: () => JSON.stringify({ length, seed, ...wish, options: wish.options.length }),
    }));
