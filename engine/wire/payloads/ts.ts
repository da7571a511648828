/** Traffic Selector payloads (RFC 7296 §3.13). */
import { compareIp } from '../../base/ip.ts';
import type { Reader } from '../reader.ts';
import { TsType } from '../registry.ts';
import type { Writer } from '../writer.ts';
import type { TrafficSelector, TsPayload } from './types.ts';

const ADDRESS_LENGTH: Readonly<Record<number, number>> = {
  [TsType.IPV4_ADDR_RANGE]: 4,
  [TsType.IPV6_ADDR_RANGE]: 16,
};

/** Start 65535 with end 0 means OPAQUE (RFC 7296 §3.13.1); any other descending range is an error. */
const isOpaque = (start: number, end: number): boolean => start === 0xffff && end === 0;

function decodeSelector(kind: string, protocol: number, addressLength: number, r: Reader): TrafficSelector {
  const startPort = r.u16(`${kind}.startPort`);
  const endPort = r.u16(`${kind}.endPort`);
  if (startPort > endPort && !isOpaque(startPort, endPort)) throw r.error('bad-value', `${kind}.endPort`, 2);
  const start = r.octets(addressLength, `${kind}.start`);
  const end = r.octets(addressLength, `${kind}.end`);
  if (compareIp(start, end) > 0) throw r.error('bad-value', `${kind}.end`, addressLength);
  return { protocol, startPort, endPort, start, end };
}

/** @throws WireError */
export function decodeTs(kind: TsPayload['kind'], r: Reader): TsPayload {
  const count = r.u8(`${kind}.count`);
  r.skip(3, `${kind}.reserved`);
  const selectors: TrafficSelector[] = [];
  const unknown: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const type = r.u8(`${kind}.type`);
    const protocol = r.u8(`${kind}.protocol`);
    const length = r.u16(`${kind}.length`);
    const addressLength = ADDRESS_LENGTH[type];
    if (addressLength === undefined) {
      if (length < 4) throw r.error('bad-length', `${kind}.length`, 2);
      const whole = new Uint8Array(length);
      whole.set([type, protocol, length >> 8, length & 0xff]);
      whole.set(r.octets(length - 4, `${kind}.selector`), 4);
      unknown.push(whole);
    } else {
      if (length !== 8 + 2 * addressLength) throw r.error('bad-length', `${kind}.length`, 2);
      selectors.push(decodeSelector(kind, protocol, addressLength, r));
    }
  }
  r.expectEnd(kind);
  return { kind, selectors, ...(unknown.length > 0 && { unknown }) };
}

/** @throws RangeError when a value does not fit its field or the addresses of a range differ in family */
export function encodeTs(w: Writer, payload: TsPayload): void {
  const { kind, selectors, unknown = [] } = payload;
  w.u8(selectors.length + unknown.length, `${kind}.count`);
  w.zeros(3);
  for (const s of selectors) {
    const size = s.start.length;
    if ((size !== 4 && size !== 16) || s.end.length !== size) throw new RangeError(`${kind}.start: family`);
    w.u8(size === 4 ? TsType.IPV4_ADDR_RANGE : TsType.IPV6_ADDR_RANGE, `${kind}.type`);
    w.u8(s.protocol, `${kind}.protocol`);
    w.u16(8 + 2 * size, `${kind}.length`);
    w.u16(s.startPort, `${kind}.startPort`);
    w.u16(s.endPort, `${kind}.endPort`);
    w.octets(s.start);
    w.octets(s.end);
  }
  for (const whole of unknown) w.octets(whole);
}
