/** Delete payload (RFC 7296 §3.11). */
import type { Reader } from '../reader.ts';
import { Protocol } from '../registry.ts';
import type { Writer } from '../writer.ts';
import type { DeletePayload } from './types.ts';

export const MAX_SPIS = 1024;

/** SPI size when there is none to measure; `undefined` where the protocol is not known. */
function spiSizeOf(protocol: number): number | undefined {
  if (protocol === Protocol.IKE) return 0;
  return protocol === Protocol.ESP || protocol === Protocol.AH ? 4 : undefined;
}

/** @throws WireError */
export function decodeDelete(r: Reader): DeletePayload {
  const protocol = r.u8('Delete.protocol');
  const size = r.u8('Delete.spiSize');
  if (size !== (spiSizeOf(protocol) ?? size)) throw r.error('bad-length', 'Delete.spiSize', 1);
  const count = r.u16('Delete.spiCount');
  if (size === 0 && count > 0) throw r.error('bad-value', 'Delete.spiCount', 2);
  if (count > MAX_SPIS) throw r.error('too-many', 'Delete.spiCount', 2);
  const spis: Uint8Array[] = [];
  for (let i = 0; i < count; i++) spis.push(r.octets(size, 'Delete.spi'));
  r.expectEnd('Delete');
  return { kind: 'Delete', protocol, spis };
}

/** @throws RangeError when a value does not fit its field, or SPIs differ in size or have none */
export function encodeDelete(w: Writer, payload: DeletePayload): void {
  const size = payload.spis[0]?.length ?? spiSizeOf(payload.protocol) ?? 0;
  if (payload.spis.some((spi) => spi.length !== size || size === 0)) throw new RangeError('Delete.spi: size');
  w.u8(payload.protocol, 'Delete.protocol');
  w.u8(size, 'Delete.spiSize');
  w.u16(payload.spis.length, 'Delete.spiCount');
  for (const spi of payload.spis) w.octets(spi);
}
