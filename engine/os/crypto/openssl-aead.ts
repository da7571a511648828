/**
 * AES-GCM (RFC 4106, RFC 5282), AES-CCM (RFC 4309), GMAC (RFC 4543) and ChaCha20-Poly1305 (RFC 7634) on a kept
 * EVP_CIPHER_CTX.
 */
import { wipe, writeU32 } from '../../base/bytes.ts';
import type { EncrRow, Mode } from '../../crypto/algorithms.ts';
import { fits, mustFit } from '../../crypto/checks.ts';
import type { CipherSizes, CipherSuite, PacketCipher } from '../../crypto/port.ts';
import { type Address, addressOf, type OpenSsl } from '../ffi/openssl.ts';
import { fixedMemory, oneParam, PARAM_OCTETS, type Param } from './openssl-params.ts';
import { Sized } from './sized.ts';

const ENCRYPT = 1;
const DECRYPT = 0;
const WIDE_AAD = 12;
/** Commands of EVP_CIPHER_CTX_ctrl. */
const SET_IV_LENGTH = 0x9;
const SET_TAG = 0x11;

class OpensslAead extends Sized implements PacketCipher {
  readonly #ssl: OpenSsl;
  readonly #mode: Mode;
  readonly #saltLength: number;
  /** salt ‖ IV, the AAD with an extended sequence number, and an `int` that OpenSSL writes. */
  readonly #memory: Uint8Array;
  readonly #nonceLength: number;
  readonly #nonceAddress: Address;
  readonly #tag: Param;
  readonly #cipher: Address;
  readonly #key: Uint8Array;
  /** One context a direction, made when first used: an SA seals or opens, hardly ever both. */
  #sealer: Address = 0;
  #opener: Address = 0;
  #destroyed = false;

  constructor(
    ssl: OpenSsl,
    cipher: Address,
    mode: Mode,
    suite: CipherSuite,
    sizes: CipherSizes,
    encrKey: Uint8Array,
  ) {
    super(sizes);
    this.#ssl = ssl;
    this.#cipher = cipher;
    this.#mode = mode;
    const keyLength = suite.keyBits / 8;
    this.#saltLength = encrKey.length - keyLength;
    this.#nonceLength = this.#saltLength + sizes.ivLength;
    this.#memory = fixedMemory(this.#nonceLength + WIDE_AAD + 4);
    this.#memory.set(encrKey.subarray(keyLength));
    this.#nonceAddress = addressOf(this.#memory);
    this.#key = fixedMemory(keyLength);
    this.#key.set(encrKey.subarray(0, keyLength));
    this.#tag = oneParam('tag', PARAM_OCTETS, 0, sizes.icvLength);
  }

