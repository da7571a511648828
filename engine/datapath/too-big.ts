/**
 * The ICMP answer to an inner packet that does not fit: "fragmentation needed" (RFC 792, RFC 1191 §4) for IPv4 with
 * DF, "packet too big" for IPv6 (RFC 4443 §3.2). Rare, so it allocates.
 */
import { writeU16, writeU32 } from '../base/bytes.ts';
import { foldChecksum, sumOctets, transportChecksum } from '../base/internet-checksum.ts';
import { type InnerHeader, IpProtocol } from '../esp/inner.ts';

/** Octets of the offending packet that an ICMPv6 error may carry in all (RFC 4443 §2.4 (c)). */
const ICMPV6_MOST = 1280;

/** Whether a router must not fragment the packet. */
export const mustNotFragment = (buffer: Uint8Array, at: number, inner: InnerHeader): boolean =>
  inner.version === 6 || ((buffer[at + 6] as number) & 0x40) !== 0;

/** The whole reply packet, from the packet's destination to its source; `undefined` where none may be sent. */
export function tooBigReply(
  buffer: Uint8Array,
  at: number,
  inner: InnerHeader,
  mtu: number,
): Uint8Array | undefined {
  // Never answer a later fragment or what may itself be an error (RFC 1122 §3.2.2, RFC 4443 §2.4 (e)).
  if (inner.laterFragment) return undefined;
  const type = inner.sourcePort >>> 8;
  if (inner.protocol === IpProtocol.ICMPV6 && type < 128) return undefined;
  if (inner.protocol === IpProtocol.ICMP && type !== 0 && type !== 8) return undefined;
  return inner.version === 4 ? replyV4(buffer, at, inner, mtu) : replyV6(buffer, at, inner, mtu);
}

function replyV4(buffer: Uint8Array, at: number, inner: InnerHeader, mtu: number): Uint8Array {
  const quoted = Math.min(inner.length, inner.transportAt - at + 8);
  const out = new Uint8Array(28 + quoted);
  out[0] = 0x45;
  writeU16(out, 2, out.length);
  out[8] = 64;
  out[9] = IpProtocol.ICMP;
  out.set(buffer.subarray(inner.destinationAt, inner.destinationAt + 4), 12);
  out.set(buffer.subarray(inner.sourceAt, inner.sourceAt + 4), 16);
  writeU16(out, 10, foldChecksum(sumOctets(out, 0, 20)));
  out[20] = 3;
  out[21] = 4;
  writeU16(out, 26, mtu);
  out.set(buffer.subarray(at, at + quoted), 28);
  writeU16(out, 22, foldChecksum(sumOctets(out, 20, 8 + quoted)));
  return out;
}

function replyV6(buffer: Uint8Array, at: number, inner: InnerHeader, mtu: number): Uint8Array {
  const quoted = Math.min(inner.length, ICMPV6_MOST - 48);
  const out = new Uint8Array(48 + quoted);
  out[0] = 0x60;
  writeU16(out, 4, 8 + quoted);
  out[6] = IpProtocol.ICMPV6;
  out[7] = 64;
  out.set(buffer.subarray(inner.destinationAt, inner.destinationAt + 16), 8);
  out.set(buffer.subarray(inner.sourceAt, inner.sourceAt + 16), 24);
  out[40] = 2;
  writeU32(out, 44, mtu);
  out.set(buffer.subarray(at, at + quoted), 48);
  writeU16(out, 42, transportChecksum(out, 8, 16, IpProtocol.ICMPV6, 40, 8 + quoted));
  return out;
}
