/** Block ciphers of 128 bits that are our own, and CBC (RFC 2451 §2) over them. */
import type { BareCipher } from '../packets.ts';

const BLOCK = 16;

/** A keyed permutation of four 32-bit words, which are the block's octets in little-endian order. */
export interface BlockCipher {
  encrypt(words: Int32Array): void;
  decrypt(words: Int32Array): void;
  destroy(): void;
}

/** `count` little-endian words of an octet string. */
export function readWords(octets: Uint8Array, count: number): Int32Array {
  const words = new Int32Array(count);
  load(octets, 0, words);
  return words;
}

function load(octets: Uint8Array, at: number, words: Int32Array): void {
  for (let i = 0; i < words.length; i++) {
    const p = at + 4 * i;
    words[i] =
      (octets[p] as number) |
      ((octets[p + 1] as number) << 8) |
      ((octets[p + 2] as number) << 16) |
      ((octets[p + 3] as number) << 24);
  }
}

function store(words: Int32Array, octets: Uint8Array, at: number): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    const p = at + 4 * i;
    octets[p] = word;
    octets[p + 1] = word >>> 8;
    octets[p + 2] = word >>> 16;
    octets[p + 3] = word >>> 24;
  }
}

function mix(into: Int32Array, other: Int32Array): void {
  for (let i = 0; i < 4; i++) into[i] = (into[i] as number) ^ (other[i] as number);
}

/** CBC mode without padding. */
export function blockCbc(cipher: BlockCipher): BareCipher {
  const words = new Int32Array(4);
  const chain = new Int32Array(4);
  const next = new Int32Array(4);
  return {
    encrypt(iv, data) {
      const out = new Uint8Array(data.length);
      load(iv, 0, chain);
      for (let at = 0; at < data.length; at += BLOCK) {
        load(data, at, words);
        mix(words, chain);
        cipher.encrypt(words);
        chain.set(words);
        store(words, out, at);
      }
      return out;
    },
    decrypt(iv, data) {
      const out = new Uint8Array(data.length);
      load(iv, 0, chain);
      for (let at = 0; at < data.length; at += BLOCK) {
        load(data, at, words);
        next.set(words);
        cipher.decrypt(words);
        mix(words, chain);
        chain.set(next);
        store(words, out, at);
      }
      words.fill(0);
      return out;
    },
    destroy: () => cipher.destroy(),
  };
}
