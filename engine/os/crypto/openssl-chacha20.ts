/**
 * ChaCha20-Poly1305 (RFC 8439, RFC 7634) put together from OpenSSL's own two primitives. The EVP interface spends as
 * long on one packet's bookkeeping as on its octets; here a packet costs five or six calls, and when sealing the
 * one-time key falls out of the same run over the cipher as the data. The primitives are exported, but documented
 * nowhere: they are used only once they have given a published answer.
 */
import { equalBytes, fromHex, utf8, wipe, writeU32 } from '../../base/bytes.ts';
import { fits, mustFit } from '../../crypto/checks.ts';
import type { CipherSizes, PacketCipher } from '../../crypto/port.ts';
import { type Address, addressOf, type ChaCha20Calls, type OpenSsl } from '../ffi/openssl.ts';
import { fixedMemory } from './openssl-params.ts';
import { Sized } from './sized.ts';

const KEY_LENGTH = 32;
const BLOCK = 64;
const IV_LENGTH = 8;
const TAG_LENGTH = 16;

/** What a cipher keeps in its memory, each a multiple of 16 octets. */
const COUNTER = KEY_LENGTH;
const NONCE = COUNTER + 4;
const NO_OCTETS = COUNTER + 16;
/** The first block of the key stream, whose first half is Poly1305's key (RFC 8439 §2.6). */
const FIRST_BLOCK = NO_OCTETS + BLOCK;
/** Padding, then the lengths of AAD and data (RFC 8439 §2.8). */
const PADDING = FIRST_BLOCK + BLOCK;
const LENGTHS = PADDING + 16;
const WIDE_AAD = LENGTHS + 16;
const TAG = WIDE_AAD + 16;
const STATE = TAG + TAG_LENGTH;

/** Four octets as a word of this machine, which is a little-endian one where OpenSSL is called at all. */
const wordAt = (buffer: Uint8Array, at: number): number =>
  (buffer[at] as number) |
  ((buffer[at + 1] as number) << 8) |
  ((buffer[at + 2] as number) << 16) |
  ((buffer[at + 3] as number) << 24);

function putWord(buffer: Uint8Array, at: number, word: number): void {
  buffer[at] = word;
  buffer[at + 1] = word >>> 8;
  buffer[at + 2] = word >>> 16;
  buffer[at + 3] = word >>> 24;
}

