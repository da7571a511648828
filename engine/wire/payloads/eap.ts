/** EAP payload (RFC 7296 §3.16, RFC 3748 §4): code, identifier and length are checked, the rest is EAP's. */
import { readU16 } from '../../base/bytes.ts';
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { EapPayload } from './types.ts';

const EAP_HEADER = 4;

/** @throws WireError, also when EAP's own length is not that of the payload's body */
export function decodeEap(r: Reader): EapPayload {
  const packet = r.rest();
  if (packet.length < EAP_HEADER) throw r.error('truncated', 'EAP.packet', packet.length);
  if (readU16(packet, 2) !== packet.length) throw r.error('bad-length', 'EAP.length', packet.length - 2);
  return { kind: 'EAP', packet };
}

/** @throws RangeError when EAP's own length is not that of the packet */
export function encodeEap(w: Writer, { packet }: EapPayload): void {
  if (packet.length < EAP_HEADER || readU16(packet, 2) !== packet.length)
    throw new RangeError('EAP.length: not the length of the packet');
  w.octets(packet);
}
