/**
 * Inner packets for the demo and the tests: builds and reads IPv4 and IPv6 packets with ICMP echo and UDP, with right
 * checksums (RFC 791, RFC 792, RFC 768, RFC 8200, RFC 4443).
 */
import { readU16, writeU16 } from '../base/bytes.ts';
import { foldChecksum, sumOctets, transportChecksum } from '../base/internet-checksum.ts';
import { formatIp, parseIp } from '../base/ip.ts';

const PROTOCOL = { ICMP: 1, UDP: 17, ICMPV6: 58 } as const;
const ECHO = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
const IPV4_HEADER = 20;
const IPV6_HEADER = 40;

export interface IpPacket {
  readonly version: 4 | 6;
  /** Canonical text. */
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  /** A view of what follows the IP header. */
  readonly payload: Uint8Array;
}

export interface Echo {
  readonly kind: 'request' | 'reply';
  readonly identifier: number;
  readonly sequence: number;
  readonly data: Uint8Array;
}

export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly data: Uint8Array;
}

/**
 * One packet around a payload. Where the protocol has a checksum over a pseudo-header (UDP, ICMPv6) or its own
 * (ICMP), it is filled in.
 * @throws RangeError when the addresses are not two of one family
 */
export function buildIp(
  source: string,
  destination: string,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  const from = parseIp(source);
  const to = parseIp(destination);
  if (!from || !to || from.length !== to.length)
    throw new RangeError(`no two addresses of one family: ${source}, ${destination}`);
  const v4 = from.length === 4;
  const headerLength = v4 ? IPV4_HEADER : IPV6_HEADER;
  const packet = new Uint8Array(headerLength + payload.length);
  if (v4) {
    packet[0] = 0x45;
    writeU16(packet, 2, packet.length);
    packet[8] = 64;
    packet[9] = protocol;
    packet.set(from, 12);
    packet.set(to, 16);
    writeU16(packet, 10, foldChecksum(sumOctets(packet, 0, IPV4_HEADER)));
  } else {
    packet[0] = 0x60;
    writeU16(packet, 4, payload.length);
    packet[6] = protocol;
    packet[7] = 64;
    packet.set(from, 8);
    packet.set(to, 24);
  }
  packet.set(payload, headerLength);
  fillChecksum(packet, v4, protocol, headerLength);
  return packet;
}

function fillChecksum(packet: Uint8Array, v4: boolean, protocol: number, at: number): void {
  const length = packet.length - at;
  const field = protocol === PROTOCOL.UDP ? 6 : 2;
  if (protocol === PROTOCOL.ICMP) {
    writeU16(packet, at + field, 0);
    writeU16(packet, at + field, foldChecksum(sumOctets(packet, at, length)));
  } else if (protocol === PROTOCOL.UDP || protocol === PROTOCOL.ICMPV6) {
    writeU16(packet, at + field, 0);
    const sum = transportChecksum(packet, v4 ? 12 : 8, v4 ? 4 : 16, protocol, at, length);
    // Zero would mean "no checksum" in UDP (RFC 768).
    writeU16(packet, at + field, protocol === PROTOCOL.UDP && sum === 0 ? 0xffff : sum);
  }
}

/** Reads a packet without extension headers or options of interest; `undefined` when it is none or damaged. */
export function readIp(packet: Uint8Array): IpPacket | undefined {
  const version = (packet[0] ?? 0) >>> 4;
  if (version === 4 && packet.length >= IPV4_HEADER) {
    const headerLength = ((packet[0] as number) & 15) * 4;
    const length = readU16(packet, 2);
    if (headerLength < IPV4_HEADER || length < headerLength || length > packet.length) return undefined;
    if (foldChecksum(sumOctets(packet, 0, headerLength)) !== 0) return undefined;
    return {
      version: 4,
      source: formatIp(packet.subarray(12, 16)),
      destination: formatIp(packet.subarray(16, 20)),
      protocol: packet[9] as number,
      payload: packet.subarray(headerLength, length),
    };
  }
  if (version !== 6 || packet.length < IPV6_HEADER) return undefined;
  const length = IPV6_HEADER + readU16(packet, 4);
  if (length > packet.length) return undefined;
  return {
    version: 6,
    source: formatIp(packet.subarray(8, 24)),
    destination: formatIp(packet.subarray(24, 40)),
    protocol: packet[6] as number,
    payload: packet.subarray(IPV6_HEADER, length),
  };
}

/** Whether the checksum over the payload is right; true for protocols that have none here. */
function checksumHolds(ip: IpPacket): boolean {
  const { payload, protocol } = ip;
  if (protocol === PROTOCOL.ICMP) return foldChecksum(sumOctets(payload, 0, payload.length)) === 0;
  if (protocol === PROTOCOL.UDP && ip.version === 4 && readU16(payload, 6) === 0) return true;
  const addresses = [parseIp(ip.source), parseIp(ip.destination)] as [Uint8Array, Uint8Array];
  let sum = protocol + payload.length;
  for (const address of addresses) sum = sumOctets(address, 0, address.length, sum);
  return foldChecksum(sumOctets(payload, 0, payload.length, sum)) === 0;
}

export function buildEcho(source: string, destination: string, echo: Echo): Uint8Array {
  const version = source.includes(':') ? 6 : 4;
  const payload = new Uint8Array(8 + echo.data.length);
  payload[0] = ECHO[version][echo.kind];
  writeU16(payload, 4, echo.identifier);
  writeU16(payload, 6, echo.sequence);
  payload.set(echo.data, 8);
  return buildIp(source, destination, version === 4 ? PROTOCOL.ICMP : PROTOCOL.ICMPV6, payload);
}

export function parseEcho(ip: IpPacket): Echo | undefined {
  const { version, protocol, payload } = ip;
  if (protocol !== (version === 4 ? PROTOCOL.ICMP : PROTOCOL.ICMPV6)) return undefined;
  if (payload.length < 8 || payload[1] !== 0 || !checksumHolds(ip)) return undefined;
  const type = payload[0];
  const kind =
    type === ECHO[version].request ? 'request' : type === ECHO[version].reply ? 'reply' : undefined;
  if (!kind) return undefined;
  return { kind, identifier: readU16(payload, 4), sequence: readU16(payload, 6), data: payload.subarray(8) };
}

export function buildUdp(source: string, destination: string, udp: UdpDatagram): Uint8Array {
  const payload = new Uint8Array(8 + udp.data.length);
  writeU16(payload, 0, udp.sourcePort);
  writeU16(payload, 2, udp.destinationPort);
  writeU16(payload, 4, payload.length);
  payload.set(udp.data, 8);
  return buildIp(source, destination, PROTOCOL.UDP, payload);
}

export function parseUdp(ip: IpPacket): UdpDatagram | undefined {
  const { protocol, payload } = ip;
  if (protocol !== PROTOCOL.UDP || payload.length < 8) return undefined;
  if (readU16(payload, 4) !== payload.length || !checksumHolds(ip)) return undefined;
  return { sourcePort: readU16(payload, 0), destinationPort: readU16(payload, 2), data: payload.subarray(8) };
}

/** The reply to an echo request, `undefined` for any other packet. */
export function answerEcho(packet: Uint8Array): Uint8Array | undefined {
  const ip = readIp(packet);
  const echo = ip && parseEcho(ip);
  if (!ip || echo?.kind !== 'request') return undefined;
  return buildEcho(ip.destination, ip.source, { ...echo, kind: 'reply' });
}
