/** Traffic selectors: resolving, narrowing and checking (RFC 7296 §2.9, §3.13). */
import { compareIp, type IpBytes, parseIp } from '../../base/ip.ts';
import type { Selector } from '../../esp/params.ts';
import type { TrafficSelector, TsPayload } from '../../wire/payloads/types.ts';

/** Most selectors that are taken from a peer in one payload. */
const MOST_SELECTORS = 64;

/** Replaces `dynamic` by one selector for each address. */
export function resolve(
  configured: readonly (Selector | 'dynamic')[],
  addresses: readonly string[],
): Selector[] {
  return configured.flatMap((s) => (s === 'dynamic' ? addresses.flatMap(hostSelector) : [s]));
}

function hostSelector(address: string): Selector[] {
  const ip = parseIp(address);
  return ip ? [{ protocol: 0, startPort: 0, endPort: 65535, start: ip, end: ip }] : [];
}

/** Every address of a family: what an initiator asks for in `dynamic`'s place before it knows its address. */
export const anyOf = (octets: 4 | 16): Selector => ({
  protocol: 0,
  startPort: 0,
  endPort: 65535,
  start: new Uint8Array(octets),
  end: new Uint8Array(octets).fill(255),
});

export const tsPayload = (kind: 'TSi' | 'TSr', selectors: readonly Selector[]): TsPayload => ({
  kind,
  selectors: selectors.map((s) => ({ ...s })),
});

/** OPAQUE ports run from 65535 to 0 (§3.13.1). */
const opaque = (s: TrafficSelector): boolean => s.startPort === 65535 && s.endPort === 0;

const wellFormed = (s: TrafficSelector): boolean =>
  s.start.length === s.end.length &&
  compareIp(s.start, s.end) <= 0 &&
  (s.startPort <= s.endPort || opaque(s));

/** Whether every packet of `inner` also belongs to `outer`. */
export function within(inner: Selector, outer: Selector): boolean {
  return (
    inner.start.length === outer.start.length &&
    (outer.protocol === 0 || outer.protocol === inner.protocol) &&
    compareIp(inner.start, outer.start) >= 0 &&
    compareIp(inner.end, outer.end) <= 0 &&
    (opaque(inner)
      ? opaque(outer) || (outer.startPort === 0 && outer.endPort === 65535)
      : !opaque(outer) && inner.startPort >= outer.startPort && inner.endPort <= outer.endPort)
  );
}

const later = (a: IpBytes, b: IpBytes): IpBytes => (compareIp(a, b) >= 0 ? a : b);
const sooner = (a: IpBytes, b: IpBytes): IpBytes => (compareIp(a, b) <= 0 ? a : b);

function intersect(a: Selector, b: Selector): Selector | undefined {
  if (a.start.length !== b.start.length) return undefined;
  if (a.protocol !== 0 && b.protocol !== 0 && a.protocol !== b.protocol) return undefined;
  if (within(a, b)) return a;
  if (within(b, a)) return b;
  const cut: Selector = {
    protocol: a.protocol || b.protocol,
    startPort: Math.max(a.startPort, b.startPort),
    endPort: Math.min(a.endPort, b.endPort),
    start: later(a.start, b.start),
    end: sooner(a.end, b.end),
  };
  return !opaque(a) && !opaque(b) && wellFormed(cut) ? cut : undefined;
}

const strip = (s: TrafficSelector): Selector => ({
  protocol: s.protocol,
  startPort: s.startPort,
  endPort: s.endPort,
  start: s.start.slice(),
  end: s.end.slice(),
});

/** What both sides want: the responder's answer. Empty when they have nothing in common. */
export function narrow(offered: TsPayload, ours: readonly Selector[]): Selector[] {
  const common: Selector[] = [];
  for (const theirs of offered.selectors.slice(0, MOST_SELECTORS)) {
    if (!wellFormed(theirs)) continue;
    for (const own of ours) {
      const cut = intersect(strip(theirs), own);
      if (cut && !common.some((c) => within(cut, c))) common.push(cut);
    }
  }
  return common.filter((s, i) => !common.some((o, j) => i !== j && within(s, o) && !(within(o, s) && j > i)));
}

/** An answer's selectors, when each lies inside what was offered and there is at least one. */
export function readNarrowed(
  answer: TsPayload,
  offered: readonly Selector[],
): readonly Selector[] | undefined {
  const { selectors } = answer;
  if (selectors.length === 0 || selectors.length > MOST_SELECTORS || answer.unknown?.length) return undefined;
  const fits = selectors.every((s) => wellFormed(s) && offered.some((o) => within(strip(s), o)));
  return fits ? selectors.map(strip) : undefined;
}

/** Whether an answer gave less than was offered. */
export const isNarrower = (got: readonly Selector[], offered: readonly Selector[]): boolean =>
  !offered.every((o) => got.some((g) => within(o, g)));
