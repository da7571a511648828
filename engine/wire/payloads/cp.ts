/** Configuration payload (RFC 7296 §3.15). */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { CpPayload } from './types.ts';

export const MAX_CFG_ATTRIBUTES = 512;

/** @throws WireError */
export function decodeCp(r: Reader): CpPayload {
  const cfgType = r.u8('CP.type');
  r.skip(3, 'CP.reserved');
  const attributes: { type: number; value: Uint8Array }[] = [];
  while (r.remaining > 0) {
    if (attributes.length >= MAX_CFG_ATTRIBUTES) throw r.error('too-many', 'CP.attributes');
    const type = r.u16('CP.attribute.type') & 0x7fff;
    const length = r.u16('CP.attribute.length');
    attributes.push({ type, value: r.octets(length, 'CP.attribute.value') });
  }
  return { kind: 'CP', cfgType, attributes };
}

/** @throws RangeError when a value does not fit its field */
export function encodeCp(w: Writer, payload: CpPayload): void {
  w.u8(payload.cfgType, 'CP.type');
  w.zeros(3);
  for (const { type, value } of payload.attributes) {
    if (type > 0x7fff) throw new RangeError(`CP.attribute.type: ${type} is not within 0..32767`);
    w.u16(type, 'CP.attribute.type');
    w.u16(value.length, 'CP.attribute.length');
    w.octets(value);
  }
}
