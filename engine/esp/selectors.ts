/**
 * Traffic selectors compiled for the hot path (RFC 4301 §4.4.1, RFC 7296 §3.13.1). A packet passes when one
 * selector of each side takes it. A packet without ports (a later fragment, a protocol that has none) is
 * taken only by selectors for any port or for OPAQUE (start 65535, end 0).
 */
import { readU32 } from '../base/bytes.ts';
import type { InnerHeader } from './inner.ts';
import type { Selector } from './params.ts';

interface Ipv4Rule {
  readonly start: number;
  readonly end: number;
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
}

interface Ipv6Rule {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  readonly protocol: number;
  readonly startPort: number;
  readonly endPort: number;
}

function takesPort(
  rule: { protocol: number; startPort: number; endPort: number },
  protocol: number,
  port: number,
): boolean {
  if (rule.protocol !== 0 && rule.protocol !== protocol) return false;
  if (rule.startPort === 0 && rule.endPort === 65535) return true;
  // OPAQUE has its start above its end, so no real port falls into it.
  if (port < 0) return rule.startPort === 65535 && rule.endPort === 0;
  return port >= rule.startPort && port <= rule.endPort;
}

/** -1, 0 or 1 for the sixteen octets at `at` against `limit`. */
function compareAt(buffer: Uint8Array, at: number, limit: Uint8Array): number {
  for (let i = 0; i < 16; i++) {
    const difference = (buffer[at + i] as number) - (limit[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** One side's selectors. */
export class SelectorSet {
  readonly #ipv4: Ipv4Rule[] = [];
  readonly #ipv6: Ipv6Rule[] = [];

  /** @throws RangeError when a selector's addresses are not two of one family */
  constructor(selectors: readonly Selector[]) {
    for (const { protocol, startPort, endPort, start, end } of selectors) {
      if (start.length === 4 && end.length === 4)
        this.#ipv4.push({ start: readU32(start, 0), end: readU32(end, 0), protocol, startPort, endPort });
      else if (start.length === 16 && end.length === 16)
        this.#ipv6.push({ start: start.slice(), end: end.slice(), protocol, startPort, endPort });
      else throw new RangeError('a selector needs two addresses of one family');
    }
  }

  /** Whether a packet with this address, protocol and port (-1 for none) is selected. */
  takes(buffer: Uint8Array, addressAt: number, version: 4 | 6, protocol: number, port: number): boolean {
    if (version === 4) {
      const address = readU32(buffer, addressAt);
      for (const rule of this.#ipv4)
        if (address >= rule.start && address <= rule.end && takesPort(rule, protocol, port)) return true;
      return false;
    }
    for (const rule of this.#ipv6)
      if (
        compareAt(buffer, addressAt, rule.start) >= 0 &&
        compareAt(buffer, addressAt, rule.end) <= 0 &&
        takesPort(rule, protocol, port)
      )
        return true;
    return false;
  }
}

/** Both sides of an SA pair. */
export class TrafficSelectors {
  readonly #local: SelectorSet;
  readonly #remote: SelectorSet;

  /** @throws RangeError as {@link SelectorSet} */
  constructor(local: readonly Selector[], remote: readonly Selector[]) {
    this.#local = new SelectorSet(local);
    this.#remote = new SelectorSet(remote);
  }

  /** A packet that we send: its source is local. */
  takesOutbound(buffer: Uint8Array, inner: InnerHeader): boolean {
    return (
      this.#remote.takes(buffer, inner.destinationAt, inner.version, inner.protocol, inner.destinationPort) &&
      this.#local.takes(buffer, inner.sourceAt, inner.version, inner.protocol, inner.sourcePort)
    );
  }

  /** A packet that we received: its source is remote. */
  takesInbound(buffer: Uint8Array, inner: InnerHeader): boolean {
    return (
      this.#remote.takes(buffer, inner.sourceAt, inner.version, inner.protocol, inner.sourcePort) &&
      this.#local.takes(buffer, inner.destinationAt, inner.version, inner.protocol, inner.destinationPort)
    );
  }
}

/** ICMP selectors carry the type in the upper and the code in the lower octet of the port. */
export const icmpPort = (type: number, code: number): number => (type << 8) | code;
