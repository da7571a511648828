/** Authentication payload (RFC 7296 §3.8). */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { AuthPayload } from './types.ts';

/** @throws WireError */
export function decodeAuth(r: Reader): AuthPayload {
  const method = r.u8('AUTH.method');
  r.skip(3, 'AUTH.reserved');
  return { kind: 'AUTH', method, data: r.rest() };
}

/** @throws RangeError when a value does not fit its field */
export function encodeAuth(w: Writer, payload: AuthPayload): void {
  w.u8(payload.method, 'AUTH.method');
  w.zeros(3);
  w.octets(payload.data);
}
