/** Encrypted fragment payload, still sealed (RFC 7383 §2.5). */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { SkfPayload } from './types.ts';

/** Octets of Fragment Number and Total Fragments. */
export const FRAGMENT_HEADER = 4;

/**
 * `body` is a view of the datagram, to be opened in place.
 * @throws WireError
 */
export function decodeSkf(firstInner: number, r: Reader): SkfPayload {
  const number = r.u16('SKF.number');
  const total = r.u16('SKF.total');
  if (total === 0) throw r.error('bad-value', 'SKF.total', 2);
  if (number === 0 || number > total) throw r.error('bad-value', 'SKF.number', 4);
  return { kind: 'SKF', firstInner, number, total, body: r.restView() };
}

/** @throws RangeError when a number does not fit its field or lies beyond the total */
export function encodeFragmentHeader(w: Writer, number: number, total: number): void {
  if (number < 1 || number > total) throw new RangeError(`SKF.number: ${number} of ${total}`);
  w.u16(number, 'SKF.number');
  w.u16(total, 'SKF.total');
}

/** @throws RangeError as {@link encodeFragmentHeader} */
export function encodeSkf(w: Writer, payload: SkfPayload): void {
  encodeFragmentHeader(w, payload.number, payload.total);
  w.octets(payload.body);
}
