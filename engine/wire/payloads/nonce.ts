/** Nonce payload (RFC 7296 §3.9): 16 to 256 octets. */
import type { Reader } from '../reader.ts';
import type { Writer } from '../writer.ts';
import type { NoncePayload } from './types.ts';

export const MIN_NONCE = 16;
export const MAX_NONCE = 256;

const fits = (length: number): boolean => length >= MIN_NONCE && length <= MAX_NONCE;

/** @throws WireError */
export function decodeNonce(r: Reader): NoncePayload {
  if (!fits(r.remaining)) throw r.error('bad-length', 'Nonce.data');
  return { kind: 'Nonce', data: r.rest() };
}

/** @throws RangeError when the nonce is too short or too long */
export function encodeNonce(w: Writer, payload: NoncePayload): void {
  const { length } = payload.data;
  if (!fits(length)) throw new RangeError(`Nonce.data: ${length} octets`);
  w.octets(payload.data);
}
