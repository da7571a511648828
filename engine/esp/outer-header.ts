/**
 * What passes between the inner and the outer IP header of a tunnel: the DSCP as its owner wishes (RFC 4301 §5.1.2),
 * the ECN field by RFC 6040 §4 in normal mode, which IKEv2 always agrees on (RFC 6040 §5.1). Both fields together are
 * the traffic class: the octet behind the first of an IPv4 header, and eight bits across the first two of an IPv6 one.
 */
import { readU16, writeU16 } from '../base/bytes.ts';
import { updateChecksum } from '../base/internet-checksum.ts';
import { type Marks, markBits } from '../base/marks.ts';
import type { CopyDscp } from './params.ts';

const DSCP = 0xfc;
const ECN = 0x03;
const DROP = -1;

/**
 * The ECN field of a packet taken out of a tunnel (RFC 6040 §4.2, figure 4), at four times the inner field plus the
 * outer one. The values are Not-ECT 0, ECT(1) 1, ECT(0) 2, CE 3 (RFC 3168 §5).
 */
const DECAPSULATED: Int8Array = Int8Array.of(
  ...[0, 0, 0, DROP],
  ...[1, 1, 1, 3],
  ...[2, 1, 2, 3],
  ...[3, 3, 3, 3],
);

/** The traffic class of the IPv4 or IPv6 packet at `at`. */
export function trafficClass(buffer: Uint8Array, at: number): number {
  const first = buffer[at] as number;
  const second = buffer[at + 1] as number;
  return first >>> 4 === 4 ? second : ((first & 0x0f) << 4) | (second >>> 4);
}

/** Writes the traffic class; an IPv4 header checksum that was right stays right. */
export function setTrafficClass(buffer: Uint8Array, at: number, value: number): void {
  const first = buffer[at] as number;
  if (first >>> 4 === 6) {
    buffer[at] = 0x60 | (value >>> 4);
    buffer[at + 1] = ((value & 0x0f) << 4) | ((buffer[at + 1] as number) & 0x0f);
    return;
  }
  const before = readU16(buffer, at);
  buffer[at + 1] = value;
  writeU16(buffer, at + 10, updateChecksum(readU16(buffer, at + 10), before, readU16(buffer, at)));
}

/** What one SA copies; an instance is shared by nothing and costs nothing per packet. */
export class HeaderCopy {
  readonly #outward: number;
  readonly #dscpInward: boolean;
  readonly #ecn: boolean;

  /**
   * @param marks what the socket can say or tell of the outer header. What it cannot say is zero outside, which is
   * the compatibility mode of an ingress (RFC 6040 §4.1); what it does not tell leaves the inner packet as it is.
   */
  constructor(dscp: CopyDscp, ecn: boolean, marks: Marks = 'class') {
    const can = markBits(marks);
    this.#outward = can & ((dscp === 'out' || dscp === 'yes' ? DSCP : 0) | (ecn ? ECN : 0));
    this.#dscpInward = (can & DSCP) !== 0 && (dscp === 'in' || dscp === 'yes');
    this.#ecn = (can & ECN) !== 0 && ecn;
  }

  /** The outer traffic class of the inner packet at `at`. */
  outer(buffer: Uint8Array, at: number): number {
    return trafficClass(buffer, at) & this.#outward;
  }

  /**
   * Brings what happened to the outer header into the inner packet at `at`. False when the packet must be dropped: a
   * router has marked congestion on a packet whose sender would not understand the mark.
   */
  inward(buffer: Uint8Array, at: number, outer: number): boolean {
    const before = trafficClass(buffer, at);
    let after = before;
    if (this.#dscpInward) after = (outer & DSCP) | (before & ECN);
    if (this.#ecn) {
      const ecn = DECAPSULATED[(before & ECN) * 4 + (outer & ECN)] as number;
      if (ecn === DROP) return false;
      after = (after & DSCP) | ecn;
    }
    if (after !== before) setTrafficClass(buffer, at, after);
    return true;
  }
}
