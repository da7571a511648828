/** Message authentication codes by name (RFC 2104, RFC 3566, RFC 4493) and GMAC (RFC 4543 §3.3). */
import { cbc, cmac, gcm } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { md5, sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { concat } from '../../base/bytes.ts';
import type { MacName } from '../algorithms.ts';
import { aesXcbc } from '../legacy/xcbc.ts';
import type { Mac } from '../packets.ts';

const ZERO_IV = new Uint8Array(16);
const EMPTY = new Uint8Array(0);

const overHash =
  (hash: typeof sha1 | typeof sha256 | typeof sha384): Mac =>
  (key, ...data) =>
    hmac(hash, key, concat(...data));

const zeroIvCbc = (key: Uint8Array, blocks: Uint8Array): Uint8Array =>
  cbc(key, ZERO_IV, { disablePadding: true }).encrypt(blocks);

const MACS: ReadonlyMap<MacName, Mac> = new Map<MacName, Mac>([
  ['hmac-md5', overHash(md5)],
  ['hmac-sha1', overHash(sha1)],
  ['hmac-sha256', overHash(sha256)],
  ['hmac-sha384', overHash(sha384)],
  ['hmac-sha512', overHash(sha512)],
  ['aes-xcbc', (key, ...data) => aesXcbc(zeroIvCbc, key, ...data)],
  ['aes-cmac', (key, ...data) => cmac(concat(...data), key)],
]);

export const nobleMac = (name: MacName): Mac | undefined => MACS.get(name);

/** The 16-octet tag of a message under a 12-octet nonce. */
export const nobleGmac = (key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Uint8Array =>
  gcm(key, nonce, message).encrypt(EMPTY);