class OpensslChaCha20 extends Sized implements PacketCipher {
  readonly #calls: ChaCha20Calls;
  readonly #memory: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array;
  readonly #base: Address;
  /** What lay where the first block of the key stream is made. */
  readonly #aside = new Uint32Array(BLOCK / 4);
  /** Over the buffer of the last packet: they come in runs from the same one. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Uint8Array | undefined;
  #destroyed = false;

  constructor(calls: ChaCha20Calls, sizes: CipherSizes, encrKey: Uint8Array) {
    super(sizes);
    this.#calls = calls;
    this.#memory = fixedMemory(STATE + calls.stateLength);
    this.#words = new Uint32Array(this.#memory.buffer, 0, STATE / 4);
    this.#base = addressOf(this.#memory);
    this.#memory.set(encrKey.subarray(0, KEY_LENGTH));
    this.#memory.set(encrKey.subarray(KEY_LENGTH), NONCE);
  }

  #stream(at: Address, source: Address, length: number, block: number): void {
    this.#words[COUNTER / 4] = block;
    this.#calls.ChaCha20_ctr32(at, source, length, this.#base, this.#base + COUNTER);
  }

  #setNonce(buffer: Uint8Array, ivAt: number): void {
    const words = this.#words;
    words[NONCE / 4 + 1] = wordAt(buffer, ivAt);
    words[NONCE / 4 + 2] = wordAt(buffer, ivAt + 4);
  }

  /** The tag over AAD and ciphertext goes to `tag`. */
  #authenticate(
    key: Address,
    buffer: Uint8Array,
    aadAt: number,
    ivAt: number,
    length: number,
    esnHigh: number,
    tag: Address,
  ): void {
    const calls = this.#calls;
    const words = this.#words;
    const base = this.#base;
    const state = base + STATE;
    const at = addressOf(buffer);
    calls.Poly1305_Init(state, key);
    let aadLength = ivAt - aadAt;
    if (esnHigh < 0 && aadLength === 8) {
      // The IV lies where the AAD's padding would: without it AAD and ciphertext are one run.
      putWord(buffer, ivAt, 0);
      putWord(buffer, ivAt + 4, 0);
      calls.Poly1305_Update(state, at + aadAt, 16 + length);
      putWord(buffer, ivAt, words[NONCE / 4 + 1] as number);
      putWord(buffer, ivAt + 4, words[NONCE / 4 + 2] as number);
    } else {
      if (esnHigh >= 0) {
        // SPI, the upper half, the lower half (RFC 7634 §2.1).
        aadLength = 12;
        words[WIDE_AAD / 4] = wordAt(buffer, aadAt);
        writeU32(this.#memory, WIDE_AAD + 4, esnHigh);
        words[WIDE_AAD / 4 + 2] = wordAt(buffer, aadAt + 4);
        calls.Poly1305_Update(state, base + WIDE_AAD, 16);
      } else if (aadLength > 0) {
        calls.Poly1305_Update(state, at + aadAt, aadLength);
        if (aadLength % 16 > 0) calls.Poly1305_Update(state, base + PADDING, 16 - (aadLength % 16));
      }
      if (length > 0) calls.Poly1305_Update(state, at + ivAt + IV_LENGTH, length);
    }
    const padding = length % 16 > 0 ? 16 - (length % 16) : 0;
    words[LENGTHS / 4] = aadLength;
    words[LENGTHS / 4 + 2] = length;
    calls.Poly1305_Update(state, base + LENGTHS - padding, padding + 16);
    calls.Poly1305_Final(state, tag);
  }

  seal(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): void {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    mustFit(this, buffer, aadAt, ivAt, length);
    this.#setNonce(buffer, ivAt);
    const dataAt = ivAt + IV_LENGTH;
    const data = addressOf(buffer) + dataAt;
    if (dataAt < BLOCK) {
      const first = this.#base + FIRST_BLOCK;
      this.#stream(first, this.#base + NO_OCTETS, BLOCK, 0);
      if (length > 0) this.#stream(data, data, length, 1);
      this.#authenticate(first, buffer, aadAt, ivAt, length, esnHigh, data + length);
      return;
    }
    // The block before the data is lent to the first block of the key stream.
    const view = this.#viewOf(buffer);
    const aside = this.#aside;
    const from = dataAt - BLOCK;
    for (let i = 0; i < BLOCK / 4; i++) {
      aside[i] = view.getUint32(from + 4 * i, true);
      view.setUint32(from + 4 * i, 0, true);
    }
    this.#stream(data - BLOCK, data - BLOCK, BLOCK + length, 0);
    const words = this.#words;
    for (let i = 0; i < KEY_LENGTH / 4; i++) words[FIRST_BLOCK / 4 + i] = view.getUint32(from + 4 * i, true);
    for (let i = 0; i < BLOCK / 4; i++) view.setUint32(from + 4 * i, aside[i] as number, true);
    this.#authenticate(this.#base + FIRST_BLOCK, buffer, aadAt, ivAt, length, esnHigh, data + length);
  }

  open(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): boolean {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    if (!fits(this, buffer, aadAt, ivAt, length)) return false;
    this.#setNonce(buffer, ivAt);
    const first = this.#base + FIRST_BLOCK;
    this.#stream(first, this.#base + NO_OCTETS, BLOCK, 0);
    this.#authenticate(first, buffer, aadAt, ivAt, length, esnHigh, this.#base + TAG);
    const dataAt = ivAt + IV_LENGTH;
    let difference = 0;
    for (let i = 0; i < TAG_LENGTH; i += 4)
      difference |= (this.#words[(TAG + i) / 4] as number) ^ wordAt(buffer, dataAt + length + i);
    if (difference !== 0) return false;
    const data = addressOf(buffer) + dataAt;
    if (length > 0) this.#stream(data, data, length, 1);
    return true;
  }

  #viewOf(buffer: Uint8Array): DataView {
    if (buffer !== this.#viewed) {
      this.#viewed = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    return this.#view;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    wipe(this.#memory);
    this.#viewed = undefined;
  }
}

export const opensslChaCha20 = (
  calls: ChaCha20Calls,
  sizes: CipherSizes,
  encrKey: Uint8Array,
): PacketCipher => new OpensslChaCha20(calls, sizes, encrKey);

/** RFC 8439 §2.8.2, whose nonce and AAD have the shape of an ESP packet's with an extended sequence number. */
const KNOWN = {
  key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f07000000',
  head: '50515253c4c5c6c74041424344454647',
  esnHigh: 0xc0c1c2c3,
  text: "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  sealed:
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
} as const;

const verdicts = new WeakMap<OpenSsl, boolean>();

/** Whether the library's primitives are there and do what their names say, sealing and opening. */
export function chaCha20Works(
  ssl: OpenSsl,
  sizes: CipherSizes,
): ssl is OpenSsl & { chaCha20: ChaCha20Calls } {
  const known = verdicts.get(ssl);
  if (known !== undefined) return known;
  const works = ssl.chaCha20 !== undefined && answersAsPublished(ssl.chaCha20, sizes);
  verdicts.set(ssl, works);
  return works;
}

function answersAsPublished(calls: ChaCha20Calls, sizes: CipherSizes): boolean {
  const cipher = opensslChaCha20(calls, sizes, fromHex(KNOWN.key));
  const text = utf8(KNOWN.text);
  const head = fromHex(KNOWN.head);
  const sealed = fromHex(KNOWN.sealed);
  // Once with room for a block before the data, once without.
  const good = [BLOCK, 0].every((at) => {
    const buffer = fixedMemory(at + head.length + sealed.length);
    buffer.set(head, at);
    buffer.set(text, at + head.length);
    cipher.seal(buffer, at, at + 8, text.length, KNOWN.esnHigh);
    const same = equalBytes(buffer.subarray(at + head.length), sealed);
    return (
      same &&
      cipher.open(buffer, at, at + 8, text.length, KNOWN.esnHigh) &&
      equalBytes(buffer.subarray(at + head.length, at + head.length + text.length), text)
    );
  });
  cipher.destroy();
  return good;
}
