/** Key derivation of PKCS#12 (RFC 7292 appendix B), for its MAC and its own ciphers. */
import { createHash } from 'node:crypto';
import { wipe } from '../base/bytes.ts';

/** What the octets are for (appendix B.3). */
export const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;

/** Octets of the output and of the block, by node:crypto's name of the hash. */
const HASHES: Readonly<Record<string, { readonly length: number; readonly block: number }>> = {
  sha1: { length: 20, block: 64 },
  sha224: { length: 28, block: 64 },
  sha256: { length: 32, block: 64 },
  sha384: { length: 48, block: 128 },
  sha512: { length: 64, block: 128 },
};

const MAX_LENGTH = 256;
const MAX_SALT = 1024;
const MAX_PASSWORD = 4096;
const MAX_ROUNDS = 10_000_000;

/** UTF-16 in network order with two zero octets at the end (appendix B.1). */
export function bmpPassword(text: string): Uint8Array {
  const out = new Uint8Array(2 * text.length + 2);
  for (let i = 0; i < text.length; i++) {
    out[2 * i] = text.charCodeAt(i) >> 8;
    out[2 * i + 1] = text.charCodeAt(i);
  }
  return out;
}

/** `octets` over and over, up to a whole number of blocks; nothing stays nothing. */
function repeated(octets: Uint8Array, block: number): Uint8Array {
  const out = new Uint8Array(block * Math.ceil(octets.length / block));
  for (let i = 0; i < out.length; i++) out[i] = octets[i % octets.length] as number;
  return out;
}

/** Adds `addend + 1` to the block at `at`, modulo 2 to the power of its bits. */
function addOneMore(target: Uint8Array, at: number, addend: Uint8Array): void {
  let carry = 1;
  for (let i = addend.length - 1; i >= 0; i--) {
    carry += (target[at + i] as number) + (addend[i] as number);
    target[at + i] = carry;
    carry >>= 8;
  }
}

export interface Pkcs12KdfInput {
  /** As `bmpPassword` makes it; without any octet for "no password at all". */
  readonly password: Uint8Array;
  readonly salt: Uint8Array;
  readonly rounds: number;
  /** `sha1`, `sha224`, `sha256`, `sha384` or `sha512`. */
  readonly hash: string;
}

/**
 * `length` octets for one of `PURPOSE`.
 * @throws RangeError on an unknown hash, or a length or count beyond the limits above
 */
export function pkcs12Kdf(
  { password, salt, rounds, hash }: Pkcs12KdfInput,
  purpose: number,
  length: number,
): Uint8Array {
  const sizes = Object.hasOwn(HASHES, hash) ? HASHES[hash] : undefined;
  if (!sizes) throw new RangeError(`PKCS#12 keys are not derived with ${hash}`);
  if (length < 1 || length > MAX_LENGTH || salt.length > MAX_SALT || password.length > MAX_PASSWORD)
    throw new RangeError('a length of the PKCS#12 key derivation is out of bounds');
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > MAX_ROUNDS)
    throw new RangeError('the rounds of the PKCS#12 key derivation are out of bounds');
  const { block } = sizes;
  const diversifier = new Uint8Array(block).fill(purpose);
  const saltPart = repeated(salt, block);
  const passwordPart = repeated(password, block);
  const input = new Uint8Array(saltPart.length + passwordPart.length);
  input.set(saltPart);
  input.set(passwordPart, saltPart.length);
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += sizes.length) {
    let a = createHash(hash).update(diversifier).update(input).digest();
    for (let i = 1; i < rounds; i++) a = createHash(hash).update(a).digest();
    out.set(a.subarray(0, Math.min(sizes.length, length - at)), at);
    const b = repeated(a, block).subarray(0, block);
    for (let j = 0; j < input.length; j += block) addOneMore(input, j, b);
    wipe(a, b);
  }
  wipe(input, passwordPart);
  return out;
}
