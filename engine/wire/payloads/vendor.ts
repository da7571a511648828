/** Vendor ID payload (RFC 7296 §3.12). */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { VendorPayload } from './types.ts';

export const decodeVendor = (r: Reader): VendorPayload => ({ kind: 'Vendor', data: r.rest() });

export function encodeVendor(w: Writer, payload: VendorPayload): void {
  w.octets(payload.data);
}
