/** A payload of a type not known here; it survives as it came (RFC 7296 §2.5). */
import type { Reader } from '../reader.ts';
import { PayloadType } from '../registry.ts';
import type { Writer } from '../writer.ts';
import type { UnknownPayload } from './types.ts';

const KNOWN: ReadonlySet<number> = new Set(Object.values(PayloadType));

export const decodeUnknown = (type: number, critical: boolean, r: Reader): UnknownPayload => ({
  kind: 'Unknown',
  type,
  critical,
  body: r.rest(),
});

/** @throws RangeError for type 0, which would end the chain, and for types that have a codec of their own */
export function encodeUnknown(w: Writer, payload: UnknownPayload): void {
  if (KNOWN.has(payload.type)) throw new RangeError(`Unknown.type: ${payload.type} is not unknown`);
  w.octets(payload.body);
}
