/**
 * Twofish with keys of 128, 192 and 256 bits (Schneier et al., "Twofish: A 128-Bit Block Cipher", 1998). The
 * permutations q0 and q1 are computed from their 4-bit tables, which sit in registers, rather than looked up: no
 * branch and no address depends on key or data. That costs speed, and is the point.
 */
import { type BlockCipher, readWords } from './block-cipher.ts';

const ROUNDS = 16;
const RHO = 0x01010101;

/** Sixteen 4-bit entries in two words, the first entry lowest. */
type Nibbles = readonly [number, number];
type Permutation = readonly [Nibbles, Nibbles, Nibbles, Nibbles];

const pack = (digits: string): Nibbles => {
  const half = (from: number): number =>
    [...digits.slice(from, from + 8)].reduceRight(
      (word, digit) => (word << 4) | Number.parseInt(digit, 16),
      0,
    );
  return [half(0), half(8)];
};

/** §4.3.5 of the paper. */
const Q0: Permutation = [
  pack('817d6f320b59eca4'),
  pack('ecb81235f4a6709d'),
  pack('ba5e6d90c8f32471'),
  pack('d7f4126e9b3085ca'),
];
const Q1: Permutation = [
  pack('28bdf76e31940ac5'),
  pack('1e2b4c376da5f908'),
  pack('4c75169a0ed82b3f'),
  pack('b951c3de647f208a'),
];

function nibble(table: Nibbles, x: number): number {
  const upper = -(x >>> 3);
  const word = (table[0] & ~upper) | (table[1] & upper);
  return (word >>> ((x & 7) << 2)) & 15;
}

/** b' of the paper: a XOR (b rotated right by one bit) XOR 8a, in four bits. */
const turn = (a: number, b: number): number => (a ^ (b >>> 1) ^ (b << 3) ^ (a << 3)) & 15;

function q(p: Permutation, x: number): number {
  const a0 = x >>> 4;
  const b0 = x & 15;
  const a2 = nibble(p[0], a0 ^ b0);
  const b2 = nibble(p[1], turn(a0, b0));
  return (nibble(p[3], turn(a2, b2)) << 4) | nibble(p[2], a2 ^ b2);
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

/** Which permutation each octet goes through, from the last step to the first (figure 2 of the paper). */
const STEPS: readonly (readonly [Permutation, Permutation, Permutation, Permutation])[] = [
  [Q1, Q0, Q1, Q0],
  [Q0, Q0, Q1, Q1],
  [Q0, Q1, Q0, Q1],
  [Q1, Q1, Q0, Q0],
  [Q1, Q0, Q0, Q1],
];

/** The function h of a word under a list of two to four words (§4.3.2). */
function h(x: number, list: Int32Array): number {
  let y = x;
  for (let step = list.length; step >= 1; step--) {
    const by = STEPS[step] as (typeof STEPS)[number];
    y =
      (q(by[0], y & 255) |
        (q(by[1], (y >>> 8) & 255) << 8) |
        (q(by[2], (y >>> 16) & 255) << 16) |
        (q(by[3], y >>> 24) << 24)) ^
      (list[step - 1] as number);
  }
  const last = STEPS[0] as (typeof STEPS)[number];
  return mds(
    q(last[0], y & 255),
    q(last[1], (y >>> 8) & 255),
    q(last[2], (y >>> 16) & 255),
    q(last[3], y >>> 24),
  );
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
