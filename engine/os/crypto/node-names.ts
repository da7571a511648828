/** OpenSSL's names of algorithms, by IANA number or by the registry's names. */
import { ENCR_ROWS, type MacName, type Primitive } from '../../crypto/algorithms.ts';

const DIGESTS: ReadonlyMap<number, string> = new Map([
  [1, 'sha1'],
  [2, 'sha256'],
  [3, 'sha384'],
  [4, 'sha512'],
]);

/** By HashAlgorithm number. */
export const nodeDigestName = (hash: number): string | undefined => DIGESTS.get(hash);

const HMACS: ReadonlyMap<MacName, string> = new Map<MacName, string>([
  ['hmac-md5', 'md5'],
  ['hmac-sha1', 'sha1'],
  ['hmac-sha256', 'sha256'],
  ['hmac-sha384', 'sha384'],
  ['hmac-sha512', 'sha512'],
]);

/** The digest under an HMAC, `undefined` when the MAC is none. */
export const hmacDigestName = (mac: MacName): string | undefined => HMACS.get(mac);

const PRIMITIVES: ReadonlyMap<Primitive, (mode: string, keyBits: number) => string> = new Map<
  Primitive,
  (mode: string, keyBits: number) => string
>([
  ['aes', (mode, bits) => `aes-${bits}-${mode === 'gmac' ? 'gcm' : mode}`],
  ['camellia', (mode, bits) => `camellia-${bits}-${mode}`],
  ['3des', () => 'des-ede3-cbc'],
  ['blowfish', () => 'bf-cbc'],
  ['cast', () => 'cast5-cbc'],
  ['chacha20', () => 'chacha20-poly1305'],
]);

/** By ENCR number and key length; OpenSSL need not have the cipher. */
export function nodeCipherName(encr: number, keyBits: number): string | undefined {
  const row = ENCR_ROWS.get(encr);
  return row && PRIMITIVES.get(row.primitive)?.(row.mode, keyBits);
}
