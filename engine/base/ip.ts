/** IPv4 and IPv6 addresses, prefixes and ranges as octets and text (RFC 4291 §2.2, RFC 5952 §4). */
import { equalBytes } from './bytes.ts';

/** Four octets (IPv4) or sixteen (IPv6), network order. */
export type IpBytes = Uint8Array;

export interface Endpoint {
  /** Canonical text form, without brackets or zone. */
  readonly address: string;
  readonly port: number;
}

export interface Prefix {
  /** Canonical text of the address; host bits may be set where an interface address is meant. */
  readonly address: string;
  readonly length: number;
}

export interface IpRange {
  readonly start: IpBytes;
  readonly end: IpBytes;
}

function parseIpv4(text: string): IpBytes | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const out = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    out[i] = Number(part);
  }
  return out;
}

function parseIpv6(text: string): IpBytes | undefined {
  let body = text;
  let tail: IpBytes | undefined;
  const dotted = /^(.*:)([0-9.]+)$/.exec(body);
  if (dotted?.[2]?.includes('.')) {
    tail = parseIpv4(dotted[2]);
    if (!tail) return undefined;
    body = `${dotted[1]}0:0`;
  }
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string | undefined): string[] => (half ? half.split(':') : []);
  const head = groupsOf(halves[0]);
  const rest = groupsOf(halves[1]);
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...rest];
  const out = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    out[2 * i] = value >> 8;
    out[2 * i + 1] = value & 0xff;
  }
  if (tail) out.set(tail, 12);
  return out;
}

/** Octets of an address in text form, or `undefined` when the text is none. */
export const parseIp = (text: string): IpBytes | undefined =>
  text.includes(':') ? parseIpv6(text) : parseIpv4(text);

/**
 * Canonical text (RFC 5952 for IPv6).
 * @throws RangeError when `bytes` is neither 4 nor 16 octets
 */
export function formatIp(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new RangeError(`an IP address has 4 or 16 octets, not ${bytes.length}`);
  const groups = Array.from(
    { length: 8 },
    (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number),
  );
  let bestAt = -1;
  let bestRun = 1;
  for (let i = 0; i < 8; ) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > bestRun) {
      bestAt = i;
      bestRun = run;
    }
    i += run || 1;
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((g) => g.toString(16))
      .join(':');
  return bestAt < 0 ? hex(0, 8) : `${hex(0, bestAt)}::${hex(bestAt + bestRun, 8)}`;
}

/** Canonical text of an address given in any valid form. */
export function canonicalIp(text: string): string | undefined {
  const bytes = parseIp(text);
  return bytes && formatIp(bytes);
}

export const isIpv6 = (address: string): boolean => address.includes(':');

/** Reads `10.0.0.0/8`, `fe80::1/64` or a bare address (full length). */
export function parsePrefix(text: string): Prefix | undefined {
  const [addressText = '', lengthText, more] = text.split('/');
  const bytes = parseIp(addressText);
  if (!bytes || more !== undefined) return undefined;
  const bits = bytes.length * 8;
  if (lengthText === undefined) return { address: formatIp(bytes), length: bits };
  if (!/^(0|[1-9][0-9]{0,2})$/.test(lengthText) || Number(lengthText) > bits) return undefined;
  return { address: formatIp(bytes), length: Number(lengthText) };
}

export const formatPrefix = (p: Prefix): string => `${p.address}/${p.length}`;

/** First and last address of a prefix. */
export function prefixRange(p: Prefix): IpRange {
  const start = parseIp(p.address);
  if (!start) throw new RangeError(`not an address: ${p.address}`);
  const end = start.slice();
  for (let bit = p.length; bit < start.length * 8; bit++) {
    const mask = 0x80 >> (bit & 7);
    start[bit >> 3] = (start[bit >> 3] as number) & ~mask;
    end[bit >> 3] = (end[bit >> 3] as number) | mask;
  }
  return { start, end };
}

/** -1, 0 or 1; addresses of different families order by family. */
export function compareIp(a: IpBytes, b: IpBytes): number {
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  for (let i = 0; i < a.length; i++) {
    const d = (a[i] as number) - (b[i] as number);
    if (d !== 0) return d < 0 ? -1 : 1;
  }
  return 0;
}

export const inRange = (address: IpBytes, range: IpRange): boolean =>
  address.length === range.start.length &&
  compareIp(address, range.start) >= 0 &&
  compareIp(address, range.end) <= 0;

/** The smallest list of prefixes that covers exactly the range, in ascending order. */
export function rangePrefixes(range: IpRange): Prefix[] {
  const toBig = (b: IpBytes): bigint => b.reduce((n, octet) => (n << 8n) | BigInt(octet), 0n);
  const size = range.start.length;
  const bits = size * 8;
  const fromBig = (value: bigint): IpBytes => {
    const out = new Uint8Array(size);
    let rest = value;
    for (let i = size - 1; i >= 0; i--) {
      out[i] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    return out;
  };
  const prefixes: Prefix[] = [];
  let at = toBig(range.start);
  const end = toBig(range.end);
  while (at <= end) {
    let host = 0;
    while (host < bits) {
      const block = 1n << BigInt(host + 1);
      if (at % block !== 0n || at + block - 1n > end) break;
      host++;
    }
    prefixes.push({ address: formatIp(fromBig(at)), length: bits - host });
    at += 1n << BigInt(host);
  }
  return prefixes;
}

/** The prefix that is exactly this range, or `undefined` when it is none. */
export function rangePrefix(range: IpRange): Prefix | undefined {
  const bits = range.start.length * 8;
  for (let length = bits; length >= 0; length--) {
    const whole = prefixRange({ address: formatIp(range.start), length });
    if (equalBytes(whole.start, range.start) && equalBytes(whole.end, range.end))
      return { address: formatIp(range.start), length };
  }
  return undefined;
}
