/**
 * Just enough of an IP stack for the demo and the self-test: echo requests and their answers (RFC 792, RFC 4443)
 * and UDP datagrams, over IPv4 and IPv6, with checksums (RFC 1071).
 */
import { readU16, writeU16 } from '../base/bytes.ts';
import { formatIp, parseIp } from '../base/ip.ts';

const ICMP = 1;
const UDP = 17;
const ICMPV6 = 58;

export interface Packet {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** A view of the packet. */
  readonly payload: Uint8Array;
}

export interface Echo {
  readonly request: boolean;
  readonly id: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

export interface Datagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

function sum(bytes: Uint8Array, start: number): number {
  let total = start;
  for (let at = 0; at + 1 < bytes.length; at += 2) total += readU16(bytes, at);
  if (bytes.length % 2 === 1) total += (bytes.at(-1) as number) << 8;
  return total;
}

function fold(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

/** The pseudo header's share of a checksum (RFC 768, RFC 8200 §8.1). */
const pseudo = (source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number =>
  sum(destination, sum(source, protocol + length));

function address(text: string): Uint8Array {
  const bytes = parseIp(text);
  if (!bytes) throw new RangeError(`not an address: ${text}`);
  return bytes;
}

/** An IP packet of the addresses' family around `payload`. */
export function ipPacket(
  source: string,
  destination: string,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  const from = address(source);
  const to = address(destination);
  if (from.length === 16) {
    const packet = new Uint8Array(40 + payload.length);
    packet[0] = 0x60;
    writeU16(packet, 4, payload.length);
    packet[6] = protocol;
    packet[7] = 64;
    packet.set(from, 8);
    packet.set(to, 24);
    packet.set(payload, 40);
    return packet;
  }
  const packet = new Uint8Array(20 + payload.length);
  packet[0] = 0x45;
  writeU16(packet, 2, packet.length);
  packet[6] = 0x40;
  packet[8] = 64;
  packet[9] = protocol;
  packet.set(from, 12);
  packet.set(to, 16);
  writeU16(packet, 10, fold(sum(packet.subarray(0, 20), 0)));
  packet.set(payload, 20);
  return packet;
}

/** Reads a packet without IPv4 options or IPv6 extension headers; `undefined` for anything else. */
export function readIpPacket(packet: Uint8Array): Packet | undefined {
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4 && packet.length >= 20 && packet[0] === 0x45 && readU16(packet, 2) <= packet.length)
    return {
      source: formatIp(packet.subarray(12, 16)),
      destination: formatIp(packet.subarray(16, 20)),
      protocol: packet[9] as number,
      payload: packet.subarray(20, readU16(packet, 2)),
    };
  if (version === 6 && packet.length >= 40 && 40 + readU16(packet, 4) <= packet.length)
    return {
      source: formatIp(packet.subarray(8, 24)),
      destination: formatIp(packet.subarray(24, 40)),
      protocol: packet[6] as number,
      payload: packet.subarray(40, 40 + readU16(packet, 4)),
    };
  return undefined;
}

export function echoPacket(
  source: string,
  destination: string,
  { request, id, sequence, data }: Echo,
): Uint8Array {
  const six = source.includes(':');
  const body = new Uint8Array(8 + data.length);
  body[0] = six ? (request ? 128 : 129) : request ? 8 : 0;
  writeU16(body, 4, id);
  writeU16(body, 6, sequence);
  body.set(data, 8);
  const start = six ? pseudo(address(source), address(destination), ICMPV6, body.length) : 0;
  writeU16(body, 2, fold(sum(body, start)));
  return ipPacket(source, destination, six ? ICMPV6 : ICMP, body);
}

export function readEcho({ protocol, payload }: Packet): Echo | undefined {
  const types = protocol === ICMP ? [8, 0] : protocol === ICMPV6 ? [128, 129] : [];
  const kind = types.indexOf(payload[0] ?? -1);
  if (kind < 0 || payload.length < 8) return undefined;
  return {
    request: kind === 0,
    id: readU16(payload, 4),
    sequence: readU16(payload, 6),
    data: payload.subarray(8),
  };
}

/** The answer that a host gives to an echo request, or `undefined` when the packet is none. */
export function echoReply(bytes: Uint8Array): Uint8Array | undefined {
  const packet = readIpPacket(bytes);
  const echo = packet && readEcho(packet);
  if (!packet || !echo?.request) return undefined;
  return echoPacket(packet.destination, packet.source, { ...echo, request: false });
}

export function udpPacket(
  source: string,
  destination: string,
  { sourcePort, destinationPort, data }: Datagram,
): Uint8Array {
  const body = new Uint8Array(8 + data.length);
  writeU16(body, 0, sourcePort);
  writeU16(body, 2, destinationPort);
  writeU16(body, 4, body.length);
  body.set(data, 8);
  // A computed zero goes out as all ones: zero would mean that there is no checksum (RFC 768).
  writeU16(
    body,
    6,
    fold(sum(body, pseudo(address(source), address(destination), UDP, body.length))) || 0xffff,
  );
  return ipPacket(source, destination, UDP, body);
}

export function readUdp({ protocol, payload }: Packet): Datagram | undefined {
  if (protocol !== UDP || payload.length < 8) return undefined;
  return {
    sourcePort: readU16(payload, 0),
    destinationPort: readU16(payload, 2),
    data: payload.subarray(8, readU16(payload, 4)),
  };
}
