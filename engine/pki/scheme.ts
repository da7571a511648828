/** How an AUTH payload is signed (RFC 7427, RFC 8420), and IANA's numbers that go with it. */

/** IANA "IKEv2 Hash Algorithms" (RFC 7427 §7, RFC 8420 §2). */
export const HASH = { SHA1: 1, SHA2_256: 2, SHA2_384: 3, SHA2_512: 4, IDENTITY: 5 } as const;

/** IANA "IKEv2 Authentication Method", those with a signature. */
export const METHOD = { RSA: 1, ECDSA_256: 9, ECDSA_384: 10, ECDSA_521: 11, DIGITAL_SIGNATURE: 14 } as const;

/** Plain data; equal in structure to the scheme of `engine/crypto`. */
export interface SignatureScheme {
  readonly kind: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa' | 'ed25519' | 'ed448';
  /** HashAlgorithm number; IDENTITY or absent for EdDSA. */
  readonly hash?: number;
  /** Octets of salt, for RSASSA-PSS; the hash's length when absent. */
  readonly saltLength?: number;
}

/** OpenSSL's name and the length in octets of a HashAlgorithm number. */
export function hashInfo(hash: number | undefined): { name: string; length: number } | undefined {
  switch (hash) {
    case HASH.SHA1:
      return { name: 'sha1', length: 20 };
    case HASH.SHA2_256:
      return { name: 'sha256', length: 32 };
    case HASH.SHA2_384:
      return { name: 'sha384', length: 48 };
    case HASH.SHA2_512:
      return { name: 'sha512', length: 64 };
    default:
      return undefined;
  }
}
