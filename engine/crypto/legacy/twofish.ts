/**
 * Twofish with keys of 128, 192 and 256 bits (Schneier et al., "Twofish: A 128-Bit Block Cipher", 1998). The
 * permutations q0 and q1 are computed from their 4-bit tables, which sit in registers, rather than looked up: no
 * branch and no address depends on key or data. That costs speed, and is the point.
 */
import { type BlockCipher, readWords } from './block-cipher.ts';

const ROUNDS = 16;
const RHO = 0x01010101;

/**
 * A 4-bit table in two words of eight entries each: picks the word by a mask and the entry by a shift, whose count
 * JavaScript takes modulo 32.
 */
const nibble = (low: number, high: number, x: number): number =>
  ((low ^ ((low ^ high) & ((x << 28) >> 31))) >>> (x << 2)) & 15;

/** b' of the paper: a XOR (b rotated right by one bit) XOR 8a, in four bits. */
const turn = (a: number, b: number): number => (a ^ (b >>> 1) ^ (b << 3) ^ (a << 3)) & 15;

/** The permutations of §4.3.5 of the paper; each pair of words is one of its tables, the first entry lowest. */
function q0(x: number): number {
  const a = nibble(0x23f6d718, 0x4ace95b0, (x >>> 4) ^ (x & 15));
  const b = nibble(0x53218bce, 0xd9076a4f, turn(x >>> 4, x & 15));
  return (nibble(0xe6214f7d, 0xac5803b9, turn(a, b)) << 4) | nibble(0x09d6e5ab, 0x17423f8c, a ^ b);
}

function q1(x: number): number {
  const a = nibble(0xe67fdb82, 0x5ca04913, (x >>> 4) ^ (x & 15));
  const b = nibble(0x73c4b2e1, 0x809f5ad6, turn(x >>> 4, x & 15));
  return (nibble(0xed3c159b, 0xa802f746, turn(a, b)) << 4) | nibble(0xa96157c4, 0xf3b28de0, a ^ b);
}

/** Division by x in GF(2^8) modulo x^8 + x^6 + x^5 + x^3 + 1. */
const halve = (x: number): number => (x >>> 1) ^ (-(x & 1) & 0xb4);

/** The MDS matrix, whose entries 5B and EF are 1 + x^-2 and 1 + x^-1 + x^-2 (§7.3 of the paper). */
function mds(y0: number, y1: number, y2: number, y3: number): number {
  const h0 = halve(y0);
  const h1 = halve(y1);
  const h2 = halve(y2);
  const h3 = halve(y3);
  const b0 = y0 ^ halve(h0);
  const b1 = y1 ^ halve(h1);
  const b2 = y2 ^ halve(h2);
  const b3 = y3 ^ halve(h3);
  const e0 = b0 ^ h0;
  const e1 = b1 ^ h1;
  const e2 = b2 ^ h2;
  const e3 = b3 ^ h3;
  return (
    (y0 ^ e1 ^ b2 ^ b3) |
    ((b0 ^ e1 ^ e2 ^ y3) << 8) |
    ((e0 ^ b1 ^ y2 ^ e3) << 16) |
    ((e0 ^ y1 ^ e2 ^ b3) << 24)
  );
}

/**
 * The function h of a word under a list of two to four words (§4.3.2, figure 2 of the paper). Written out: how long it
 * takes depends on the length of the key alone.
 */
function h(x: number, list: Int32Array): number {
  let y0 = x & 255;
  let y1 = (x >>> 8) & 255;
  let y2 = (x >>> 16) & 255;
  let y3 = x >>> 24;
  if (list.length === 4) {
    const word = list[3] as number;
    y0 = q1(y0) ^ (word & 255);
    y1 = q0(y1) ^ ((word >>> 8) & 255);
    y2 = q0(y2) ^ ((word >>> 16) & 255);
    y3 = q1(y3) ^ (word >>> 24);
  }
  if (list.length >= 3) {
    const word = list[2] as number;
    y0 = q1(y0) ^ (word & 255);
    y1 = q1(y1) ^ ((word >>> 8) & 255);
    y2 = q0(y2) ^ ((word >>> 16) & 255);
    y3 = q0(y3) ^ (word >>> 24);
  }
  const second = list[1] as number;
  y0 = q0(y0) ^ (second & 255);
  y1 = q1(y1) ^ ((second >>> 8) & 255);
  y2 = q0(y2) ^ ((second >>> 16) & 255);
  y3 = q1(y3) ^ (second >>> 24);
  const first = list[0] as number;
  y0 = q0(y0) ^ (first & 255);
  y1 = q0(y1) ^ ((first >>> 8) & 255);
  y2 = q1(y2) ^ ((first >>> 16) & 255);
  y3 = q1(y3) ^ (first >>> 24);
  return mds(q1(y0), q0(y1), q1(y2), q0(y3));
}

