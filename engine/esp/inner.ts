/**
 * What the selectors need of an inner packet: version, length, protocol, addresses and ports, read in place
 * (RFC 791 §3.1, RFC 8200 §4). Total: every octet string gives an answer, nothing throws, nothing is allocated.
 */
import { readU16 } from '../base/bytes.ts';

export const IpProtocol = {
  HOP_BY_HOP: 0,
  ICMP: 1,
  IPV4: 4,
  TCP: 6,
  UDP: 17,
  DCCP: 33,
  IPV6: 41,
  ROUTING: 43,
  FRAGMENT: 44,
  AH: 51,
  ICMPV6: 58,
  NO_NEXT: 59,
  DESTINATION_OPTIONS: 60,
  SCTP: 132,
  MOBILITY: 135,
  UDP_LITE: 136,
  HIP: 139,
  SHIM6: 140,
} as const;

/** More extension headers than any honest packet has. */
const MOST_EXTENSION_HEADERS = 12;

/** One inner packet's header fields. Made once and filled again for each packet. */
export class InnerHeader {
  version: 4 | 6 = 4;
  /** Octets of the whole packet as its own header states it. */
  length = 0;
  /** Upper-layer protocol, behind all extension headers. */
  protocol = 0;
  /** Offsets into the buffer; the destination follows the source. */
  sourceAt = 0;
  destinationAt = 0;
  /** Octets of each address. */
  addressLength = 4;
  /** Where the upper layer begins. */
  transportAt = 0;
  /** A fragment other than the first: no upper-layer header is in it. */
  laterFragment = false;
  /** First fragment of several. */
  firstFragment = false;
  /** Ports; for ICMP type and code (RFC 4301 §4.4.1.1), for Mobility the type, in both; -1 when not there. */
  sourcePort = -1;
  destinationPort = -1;

  /**
   * Reads the packet that starts at `at` and has at most `available` octets.
   * False when it is no complete IPv4 or IPv6 packet.
   */
  read(buffer: Uint8Array, at: number, available: number): boolean {
    if (available < 20) return false;
    const version = (buffer[at] as number) >>> 4;
    if (version === 4) return this.#readV4(buffer, at, available);
    return version === 6 && this.#readV6(buffer, at, available);
  }

  #readV4(buffer: Uint8Array, at: number, available: number): boolean {
    const headerLength = ((buffer[at] as number) & 0x0f) * 4;
    const length = readU16(buffer, at + 2);
    if (headerLength < 20 || length < headerLength || length > available) return false;
    const fragment = readU16(buffer, at + 6);
    this.version = 4;
    this.length = length;
    this.protocol = buffer[at + 9] as number;
    this.sourceAt = at + 12;
    this.destinationAt = at + 16;
    this.addressLength = 4;
    this.transportAt = at + headerLength;
    this.laterFragment = (fragment & 0x1fff) !== 0;
    this.firstFragment = (fragment & 0x3fff) === 0x2000;
    this.#readPorts(buffer, length - headerLength);
    return true;
  }

  #readV6(buffer: Uint8Array, at: number, available: number): boolean {
    if (available < 40) return false;
    const length = 40 + readU16(buffer, at + 4);
    if (length > available) return false;
    this.version = 6;
    this.length = length;
    this.sourceAt = at + 8;
    this.destinationAt = at + 24;
    this.addressLength = 16;
    this.laterFragment = false;
    this.firstFragment = false;
    let next = buffer[at + 6] as number;
    let here = at + 40;
    const end = at + length;
    for (let headers = 0; isExtension(next) && !this.laterFragment; headers++) {
      if (headers === MOST_EXTENSION_HEADERS || here + 8 > end) return false;
      const extension = next;
      next = buffer[here] as number;
      if (extension === IpProtocol.FRAGMENT) {
        const fragment = readU16(buffer, here + 2);
        this.laterFragment = (fragment & 0xfff8) !== 0;
        this.firstFragment = (fragment & 0xfff9) === 1;
        here += 8;
      } else if (extension === IpProtocol.AH) here += ((buffer[here + 1] as number) + 2) * 4;
      else here += ((buffer[here + 1] as number) + 1) * 8;
      if (here > end) return false;
    }
    this.protocol = next;
    this.transportAt = here;
    this.#readPorts(buffer, end - here);
    return true;
  }

  #readPorts(buffer: Uint8Array, rest: number): void {
    this.sourcePort = -1;
    this.destinationPort = -1;
    if (this.laterFragment || rest < 4) return;
    const at = this.transportAt;
    switch (this.protocol) {
      case IpProtocol.TCP:
      case IpProtocol.UDP:
      case IpProtocol.DCCP:
      case IpProtocol.SCTP:
      case IpProtocol.UDP_LITE:
        this.sourcePort = readU16(buffer, at);
        this.destinationPort = readU16(buffer, at + 2);
        return;
      case IpProtocol.ICMP:
      case IpProtocol.ICMPV6:
        this.sourcePort = readU16(buffer, at);
        this.destinationPort = this.sourcePort;
        return;
      case IpProtocol.MOBILITY:
        this.sourcePort = (buffer[at + 2] as number) << 8;
        this.destinationPort = this.sourcePort;
    }
  }
}

const isExtension = (protocol: number): boolean =>
  protocol === IpProtocol.HOP_BY_HOP ||
  protocol === IpProtocol.ROUTING ||
  protocol === IpProtocol.FRAGMENT ||
  protocol === IpProtocol.AH ||
  protocol === IpProtocol.DESTINATION_OPTIONS ||
  protocol === IpProtocol.HIP ||
  protocol === IpProtocol.SHIM6;
