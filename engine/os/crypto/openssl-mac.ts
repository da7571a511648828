/** Kept MAC contexts of OpenSSL: HMAC and CMAC by EVP_MAC(3), AES-XCBC (RFC 3566) by its CBC mode. */
import { wipe, writeU32 } from '../../base/bytes.ts';
import type { MacName } from '../../crypto/algorithms.ts';
import { type Address, addressOf, type OpenSsl } from '../ffi/openssl.ts';
import { hmacDigestName } from './node-names.ts';
import { fixedMemory, oneParam, PARAM_UTF8 } from './openssl-params.ts';

/** A MAC under one key. */
export interface KeyedMac {
  /** The octets of the last result, as many as an ICV takes. */
  readonly output: Uint8Array;
  /**
   * Authenticates `length` octets at an address, followed by the four octets of `esnHigh` unless that is negative.
   * `view` holds the same octets.
   */
  compute(covered: Address, view: Uint8Array, at: number, length: number, esnHigh: number): void;
  free(): void;
}

const BLOCK = 16;
const MAX_DIGEST = 64;
/** Layout of the scratch memory: digest, its length as a size_t, upper half of the sequence number. */
const LENGTH_AT = MAX_DIGEST;
const HIGH_AT = LENGTH_AT + 8;

function cString(text: string): Uint8Array {
  const out = fixedMemory(text.length + 1);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

function evpMac(ssl: OpenSsl, kind: 'HMAC' | 'CMAC', over: string, key: Uint8Array): KeyedMac {
  const output = fixedMemory(HIGH_AT + 4);
  const scratch = addressOf(output);
  const macKey = fixedMemory(key.length);
  macKey.set(key);
  const name = cString(over);
  const params = oneParam(kind === 'HMAC' ? 'digest' : 'cipher', PARAM_UTF8, addressOf(name), over.length);
  const ctx = ssl.EVP_MAC_CTX_new(ssl.fetchMac(kind));
  if (ctx === 0 || ssl.EVP_MAC_init(ctx, addressOf(macKey), macKey.length, params.address) !== 1) {
    if (ctx !== 0) ssl.EVP_MAC_CTX_free(ctx);
    throw new Error('OpenSSL refused the integrity key');
  }
  wipe(macKey);
  return {
    output,
    compute(covered, _view, _at, length, esnHigh) {
      let good = ssl.EVP_MAC_init(ctx, 0, 0, 0) === 1 && ssl.EVP_MAC_update(ctx, covered, length) === 1;
      if (good && esnHigh >= 0) {
        writeU32(output, HIGH_AT, esnHigh);
        good = ssl.EVP_MAC_update(ctx, scratch + HIGH_AT, 4) === 1;
      }
      if (!good || ssl.EVP_MAC_final(ctx, scratch, scratch + LENGTH_AT, MAX_DIGEST) !== 1)
        throw new Error('OpenSSL failed to compute an ICV');
    },
    free() {
      ssl.EVP_MAC_CTX_free(ctx);
      wipe(output);
    },
  };
}

/** Octets that go through CBC at once; only the last block of its output is of use. */
const CHUNK = 2048;
/** Layout of the memory for XCBC: the end of the message and its MAC, zero IV, key, CBC output. */
const ZERO_AT = 2 * BLOCK;
const KEY_AT = ZERO_AT + BLOCK;
const CHUNK_AT = KEY_AT + BLOCK;

function xcbc(ssl: OpenSsl, key: Uint8Array): KeyedMac {
  const memory = fixedMemory(CHUNK_AT + CHUNK);
  const base = addressOf(memory);
  const ctx = ssl.EVP_CIPHER_CTX_new();
  const cipher = ssl.fetchCipher('aes-128-cbc');

  const mustHold = (good: boolean): void => {
    if (!good) throw new Error('OpenSSL failed to compute an ICV');
  };
  const setKey = (octets: Uint8Array): void => {
    memory.set(octets, KEY_AT);
    mustHold(ctx !== 0 && ssl.EVP_CipherInit_ex2(ctx, cipher, base + KEY_AT, base + ZERO_AT, 1, 0) === 1);
    wipe(memory.subarray(KEY_AT, CHUNK_AT));
  };
  const restart = (): void => mustHold(ssl.EVP_CipherInit_ex2(ctx, 0, 0, base + ZERO_AT, 1, 0) === 1);
  const derive = (octet: number): Uint8Array => {
    memory.fill(octet, 0, BLOCK);
    restart();
    mustHold(ssl.EVP_Cipher(ctx, base, base, BLOCK) >= 0);
    return memory.slice(0, BLOCK);
  };

  setKey(key);
  const [k1, k2, k3] = [derive(1), derive(2), derive(3)];
  setKey(k1);
  wipe(k1);

  return {
    output: memory,
    compute(covered, view, at, length, esnHigh) {
      restart();
      // Whole blocks go straight through; the last one, which is masked, is put together below.
      const rest = length % BLOCK;
      const direct = length - rest - (rest === 0 && esnHigh < 0 && length > 0 ? BLOCK : 0);
      for (let done = 0; done < direct; done += CHUNK)
        mustHold(ssl.EVP_Cipher(ctx, base + CHUNK_AT, covered + done, Math.min(CHUNK, direct - done)) >= 0);
      memory.fill(0, 0, 2 * BLOCK);
      let filled = length - direct;
      for (let i = 0; i < filled; i++) memory[i] = view[at + direct + i] as number;
      if (esnHigh >= 0) {
        writeU32(memory, filled, esnHigh);
        filled += 4;
      }
      const last = filled > BLOCK ? BLOCK : 0;
      const whole = filled === BLOCK;
      if (!whole) memory[filled] = 0x80;
      const mask = whole ? k2 : k3;
      for (let i = 0; i < BLOCK; i++) memory[last + i] = (memory[last + i] as number) ^ (mask[i] as number);
      mustHold(ssl.EVP_Cipher(ctx, base, base, last + BLOCK) >= 0);
      memory.copyWithin(0, last, last + BLOCK);
    },
    free() {
      ssl.EVP_CIPHER_CTX_free(ctx);
      wipe(memory, k2, k3);
    },
  };
}

/** `undefined` when this OpenSSL lacks what the MAC needs. */
export function opensslMac(ssl: OpenSsl, name: MacName, key: Uint8Array): KeyedMac | undefined {
  if (!opensslHasMac(ssl, name)) return undefined;
  const digest = hmacDigestName(name);
  if (digest !== undefined) return evpMac(ssl, 'HMAC', digest, key);
  return name === 'aes-cmac' ? evpMac(ssl, 'CMAC', 'aes-128-cbc', key) : xcbc(ssl, key);
}

export function opensslHasMac(ssl: OpenSsl, name: MacName): boolean {
  if (hmacDigestName(name) !== undefined) return ssl.fetchMac('HMAC') !== 0;
  if (name === 'aes-cmac') return ssl.fetchMac('CMAC') !== 0;
  return name === 'aes-xcbc' && ssl.fetchCipher('aes-128-cbc') !== 0;
}
