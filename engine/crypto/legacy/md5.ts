/** MD5 (RFC 1321), for EAP's MD5-Challenge alone: nothing here relies on its strength. */
import { md5 as hash } from '@noble/hashes/legacy.js';
import { concat, wipe } from '../../base/bytes.ts';

/** 16 octets over the concatenated parts. */
export function md5(...parts: readonly Uint8Array[]): Uint8Array {
  const message = concat(...parts);
  const digest = hash(message);
  wipe(message);
  return digest;
}
