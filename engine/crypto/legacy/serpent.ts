/**
 * Serpent with keys of 128, 192 and 256 bits (Anderson, Biham, Knudsen, "Serpent: A Proposal for the Advanced
 * Encryption Standard", 1998), bitsliced: no branch and no look-up depends on key or data.
 */
import { type BlockCipher, readWords } from './block-cipher.ts';
import { SERPENT_BOXES, SERPENT_INVERSES } from './serpent-boxes.ts';

const ROUNDS = 32;
/** The fractional part of the golden ratio. */
const PHI = 0x9e3779b9;

const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

function mixKey(s: Int32Array, keys: Int32Array, round: number): void {
  for (let i = 0; i < 4; i++) s[i] = (s[i] as number) ^ (keys[4 * round + i] as number);
}

/** The linear transformation of a round. */
function spread(s: Int32Array): void {
  let x0 = rotl(s[0] as number, 13);
  let x2 = rotl(s[2] as number, 3);
  const x1 = rotl((s[1] as number) ^ x0 ^ x2, 1);
  const x3 = rotl((s[3] as number) ^ x2 ^ (x0 << 3), 7);
  x0 ^= x1 ^ x3;
  x2 ^= x3 ^ (x1 << 7);
  s[0] = rotl(x0, 5);
  s[1] = x1;
  s[2] = rotl(x2, 22);
  s[3] = x3;
}

function gather(s: Int32Array): void {
  const y1 = s[1] as number;
  const y3 = s[3] as number;
  const x2 = rotl(s[2] as number, 10) ^ y3 ^ (y1 << 7);
  const x0 = rotl(s[0] as number, 27) ^ y1 ^ y3;
  s[3] = rotl(y3, 25) ^ x2 ^ (x0 << 3);
  s[1] = rotl(y1, 31) ^ x0 ^ x2;
  s[2] = rotl(x2, 29);
  s[0] = rotl(x0, 19);
}

type Box = (s: Int32Array) => void;
const box = (round: number): Box => SERPENT_BOXES[round & 7] as Box;
const inverse = (round: number): Box => SERPENT_INVERSES[round & 7] as Box;

/** 33 round keys of four words (§4 of the proposal). */
function roundKeys(key: Uint8Array): Int32Array {
  const padded = new Uint8Array(32);
  padded.set(key);
  // A short key is followed by a one bit and zeros.
  if (key.length < 32) padded[key.length] = 1;
  const w = new Int32Array(8 + 4 * (ROUNDS + 1));
  w.set(readWords(padded, 8));
  padded.fill(0);
  for (let i = 0; i < w.length - 8; i++) {
    const word = (w[i] as number) ^ (w[i + 3] as number) ^ (w[i + 5] as number) ^ (w[i + 7] as number);
    w[i + 8] = rotl(word ^ PHI ^ i, 11);
  }
  const keys = w.slice(8);
  w.fill(0);
  for (let round = 0; round <= ROUNDS; round++)
    box(ROUNDS + 3 - round)(keys.subarray(4 * round, 4 * round + 4));
  return keys;
}

/** The key has 16, 24 or 32 octets. */
export function serpent(key: Uint8Array): BlockCipher {
  const keys = roundKeys(key);
  return {
    encrypt(s) {
      for (let round = 0; round < ROUNDS; round++) {
        mixKey(s, keys, round);
        box(round)(s);
        if (round < ROUNDS - 1) spread(s);
      }
      mixKey(s, keys, ROUNDS);
    },
    decrypt(s) {
      mixKey(s, keys, ROUNDS);
      for (let round = ROUNDS - 1; round >= 0; round--) {
        if (round < ROUNDS - 1) gather(s);
        inverse(round)(s);
        mixKey(s, keys, round);
      }
    },
    destroy: () => {
      keys.fill(0);
    },
  };
}
