/** Identification payloads (RFC 7296 §3.5). */
import type { Reader } from '../reader.ts';
import { IdType } from '../registry.ts';
import type { Writer } from '../writer.ts';
import type { IdPayload } from './types.ts';

/** @throws WireError, also for an address whose length is not its family's */
export function decodeId(kind: IdPayload['kind'], r: Reader): IdPayload {
  const idType = r.u8(`${kind}.type`);
  r.skip(3, `${kind}.reserved`);
  if (
    (idType === IdType.IPV4_ADDR && r.remaining !== 4) ||
    (idType === IdType.IPV6_ADDR && r.remaining !== 16)
  )
    throw r.error('bad-length', `${kind}.data`);
  return { kind, idType, data: r.rest() };
}

/** @throws RangeError when a value does not fit its field */
export function encodeId(w: Writer, payload: IdPayload): void {
  w.u8(payload.idType, `${payload.kind}.type`);
  w.zeros(3);
  w.octets(payload.data);
}
