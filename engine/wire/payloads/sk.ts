/** Encrypted payload, still sealed (RFC 7296 §3.14). */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { SkPayload } from './types.ts';

/** `body` is a view of the datagram, to be opened in place. */
export const decodeSk = (firstInner: number, r: Reader): SkPayload => ({
  kind: 'SK',
  firstInner,
  body: r.restView(),
});

export function encodeSk(w: Writer, payload: SkPayload): void {
  w.octets(payload.body);
}
