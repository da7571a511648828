/** Message authentication codes by node:crypto (RFC 2104, RFC 3566, RFC 4493, RFC 4543). */
import { type CipherGCMTypes, createCipheriv, createHmac } from 'node:crypto';
import { concat } from '../../base/bytes.ts';
import type { MacName } from '../../crypto/algorithms.ts';
import { aesXcbc } from '../../crypto/legacy/xcbc.ts';
import { nobleMac } from '../../crypto/noble/mac.ts';
import type { Mac } from '../../crypto/packets.ts';
import { hmacDigestName } from './node-names.ts';

const ZERO_IV = new Uint8Array(16);

function zeroIvCbc(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const state = createCipheriv('aes-128-cbc', key, ZERO_IV).setAutoPadding(false);
  return concat(state.update(blocks), state.final());
}

function hmac(digest: string): Mac {
  return (key, ...data) => {
    const state = createHmac(digest, key);
    for (const part of data) state.update(part);
    return new Uint8Array(state.digest());
  };
}

/** `undefined` for AES-GMAC, which is no function of a key and a message alone. */
export function nodeMac(name: MacName): Mac | undefined {
  const digest = hmacDigestName(name);
  if (digest !== undefined) return hmac(digest);
  if (name === 'aes-xcbc') return (key, ...data) => aesXcbc(zeroIvCbc, key, ...data);
  // node:crypto has no CMAC.
  return nobleMac(name);
}

/** The 16-octet tag of a message under a 12-octet nonce (RFC 4543 §3.3). */
export function nodeGmac(name: string, key: Uint8Array, nonce: Uint8Array, message: Uint8Array): Uint8Array {
  const state = createCipheriv(name as CipherGCMTypes, key, nonce);
  state.setAAD(message);
  state.final();
  return new Uint8Array(state.getAuthTag());
}
