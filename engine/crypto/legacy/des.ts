/**
 * One block of single DES encryption (FIPS 46-3), which MS-CHAPv2 demands (RFC 2759 §8.6). Written for clarity, bit
 * by bit as the standard numbers them (1 is the leftmost): it runs three times a login. Protects nothing.
 */

// biome-ignore format: tables as the standard prints them
const INITIAL: readonly number[] = [
  58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
  62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
  57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
  61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
];
// biome-ignore format: tables as the standard prints them
const EXPANSION: readonly number[] = [
  32, 1, 2, 3, 4, 5, 4, 5, 6, 7, 8, 9, 8, 9, 10, 11, 12, 13, 12, 13, 14, 15, 16, 17,
  16, 17, 18, 19, 20, 21, 20, 21, 22, 23, 24, 25, 24, 25, 26, 27, 28, 29, 28, 29, 30, 31, 32, 1,
];
// biome-ignore format: tables as the standard prints them
const PERMUTATION: readonly number[] = [
  16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
  2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
];
// biome-ignore format: tables as the standard prints them
const CHOICE_1: readonly number[] = [
  57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18, 10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
  63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22, 14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
];
// biome-ignore format: tables as the standard prints them
const CHOICE_2: readonly number[] = [
  14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4, 26, 8, 16, 7, 27, 20, 13, 2,
  41, 52, 31, 37, 47, 55, 30, 40, 51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
];
const SHIFTS: readonly number[] = [1, 1, 2, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2, 2, 2, 1];

/** S1 to S8, four rows of sixteen hex digits each. */
const BOXES: readonly string[] = [
  'e4d12fb83a6c5907 0f74e2d1a6cb9538 41e8d62bfc973a50 fc8249175b3ea06d',
  'f18e6b34972dc05a 3d47f28ec01a69b5 0e7ba4d158c6932f d8a13f42b67c05e9',
  'a09e63f51dc7b428 d709346a285ecbf1 d6498f30b12c5ae7 1ad069874fe3b52c',
  '7de3069a1285bc4f d8b56f03472c1ae9 a690cb7df13e5284 3f06a1d8945bc72e',
  '2c417ab6853fd0e9 eb2c47d150fa3986 421bad78f9c5630e b8c71e2d6f09a453',
  'c1af92680d34e75b af427c9561de0b38 9ef528c3704a1db6 432c95fabe17608d',
  '4b2ef08d3c975a61 d0b7491ae35c2f86 14bdc37eaf680592 6bd814a7950fe23c',
  'd2846fb1a93e50c7 1fd8a374c56b0e92 7b419ce206adf358 21e74a8dfc90356b',
].map((box) => box.replaceAll(' ', ''));

const bitsOf = (octets: Uint8Array): number[] =>
  Array.from({ length: octets.length * 8 }, (_, i) => ((octets[i >> 3] as number) >> (7 - (i & 7))) & 1);

const pick = (bits: readonly number[], table: readonly number[]): number[] =>
  table.map((place) => bits[place - 1] as number);

const turn = (bits: readonly number[], by: number): number[] => [...bits.slice(by), ...bits.slice(0, by)];

function cipherFunction(right: readonly number[], key: readonly number[]): number[] {
  const mixed = pick(right, EXPANSION).map((bit, i) => bit ^ (key[i] as number));
  const out = BOXES.flatMap((box, i) => {
    const [b0, b1, b2, b3, b4, b5] = mixed.slice(6 * i, 6 * i + 6) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const place = ((b0 << 1) | b5) * 16 + ((b1 << 3) | (b2 << 2) | (b3 << 1) | b4);
    const value = Number.parseInt(box.charAt(place), 16);
    return [value >> 3, (value >> 2) & 1, (value >> 1) & 1, value & 1];
  });
  return pick(out, PERMUTATION);
}

/**
 * Encrypts 8 octets under a key of 8, whose parity bits do not matter.
 * @throws RangeError on other lengths
 */
export function desEncrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
  if (key.length !== 8 || block.length !== 8) throw new RangeError('DES: key and block are 8 octets');
  const halves = pick(bitsOf(key), CHOICE_1);
  let c = halves.slice(0, 28);
  let d = halves.slice(28);
  const bits = pick(bitsOf(block), INITIAL);
  let left = bits.slice(0, 32);
  let right = bits.slice(32);
  for (const shift of SHIFTS) {
    c = turn(c, shift);
    d = turn(d, shift);
    const f = cipherFunction(right, pick([...c, ...d], CHOICE_2));
    [left, right] = [right, left.map((bit, i) => bit ^ (f[i] as number))];
  }
  // The final permutation is the inverse of the initial one.
  const preoutput = [...right, ...left];
  const out = new Uint8Array(8);
  INITIAL.forEach((place, i) => {
    const at = place - 1;
    out[at >> 3] = (out[at >> 3] as number) | ((preoutput[i] as number) << (7 - (at & 7)));
  });
  return out;
}
