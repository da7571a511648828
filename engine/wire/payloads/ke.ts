/** Key Exchange payload (RFC 7296 §3.4). The public value is judged by the key exchange, not here. */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { KePayload } from './types.ts';

/** @throws WireError */
export function decodeKe(r: Reader): KePayload {
  const method = r.u16('KE.method');
  r.skip(2, 'KE.reserved');
  return { kind: 'KE', method, data: r.rest() };
}

/** @throws RangeError when a value does not fit its field */
export function encodeKe(w: Writer, payload: KePayload): void {
  w.u16(payload.method, 'KE.method');
  w.zeros(2);
  w.octets(payload.data);
}
