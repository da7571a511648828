/**
 * From primitives to packets: what providers have in common once they can encrypt, authenticate, or both. The layout
 * is that of `port.ts`. These allocate per packet; the hot path has its own (`os/crypto/openssl*.ts`).
 */
import { concat, equalConstantTime, u32, wipe } from '../base/bytes.ts';
import { fits, mustFit } from './checks.ts';
import type { CipherSizes, PacketCipher } from './port.ts';

/** A keyed cipher without a check of integrity. `iv` is that of the wire, `data` whole blocks. */
export interface BareCipher {
  encrypt(iv: Uint8Array, data: Uint8Array): Uint8Array;
  decrypt(iv: Uint8Array, data: Uint8Array): Uint8Array;
  destroy(): void;
}

/** A keyed authenticated cipher; its output ends with the ICV. */
export interface Aead {
  seal(nonce: Uint8Array, aad: Uint8Array, data: Uint8Array): Uint8Array;
  /** `undefined` when the ICV is wrong. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  destroy(): void;
}

/** A message authentication code over the concatenation of its parts, of its full length. */
export type Mac = (key: Uint8Array, ...data: readonly Uint8Array[]) => Uint8Array;

/** ENCR_NULL (RFC 2410). */
export const nullCipher: BareCipher = {
  encrypt: (_iv, data) => data,
  decrypt: (_iv, data) => data,
  destroy: () => undefined,
};

const destroyed = (): never => {
  throw new Error('the cipher is destroyed');
};

/** The octets that an AEAD authenticates beside the data (RFC 4106 §5, RFC 5282 §5.1). */
function aadOf(buffer: Uint8Array, aadAt: number, ivAt: number, esnHigh: number): Uint8Array {
  if (esnHigh < 0) return buffer.subarray(aadAt, ivAt);
  return concat(buffer.subarray(aadAt, aadAt + 4), u32(esnHigh), buffer.subarray(aadAt + 4, aadAt + 8));
}

/** Cipher, then MAC over aad, IV, ciphertext and the upper half of an extended sequence number (RFC 4303 §2.8). */
export function encryptThenMac(
  sizes: CipherSizes,
  cipher: BareCipher,
  mac: Mac,
  integKey: Uint8Array,
): PacketCipher {
  const key = integKey.slice();
  let alive = true;

  const icv = (covered: Uint8Array, esnHigh: number): Uint8Array =>
    (esnHigh < 0 ? mac(key, covered) : mac(key, covered, u32(esnHigh))).subarray(0, sizes.icvLength);

  return {
    ...sizes,
    seal(buffer, aadAt, ivAt, length, esnHigh) {
      if (!alive) destroyed();
      mustFit(sizes, buffer, aadAt, ivAt, length);
      const at = ivAt + sizes.ivLength;
      const end = at + length;
      if (length > 0) buffer.set(cipher.encrypt(buffer.subarray(ivAt, at), buffer.subarray(at, end)), at);
      buffer.set(icv(buffer.subarray(aadAt, end), esnHigh), end);
    },
    open(buffer, aadAt, ivAt, length, esnHigh) {
      if (!alive) destroyed();
      if (!fits(sizes, buffer, aadAt, ivAt, length)) return false;
      const at = ivAt + sizes.ivLength;
      const end = at + length;
      const expected = icv(buffer.subarray(aadAt, end), esnHigh);
      if (!equalConstantTime(expected, buffer.subarray(end, end + sizes.icvLength))) return false;
      if (length > 0) buffer.set(cipher.decrypt(buffer.subarray(ivAt, at), buffer.subarray(at, end)), at);
      return true;
    },
    destroy() {
      alive = false;
      cipher.destroy();
      wipe(key);
    },
  };
}

/** An AEAD whose nonce is salt ‖ IV. */
export function aeadPackets(sizes: CipherSizes, saltOctets: Uint8Array, aead: Aead): PacketCipher {
  const salt = saltOctets.slice();
  let alive = true;
  return {
    ...sizes,
    seal(buffer, aadAt, ivAt, length, esnHigh) {
      if (!alive) destroyed();
      mustFit(sizes, buffer, aadAt, ivAt, length);
      const at = ivAt + sizes.ivLength;
      const nonce = concat(salt, buffer.subarray(ivAt, at));
      const aad = aadOf(buffer, aadAt, ivAt, esnHigh);
      buffer.set(aead.seal(nonce, aad, buffer.subarray(at, at + length)), at);
    },
    open(buffer, aadAt, ivAt, length, esnHigh) {
      if (!alive) destroyed();
      if (!fits(sizes, buffer, aadAt, ivAt, length)) return false;
      const at = ivAt + sizes.ivLength;
      const nonce = concat(salt, buffer.subarray(ivAt, at));
      const aad = aadOf(buffer, aadAt, ivAt, esnHigh);
      const plain = aead.open(nonce, aad, buffer.subarray(at, at + length + sizes.icvLength));
      if (plain === undefined) return false;
      buffer.set(plain, at);
      return true;
    },
    destroy() {
      alive = false;
      aead.destroy();
      wipe(salt);
    },
  };
}

/**
 * GMAC (RFC 4543 §3.3): nothing is encrypted; AAD, IV and data are what a GCM without plaintext authenticates.
 * @param tag computes the ICV of a message under a nonce
 */
export function gmacPackets(
  sizes: CipherSizes,
  saltOctets: Uint8Array,
  tag: (nonce: Uint8Array, message: Uint8Array) => Uint8Array,
  forget: () => void,
): PacketCipher {
  const salt = saltOctets.slice();
  let alive = true;

  function icv(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): Uint8Array {
    const at = ivAt + sizes.ivLength;
    const message = concat(aadOf(buffer, aadAt, ivAt, esnHigh), buffer.subarray(ivAt, at + length));
    return tag(concat(salt, buffer.subarray(ivAt, at)), message);
  }

  return {
    ...sizes,
    seal(buffer, aadAt, ivAt, length, esnHigh) {
      if (!alive) destroyed();
      mustFit(sizes, buffer, aadAt, ivAt, length);
      buffer.set(icv(buffer, aadAt, ivAt, length, esnHigh), ivAt + sizes.ivLength + length);
    },
    open(buffer, aadAt, ivAt, length, esnHigh) {
      if (!alive) destroyed();
      if (!fits(sizes, buffer, aadAt, ivAt, length)) return false;
      const end = ivAt + sizes.ivLength + length;
      const expected = icv(buffer, aadAt, ivAt, length, esnHigh);
      return equalConstantTime(expected, buffer.subarray(end, end + sizes.icvLength));
    },
    destroy() {
      alive = false;
      forget();
      wipe(salt);
    },
  };
}

/** The first counter block of RFC 3686 §4 and RFC 5529 §2.2: nonce ‖ IV ‖ 1. */
export function firstCounter(salt: Uint8Array, iv: Uint8Array): Uint8Array {
  const block = new Uint8Array(16);
  block.set(salt);
  block.set(iv, salt.length);
  block[15] = 1;
  return block;
}
