/** A payload of a type not known here; it survives as it came (RFC 7296 §2.5). */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { UnknownPayload } from './types.ts';

export const decodeUnknown = (type: number, critical: boolean, r: Reader): UnknownPayload => ({
  kind: 'Unknown',
  type,
  critical,
  body: r.rest(),
});

export function encodeUnknown(w: Writer, payload: UnknownPayload): void {
  w.octets(payload.body);
}
