/**
 * RC2 in CBC mode (RFC 2268), decryption only: what old PKCS#12 files hide their certificates with. OpenSSL 3
 * keeps it in the legacy provider, which node:crypto cannot reach. Never used to encrypt anything.
 */
import { fromHex, wipe } from '../base/bytes.ts';

/** RFC 2268 §2: a permutation of the octets, from the digits of pi. */
const PITABLE: Uint8Array = fromHex(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
);
const BLOCK = 8;
const ROTATIONS = [1, 2, 3, 5] as const;

const pi = (index: number): number => PITABLE[index & 0xff] as number;

/** RFC 2268 §2: 64 words of 16 bits. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const length = key.length;
  const octets = new Uint8Array(128);
  octets.set(key);
  for (let i = length; i < 128; i++)
    octets[i] = pi((octets[i - 1] as number) + (octets[i - length] as number));
  const effective = Math.ceil(effectiveBits / 8);
  const mask = 0xff >> (8 * effective - effectiveBits);
  octets[128 - effective] = pi((octets[128 - effective] as number) & mask);
  for (let i = 127 - effective; i >= 0; i--)
    octets[i] = pi((octets[i + 1] as number) ^ (octets[i + effective] as number));
  const words = new Uint16Array(64);
  for (let i = 0; i < 64; i++) words[i] = (octets[2 * i] as number) | ((octets[2 * i + 1] as number) << 8);
  wipe(octets);
  return words;
}

/** RFC 2268 §4, on four words in place. */
function decryptBlock(words: Uint16Array, r: Uint16Array): void {
  const at = (i: number): number => r[i & 3] as number;
  let next = 63;
  const mix = (rounds: number): void => {
    for (; rounds > 0; rounds--)
      for (let i = 3; i >= 0; i--) {
        const turn = ROTATIONS[i] as number;
        const turned = (at(i) >>> turn) | (at(i) << (16 - turn));
        const others = (at(i - 1) & at(i - 2)) + (~at(i - 1) & at(i - 3));
        r[i] = turned - (words[next--] as number) - others;
      }
  };
  const mash = (): void => {
    for (let i = 3; i >= 0; i--) r[i] = at(i) - (words[at(i - 1) & 63] as number);
  };
  mix(5);
  mash();
  mix(6);
  mash();
  mix(5);
}

/**
 * The plain octets with their padding still on.
 * @param key 1 to 128 octets
 * @param effectiveBits 1 to 1024
 * @param iv 8 octets
 * @throws RangeError on other lengths, or data that is no whole number of blocks
 */
export function decryptRc2Cbc(
  key: Uint8Array,
  effectiveBits: number,
  iv: Uint8Array,
  data: Uint8Array,
): Uint8Array {
  if (key.length < 1 || key.length > 128) throw new RangeError('RC2 keys have 1 to 128 octets');
  if (!(effectiveBits >= 1 && effectiveBits <= 1024))
    throw new RangeError('RC2 has 1 to 1024 effective bits');
  if (iv.length !== BLOCK || data.length % BLOCK !== 0) throw new RangeError('RC2 blocks have 8 octets');
  const words = expandKey(key, effectiveBits);
  const out = new Uint8Array(data.length);
  const r = new Uint16Array(4);
  for (let at = 0; at < data.length; at += BLOCK) {
    for (let i = 0; i < 4; i++) r[i] = (data[at + 2 * i] as number) | ((data[at + 2 * i + 1] as number) << 8);
    decryptBlock(words, r);
    for (let i = 0; i < BLOCK; i++) {
      const before = (at === 0 ? iv[i] : data[at - BLOCK + i]) as number;
      out[at + i] = (((r[i >> 1] as number) >> (8 * (i & 1))) & 0xff) ^ before;
    }
  }
  words.fill(0);
  r.fill(0);
  return out;
}