/** Multiplication in GF(2^8) modulo x^8 + x^6 + x^3 + x^2 + 1 by a known factor. */
function times(factor: number, x: number): number {
  let sum = 0;
  let power = x;
  for (let bit = 0; bit < 8; bit++) {
    sum ^= power & -((factor >>> bit) & 1);
    power = (power << 1) ^ (-(power >>> 7) & 0x14d);
  }
  return sum;
}

const RS: readonly (readonly number[])[] = [
  [0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e],
  [0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5],
  [0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19],
  [0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03],
];

/** Four octets out of eight octets of key (§4.3). */
const condense = (octets: Uint8Array): number =>
  RS.reduce(
    (word, row, i) =>
      word | (row.reduce((sum, factor, j) => sum ^ times(factor, octets[j] as number), 0) << (8 * i)),
    0,
  );

const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

/** 40 words: four before, four after, two a round. */
function subkeys(key: Uint8Array): Int32Array {
  const words = readWords(key, key.length / 4);
  const even = words.filter((_, i) => i % 2 === 0);
  const odd = words.filter((_, i) => i % 2 === 1);
  const keys = new Int32Array(8 + 2 * ROUNDS);
  for (let i = 0; i < keys.length; i += 2) {
    const a = h(Math.imul(i, RHO), even);
    const b = rotl(h(Math.imul(i + 1, RHO), odd), 8);
    keys[i] = a + b;
    keys[i + 1] = rotl((a + 2 * b) | 0, 9);
  }
  words.fill(0);
  even.fill(0);
  odd.fill(0);
  return keys;
}

/** The key has 16, 24 or 32 octets. */
export function twofish(key: Uint8Array): BlockCipher {
  const keys = subkeys(key);
  const k = key.length / 8;
  const list = new Int32Array(k);
  for (let i = 0; i < k; i++) list[k - 1 - i] = condense(key.subarray(8 * i, 8 * i + 8));

  const whiten = (s: Int32Array, from: number): void => {
    for (let i = 0; i < 4; i++) s[i] = (s[i] as number) ^ (keys[from + i] as number);
  };
  const swap = (s: Int32Array): void => {
    const [a, b, c, d] = [s[0] as number, s[1] as number, s[2] as number, s[3] as number];
    s[0] = c;
    s[1] = d;
    s[2] = a;
    s[3] = b;
  };

  return {
    encrypt(s) {
      whiten(s, 0);
      for (let round = 0; round < ROUNDS; round++) {
        const t0 = h(s[0] as number, list);
        const t1 = h(rotl(s[1] as number, 8), list);
        const f0 = t0 + t1 + (keys[8 + 2 * round] as number);
        const f1 = t0 + 2 * t1 + (keys[9 + 2 * round] as number);
        s[2] = rotl((s[2] as number) ^ f0, 31);
        s[3] = rotl(s[3] as number, 1) ^ f1;
        swap(s);
      }
      swap(s);
      whiten(s, 4);
    },
    decrypt(s) {
      whiten(s, 4);
      swap(s);
      for (let round = ROUNDS - 1; round >= 0; round--) {
        swap(s);
        const t0 = h(s[0] as number, list);
        const t1 = h(rotl(s[1] as number, 8), list);
        const f0 = t0 + t1 + (keys[8 + 2 * round] as number);
        const f1 = t0 + 2 * t1 + (keys[9 + 2 * round] as number);
        s[2] = rotl(s[2] as number, 1) ^ f0;
        s[3] = rotl((s[3] as number) ^ f1, 31);
      }
      whiten(s, 0);
    },
    destroy: () => {
      keys.fill(0);
      list.fill(0);
    },
  };
}
