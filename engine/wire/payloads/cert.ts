/** Certificate payload (RFC 7296 §3.6). */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { CertPayload } from './types.ts';

/** @throws WireError */
export function decodeCert(r: Reader): CertPayload {
  return { kind: 'CERT', encoding: r.u8('CERT.encoding'), data: r.rest() };
}

/** @throws RangeError when a value does not fit its field */
export function encodeCert(w: Writer, payload: CertPayload): void {
  w.u8(payload.encoding, 'CERT.encoding');
  w.octets(payload.data);
}
