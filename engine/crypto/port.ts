/**
 * What IKE and ESP ask of cryptography, by IANA transform number. Implementations live beside this file
 * (`noble/`, the readable reference) and in `os/crypto/` (node:crypto, OpenSSL through koffi); all give the
 * same octets, which the cross tests prove.
 */

/** A request that no implementation can serve, or a public value that RFC 6989 forbids. */
export class CryptoError extends Error {
  readonly code: 'unsupported' | 'bad-key-length' | 'bad-public-value';

  constructor(code: CryptoError['code'], message: string) {
    super(message);
    this.name = 'CryptoError';
    this.code = code;
  }
}

/** One negotiated protection: an AEAD (`integ` 0), or a cipher with a separate integrity algorithm. */
export interface CipherSuite {
  /** ENCR transform. */
  readonly encr: number;
  /** Key length in bits as negotiated, without salt; the fixed length where the transform has only one. */
  readonly keyBits: number;
  /** INTEG transform, 0 for an AEAD. */
  readonly integ: number;
}

/** Octet counts of a suite, from tables alone (`crypto/suites.ts`). */
export interface CipherSizes {
  /** Key material of the cipher, salt included (RFC 5282 §7, RFC 4106 §8.1). */
  readonly encrKeyLength: number;
  /** Key material of the integrity algorithm, 0 for an AEAD. */
  readonly integKeyLength: number;
  /** IV on the wire. */
  readonly ivLength: number;
  /** `counter`: the IV must never repeat under a key; `random`: it must be unpredictable. */
  readonly ivKind: 'counter' | 'random';
  /** ICV on the wire. */
  readonly icvLength: number;
  /** Alignment that the cipher needs of its plaintext, 1 when none. */
  readonly blockLength: number;
}

/**
 * Packet protection under one key in one direction. Works in place on the layout that IKE (RFC 7296 §3.14)
 * and ESP (RFC 4303 §2) share:
 *
 *     [ aad … ][ IV ][ data … ][ ICV ]
 *      ^aadAt   ^ivAt  ivAt+ivLength
 *
 * The AAD ends where the IV begins. With an integrity algorithm the MAC covers aad, IV and ciphertext.
 * `esnHigh` is the upper half of a 64-bit ESP sequence number (RFC 4303 §2.2.1), or -1 without ESN and for
 * IKE: an AEAD authenticates SPI ‖ high ‖ low, a MAC appends it to what it covers.
 * Nothing is allocated per call in the fast providers.
 */
export interface PacketCipher extends CipherSizes {
  /** Encrypts `length` octets of data and writes the ICV after them. The caller has written the IV. */
  seal(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): void;
  /** Checks the ICV, then decrypts `length` octets of data. False, with the data unspecified, when it is wrong. */
  open(buffer: Uint8Array, aadAt: number, ivAt: number, length: number, esnHigh: number): boolean;
  /** Zeroes the keys; the object is unusable afterwards. */
  destroy(): void;
}

/** Fills and returns `length` fresh unpredictable octets. */
export type RandomSource = (length: number) => Uint8Array;

/** Our half of a key exchange that we began (RFC 7296 §3.4; a KEM's key pair for RFC 9370). */
export interface PendingKeyExchange {
  readonly method: number;
  /** The data of our KE payload. */
  readonly publicValue: Uint8Array;
  /**
   * The shared secret, from the data of the peer's KE payload. May be called once; wipes our half.
   * @throws CryptoError `bad-public-value` per RFC 6989 §2 (range, curve membership, all-zero result)
   */
  finish(peerPublic: Uint8Array): Uint8Array;
  destroy(): void;
}

export interface CryptoProvider {
  readonly name: string;
  supportsCipher(suite: CipherSuite): boolean;
  supportsKeyExchange(method: number): boolean;
  supportsPrf(prf: number): boolean;
  /** prf(key, data…) of RFC 7296 §2.13; the parts are concatenated. */
  prf(prf: number, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array;
  /** SHA-1 for NAT detection and CERTREQ; others for RFC 7427. `hash` is a HashAlgorithm number (1..4). */
  hash(hash: number, ...data: readonly Uint8Array[]): Uint8Array;
  /** @throws CryptoError `unsupported` or `bad-key-length` */
  cipher(suite: CipherSuite, encrKey: Uint8Array, integKey: Uint8Array): PacketCipher;
  /** @throws CryptoError `unsupported` */
  beginKeyExchange(method: number, random: RandomSource): PendingKeyExchange;
  /** The responder's side: our KE data and the shared secret in one step. Errors as in `finish`. */
  answerKeyExchange(
    method: number,
    peerPublic: Uint8Array,
    random: RandomSource,
  ): { publicValue: Uint8Array; shared: Uint8Array };
}
