/**
 * Certificate Request payload (RFC 7296 §3.7). It is a hint: authorities that are no whole number of
 * hashes are kept as they came, so that they cannot fail an exchange.
 */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { CertreqPayload } from './types.ts';

/** @throws WireError */
export function decodeCertreq(r: Reader): CertreqPayload {
  return { kind: 'CERTREQ', encoding: r.u8('CERTREQ.encoding'), authorities: r.rest() };
}

/** @throws RangeError when a value does not fit its field */
export function encodeCertreq(w: Writer, payload: CertreqPayload): void {
  w.u8(payload.encoding, 'CERTREQ.encoding');
  w.octets(payload.authorities);
}
