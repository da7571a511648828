/** Encrypt-then-MAC on kept EVP contexts: CBC and CTR modes, or no cipher at all (RFC 4303 §3.2, RFC 3686, RFC 2410). */
import { wipe } from '../../base/bytes.ts';
import { fits, mustFit } from '../../crypto/checks.ts';
import type { CipherSizes, CipherSuite, PacketCipher } from '../../crypto/port.ts';
import { type Address, addressOf, type OpenSsl } from '../ffi/openssl.ts';
import type { KeyedMac } from './openssl-mac.ts';
import { fixedMemory } from './openssl-params.ts';
import { Sized } from './sized.ts';

const ENCRYPT = 1;
const DECRYPT = 0;
const COUNTER_BLOCK = 16;

class OpensslEncryptThenMac extends Sized implements PacketCipher {
  readonly #ssl: OpenSsl;
  /** 0 for ENCR_NULL. */
  readonly #cipher: Address;
  readonly #key: Uint8Array;
  readonly #mac: KeyedMac;
  /** salt ‖ IV ‖ 1 in CTR mode (RFC 3686 §4), otherwise empty. */
  readonly #counter: Uint8Array;
  readonly #saltLength: number;
  /** One context a direction, made when first used. */
  #sealer: Address = 0;
  #opener: Address = 0;
  #destroyed = false;

  constructor(
    ssl: OpenSsl,
    cipher: Address,
    suite: CipherSuite,
    sizes: CipherSizes,
    encrKey: Uint8Array,
    mac: KeyedMac,
  ) {
    super(sizes);
    this.#ssl = ssl;
    this.#cipher = cipher;
    const keyLength = suite.keyBits / 8;
    this.#key = fixedMemory(keyLength);
    this.#key.set(encrKey.subarray(0, keyLength));
    this.#saltLength = encrKey.length - keyLength;
    this.#counter = fixedMemory(this.#saltLength > 0 ? COUNTER_BLOCK : 0);
    if (this.#saltLength > 0) {
      this.#counter.set(encrKey.subarray(keyLength));
      this.#counter[COUNTER_BLOCK - 1] = 1;
    }
    this.#mac = mac;
  }

  #context(direction: number): Address {
    const ssl = this.#ssl;
    const ctx = ssl.EVP_CIPHER_CTX_new();
    if (ctx === 0) throw new Error('OpenSSL is out of memory');
    // Blowfish takes keys of many lengths and must be told before it sees one.
    if (
      ssl.EVP_CipherInit_ex2(ctx, this.#cipher, 0, 0, direction, 0) !== 1 ||
      ssl.EVP_CIPHER_CTX_set_key_length(ctx, this.#key.length) !== 1 ||
      ssl.EVP_CipherInit_ex2(ctx, 0, addressOf(this.#key), 0, direction, 0) !== 1
    ) {
      ssl.EVP_CIPHER_CTX_free(ctx);
      throw new Error('OpenSSL refused the key');
    }
    return ctx;
  }

  #run(
    ctx: Address,
    direction: number,
    buffer: Uint8Array,
    base: Address,
    ivAt: number,
    length: number,
  ): boolean {
    let iv = base + ivAt;
    if (this.#saltLength > 0) {
      const counter = this.#counter;
      for (let i = 0, at = this.#saltLength; i < this.ivLength; i++)
        counter[at + i] = buffer[ivAt + i] as number;
      iv = addressOf(counter);
    }
    const data = base + ivAt + this.ivLength;
    return (
      this.#ssl.EVP_CipherInit_ex2(ctx, 0, 0, iv, direction, 0) === 1 &&
      this.#ssl.EVP_Cipher(ctx, data, data, length) >= 0
    );
  }

  seal(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): void {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    mustFit(this, buffer, aadAt, ivAt, length);
    const base = addressOf(buffer);
    const end = ivAt + this.ivLength + length;
    if (this.#cipher !== 0 && length > 0) {
      if (this.#sealer === 0) this.#sealer = this.#context(ENCRYPT);
      if (!this.#run(this.#sealer, ENCRYPT, buffer, base, ivAt, length))
        throw new Error('OpenSSL failed to encrypt');
    }
    this.#mac.compute(base + aadAt, buffer, aadAt, end - aadAt, esnHigh);
    const icv = this.#mac.output;
    for (let i = 0; i < this.icvLength; i++) buffer[end + i] = icv[i] as number;
  }

  open(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): boolean {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    if (!fits(this, buffer, aadAt, ivAt, length)) return false;
    const base = addressOf(buffer);
    const end = ivAt + this.ivLength + length;
    this.#mac.compute(base + aadAt, buffer, aadAt, end - aadAt, esnHigh);
    const icv = this.#mac.output;
    let difference = 0;
    for (let i = 0; i < this.icvLength; i++) difference |= (buffer[end + i] as number) ^ (icv[i] as number);
    if (difference !== 0) return false;
    if (this.#cipher === 0 || length === 0) return true;
    if (this.#opener === 0) this.#opener = this.#context(DECRYPT);
    if (!this.#run(this.#opener, DECRYPT, buffer, base, ivAt, length))
      throw new Error('OpenSSL failed to decrypt');
    return true;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    // Freeing a context cleanses its keys.
    if (this.#sealer !== 0) this.#ssl.EVP_CIPHER_CTX_free(this.#sealer);
    if (this.#opener !== 0) this.#ssl.EVP_CIPHER_CTX_free(this.#opener);
    this.#mac.free();
    wipe(this.#key, this.#counter);
  }
}

/** @param cipher 0 for ENCR_NULL */
export const opensslEncryptThenMac = (
  ssl: OpenSsl,
  cipher: Address,
  suite: CipherSuite,
  sizes: CipherSizes,
  encrKey: Uint8Array,
  mac: KeyedMac,
): PacketCipher => new OpensslEncryptThenMac(ssl, cipher, suite, sizes, encrKey, mac);
