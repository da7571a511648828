/** OpenSSL's names of algorithms, by IANA number. */

const DIGESTS: ReadonlyMap<number, string> = new Map([
  [1, 'sha1'],
  [2, 'sha256'],
  [3, 'sha384'],
  [4, 'sha512'],
]);

/** By HashAlgorithm number. */
export const nodeDigestName = (hash: number): string | undefined => DIGESTS.get(hash);

const CIPHERS: ReadonlyMap<number, (keyBits: number) => string> = new Map<
  number,
  (keyBits: number) => string
>([
  [12, (bits) => `aes-${bits}-cbc`],
  [20, (bits) => `aes-${bits}-gcm`],
  [28, () => 'chacha20-poly1305'],
]);

/** By ENCR number and key length. */
export const nodeCipherName = (encr: number, keyBits: number): string | undefined =>
  CIPHERS.get(encr)?.(keyBits);
