/** CBC with HMAC, encrypt-then-MAC (RFC 3602, RFC 2404, RFC 4868), on kept EVP contexts. */
import { wipe, writeU32 } from '../../base/bytes.ts';
import { fits, mustFit } from '../../crypto/checks.ts';
import type { CipherSizes, PacketCipher } from '../../crypto/port.ts';
import { type Address, addressOf, type OpenSsl } from '../ffi/openssl.ts';
import { fixedMemory, oneParam, PARAM_UTF8 } from './openssl-params.ts';

const ENCRYPT = 1;
const DECRYPT = 0;
const MAX_DIGEST = 64;
/** Layout of the scratch memory: digest, its length as a size_t, upper half of the sequence number. */
const LENGTH_AT = MAX_DIGEST;
const HIGH_AT = LENGTH_AT + 8;

class OpensslEncryptThenMac implements PacketCipher {
  readonly encrKeyLength: number;
  readonly integKeyLength: number;
  readonly ivLength: number;
  readonly ivKind: CipherSizes['ivKind'];
  readonly icvLength: number;
  readonly blockLength: number;

  readonly #ssl: OpenSsl;
  readonly #cipher: Address;
  readonly #key: Uint8Array;
  readonly #scratch: Uint8Array;
  readonly #scratchAddress: Address;
  readonly #mac: Address;
  /** One context a direction, made when first used. */
  #sealer: Address = 0;
  #opener: Address = 0;
  #destroyed = false;

  constructor(
    ssl: OpenSsl,
    cipher: Address,
    digest: string,
    sizes: CipherSizes,
    encrKey: Uint8Array,
    integKey: Uint8Array,
  ) {
    this.encrKeyLength = sizes.encrKeyLength;
    this.integKeyLength = sizes.integKeyLength;
    this.ivLength = sizes.ivLength;
    this.ivKind = sizes.ivKind;
    this.icvLength = sizes.icvLength;
    this.blockLength = sizes.blockLength;
    this.#ssl = ssl;
    this.#cipher = cipher;
    this.#key = fixedMemory(encrKey.length);
    this.#key.set(encrKey);
    this.#scratch = fixedMemory(HIGH_AT + 4);
    this.#scratchAddress = addressOf(this.#scratch);
    const macKey = fixedMemory(integKey.length);
    macKey.set(integKey);
    const name = fixedMemory(digest.length + 1);
    for (let i = 0; i < digest.length; i++) name[i] = digest.charCodeAt(i);
    const params = oneParam('digest', PARAM_UTF8, addressOf(name), digest.length);
    this.#mac = ssl.EVP_MAC_CTX_new(ssl.fetchMac('HMAC'));
    if (
      this.#mac === 0 ||
      ssl.EVP_MAC_init(this.#mac, addressOf(macKey), macKey.length, params.address) !== 1
    ) {
      if (this.#mac !== 0) ssl.EVP_MAC_CTX_free(this.#mac);
      throw new Error('OpenSSL refused the integrity key');
    }
    wipe(macKey);
  }

  #context(direction: number): Address {
    const ctx = this.#ssl.EVP_CIPHER_CTX_new();
    if (ctx === 0) throw new Error('OpenSSL is out of memory');
    if (this.#ssl.EVP_CipherInit_ex2(ctx, this.#cipher, addressOf(this.#key), 0, direction, 0) !== 1) {
      this.#ssl.EVP_CIPHER_CTX_free(ctx);
      throw new Error('OpenSSL refused the key');
    }
    return ctx;
  }

  /** Leaves the whole digest at the start of the scratch memory. */
  #digest(covered: Address, length: number, esnHigh: number): void {
    const ssl = this.#ssl;
    const scratch = this.#scratchAddress;
    let good =
      ssl.EVP_MAC_init(this.#mac, 0, 0, 0) === 1 && ssl.EVP_MAC_update(this.#mac, covered, length) === 1;
    if (good && esnHigh >= 0) {
      writeU32(this.#scratch, HIGH_AT, esnHigh);
      good = ssl.EVP_MAC_update(this.#mac, scratch + HIGH_AT, 4) === 1;
    }
    if (!good || ssl.EVP_MAC_final(this.#mac, scratch, scratch + LENGTH_AT, MAX_DIGEST) !== 1)
      throw new Error('OpenSSL failed to compute an ICV');
  }

  seal(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): void {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    mustFit(this, buffer, aadAt, ivAt, length);
    if (this.#sealer === 0) this.#sealer = this.#context(ENCRYPT);
    const base = addressOf(buffer);
    const at = ivAt + this.ivLength;
    const end = at + length;
    if (
      this.#ssl.EVP_CipherInit_ex2(this.#sealer, 0, 0, base + ivAt, ENCRYPT, 0) !== 1 ||
      (length > 0 && this.#ssl.EVP_Cipher(this.#sealer, base + at, base + at, length) < 0)
    )
      throw new Error('OpenSSL failed to encrypt');
    this.#digest(base + aadAt, end - aadAt, esnHigh);
    for (let i = 0; i < this.icvLength; i++) buffer[end + i] = this.#scratch[i] as number;
  }

  open(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): boolean {
    if (this.#destroyed) throw new Error('the cipher is destroyed');
    if (!fits(this, buffer, aadAt, ivAt, length)) return false;
    if (this.#opener === 0) this.#opener = this.#context(DECRYPT);
    const base = addressOf(buffer);
    const at = ivAt + this.ivLength;
    const end = at + length;
    this.#digest(base + aadAt, end - aadAt, esnHigh);
    let difference = 0;
    for (let i = 0; i < this.icvLength; i++)
      difference |= (buffer[end + i] as number) ^ (this.#scratch[i] as number);
    if (difference !== 0) return false;
    if (
      this.#ssl.EVP_CipherInit_ex2(this.#opener, 0, 0, base + ivAt, DECRYPT, 0) !== 1 ||
      (length > 0 && this.#ssl.EVP_Cipher(this.#opener, base + at, base + at, length) < 0)
    )
      throw new Error('OpenSSL failed to decrypt');
    return true;
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    // Freeing a context cleanses its keys.
    if (this.#sealer !== 0) this.#ssl.EVP_CIPHER_CTX_free(this.#sealer);
    if (this.#opener !== 0) this.#ssl.EVP_CIPHER_CTX_free(this.#opener);
    this.#ssl.EVP_MAC_CTX_free(this.#mac);
    wipe(this.#key, this.#scratch);
  }
}

export const opensslEncryptThenMac = (
  ssl: OpenSsl,
  cipher: Address,
  digest: string,
  sizes: CipherSizes,
  encrKey: Uint8Array,
  integKey: Uint8Array,
): PacketCipher => new OpensslEncryptThenMac(ssl, cipher, digest, sizes, encrKey, integKey);
