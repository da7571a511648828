/** Notify payload (RFC 7296 §3.10). What the data of a type means is its reader's business. */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { NotifyPayload } from './types.ts';

/** @throws WireError */
export function decodeNotify(r: Reader): NotifyPayload {
  const protocol = r.u8('Notify.protocol');
  const spiSize = r.u8('Notify.spiSize');
  const type = r.u16('Notify.type');
  const spi = r.octets(spiSize, 'Notify.spi');
  return { kind: 'Notify', protocol, spi, type, data: r.rest() };
}

/** @throws RangeError when a value does not fit its field */
export function encodeNotify(w: Writer, payload: NotifyPayload): void {
  w.u8(payload.protocol, 'Notify.protocol');
  w.u8(payload.spi.length, 'Notify.spiSize');
  w.u16(payload.type, 'Notify.type');
  w.octets(payload.spi);
  w.octets(payload.data);
}