  #context(direction: number): Address {
    const ctx = this.#ssl.EVP_CIPHER_CTX_new();
    if (ctx === 0) throw new Error('OpenSSL is out of memory');
    const ssl = this.#ssl;
    // CCM must know the lengths of nonce and tag before it sees the key.
    if (
      ssl.EVP_CipherInit_ex2(ctx, this.#cipher, 0, 0, direction, 0) !== 1 ||
      (this.#mode === 'ccm' &&
        (ssl.EVP_CIPHER_CTX_ctrl(ctx, SET_IV_LENGTH, this.#nonceLength, 0) !== 1 ||
          ssl.EVP_CIPHER_CTX_ctrl(ctx, SET_TAG, this.icvLength, 0) !== 1)) ||
      ssl.EVP_CipherInit_ex2(ctx, 0, addressOf(this.#key), 0, direction, 0) !== 1
    ) {
      ssl.EVP_CIPHER_CTX_free(ctx);
      throw new Error('OpenSSL refused the key');
    }
    return ctx;
  }

  /** Sets the nonce and, when opening, the expected ICV; then feeds the AAD. */
  #start(
    ctx: Address,
    direction: number,
    params: Address,
    buffer: Uint8Array,
    base: Address,
    aadAt: number,
    ivAt: number,
    length: number,
    esnHigh: number,
  ): boolean {
    const memory = this.#memory;
    for (let i = 0, at = this.#saltLength; i < this.ivLength; i++)
      memory[at + i] = buffer[ivAt + i] as number;
    if (this.#ssl.EVP_CipherInit_ex2(ctx, 0, 0, this.#nonceAddress, direction, params) !== 1) return false;
    if (this.#mode === 'ccm' && this.#ssl.EVP_CipherUpdate(ctx, 0, this.#spare, 0, length) !== 1)
      return false;
    if (esnHigh < 0) return ivAt === aadAt || this.#ssl.EVP_Cipher(ctx, 0, base + aadAt, ivAt - aadAt) >= 0;
    // RFC 4106 §5: SPI, upper half, lower half.
    const wide = this.#nonceLength;
    for (let i = 0; i < 4; i++) {
      memory[wide + i] = buffer[aadAt + i] as number;
      memory[wide + 8 + i] = buffer[aadAt + 4 + i] as number;
    }
    writeU32(memory, wide + 4, esnHigh);
    return this.#ssl.EVP_Cipher(ctx, 0, this.#nonceAddress + wide, WIDE_AAD) >= 0;
  }

  /** Where OpenSSL may write a length that nobody reads. */
  get #spare(): Address {
    return this.#nonceAddress + this.#nonceLength + WIDE_AAD;
  }

  /** Encrypts or decrypts in place; GMAC only reads IV and data, as more of the AAD (RFC 4543 §3.3). */
  #process(ctx: Address, data: Address, length: number): boolean {
    const ssl = this.#ssl;
    if (this.#mode === 'gmac')
      return ssl.EVP_Cipher(ctx, 0, data - this.ivLength, this.ivLength + length) >= 0;
    // CCM does its work here even when there is no data.
    if (length === 0 && this.#mode !== 'ccm') return true;
    return ssl.EVP_Cipher(ctx, data, data, length) >= 0;
  }

  /** EVP_CipherFinal_ex, because ChaCha20-Poly1305 takes an EVP_Cipher of no octets for nothing to do. */
  #finish(ctx: Address): boolean {
    return this.#mode === 'ccm' || this.#ssl.EVP_CipherFinal_ex(ctx, this.#spare, this.#spare) === 1;
  }

  seal(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): void {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    mustFit(this, buffer, aadAt, ivAt, length);
    const ssl = this.#ssl;
    if (this.#sealer === 0) this.#sealer = this.#context(ENCRYPT);
    const ctx = this.#sealer;
    const base = addressOf(buffer);
    const data = base + ivAt + this.ivLength;
    this.#tag.setData(data + length);
    if (
      !this.#start(ctx, ENCRYPT, 0, buffer, base, aadAt, ivAt, length, esnHigh) ||
      !this.#process(ctx, data, length) ||
      !this.#finish(ctx) ||
      ssl.EVP_CIPHER_CTX_get_params(ctx, this.#tag.address) !== 1
    )
      throw new Error('OpenSSL failed to seal');
  }

  open(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): boolean {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    if (!fits(this, buffer, aadAt, ivAt, length)) return false;
    const ssl = this.#ssl;
    if (this.#opener === 0) this.#opener = this.#context(DECRYPT);
    const ctx = this.#opener;
    const base = addressOf(buffer);
    const data = base + ivAt + this.ivLength;
    this.#tag.setData(data + length);
    const good =
      this.#start(ctx, DECRYPT, this.#tag.address, buffer, base, aadAt, ivAt, length, esnHigh) &&
      this.#process(ctx, data, length) &&
      this.#finish(ctx);
    // A refused packet may leave a record in the thread's error queue, where node:crypto would find it.
    if (!good) ssl.ERR_clear_error();
    return good;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    // Freeing a context cleanses its key schedule.
    if (this.#sealer !== 0) this.#ssl.EVP_CIPHER_CTX_free(this.#sealer);
    if (this.#opener !== 0) this.#ssl.EVP_CIPHER_CTX_free(this.#opener);
    wipe(this.#memory, this.#key);
  }
}

export const opensslAead = (
  ssl: OpenSsl,
  cipher: Address,
  row: EncrRow,
  suite: CipherSuite,
  sizes: CipherSizes,
  encrKey: Uint8Array,
): PacketCipher => new OpensslAead(ssl, cipher, row.mode, suite, sizes, encrKey);
