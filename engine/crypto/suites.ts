/**
 * What IKE must know of each algorithm before it holds a key: names, key, IV and ICV lengths, by IANA number.
 * One row an algorithm; supporting another one begins with a row here. A row says nothing about whether a
 * provider can do it.
 *
 * Sources: RFC 7296 §3.3.2, RFC 3602, RFC 4106 and 5282, RFC 7634, RFC 2404, RFC 4868, RFC 3526, RFC 5903,
 * RFC 8031, RFC 7427 §7.
 */
import type { CipherSizes, CipherSuite } from './port.ts';

export interface EncrRow {
  readonly name: string;
  /** Key lengths in bits without salt. */
  readonly keyBits: readonly number[];
  /** Whether the length is negotiated by a Key Length attribute; otherwise `keyBits` has one entry. */
  readonly keyLengthAttribute: boolean;
  readonly saltLength: number;
  readonly ivLength: number;
  readonly ivKind: CipherSizes['ivKind'];
  /** ICV of an AEAD; 0 for a cipher that needs an integrity algorithm beside it. */
  readonly icvLength: number;
  readonly blockLength: number;
}

export interface IntegRow {
  readonly name: string;
  readonly keyLength: number;
  readonly icvLength: number;
  /** HashAlgorithm number of the hash under HMAC. */
  readonly hash: number;
}

export interface PrfRow {
  readonly name: string;
  /** Output, and the length of keys made for it (RFC 7296 §2.13 and §2.14). */
  readonly length: number;
  /** HashAlgorithm number of the hash under HMAC. */
  readonly hash: number;
}

export interface KeyExchangeRow {
  readonly name: string;
  /** Octets of the KE payload's data. */
  readonly publicLength: number;
  /** Octets of the shared secret. */
  readonly sharedLength: number;
}

export interface HashRow {
  readonly name: string;
  readonly length: number;
}

const AES_BITS = [128, 192, 256];
const GCM = { keyBits: AES_BITS, keyLengthAttribute: true, saltLength: 4, ivLength: 8, blockLength: 1 };

/** Transform type 1. */
export const ENCR_ROWS: ReadonlyMap<number, EncrRow> = new Map<number, EncrRow>([
  [
    12,
    {
      name: 'AES_CBC',
      keyBits: AES_BITS,
      keyLengthAttribute: true,
      saltLength: 0,
      ivLength: 16,
      ivKind: 'random',
      icvLength: 0,
      blockLength: 16,
    },
  ],
  [20, { name: 'AES_GCM_16', ...GCM, ivKind: 'counter', icvLength: 16 }],
  [
    28,
    {
      name: 'CHACHA20_POLY1305',
      keyBits: [256],
      keyLengthAttribute: false,
      saltLength: 4,
      ivLength: 8,
      ivKind: 'counter',
      icvLength: 16,
      blockLength: 1,
    },
  ],
]);

/** Transform type 2. */
export const PRF_ROWS: ReadonlyMap<number, PrfRow> = new Map([
  [2, { name: 'PRF_HMAC_SHA1', length: 20, hash: 1 }],
  [5, { name: 'PRF_HMAC_SHA2_256', length: 32, hash: 2 }],
  [6, { name: 'PRF_HMAC_SHA2_384', length: 48, hash: 3 }],
  [7, { name: 'PRF_HMAC_SHA2_512', length: 64, hash: 4 }],
]);

/** Transform type 3. */
export const INTEG_ROWS: ReadonlyMap<number, IntegRow> = new Map([
  [2, { name: 'HMAC_SHA1_96', keyLength: 20, icvLength: 12, hash: 1 }],
  [12, { name: 'HMAC_SHA2_256_128', keyLength: 32, icvLength: 16, hash: 2 }],
  [13, { name: 'HMAC_SHA2_384_192', keyLength: 48, icvLength: 24, hash: 3 }],
  [14, { name: 'HMAC_SHA2_512_256', keyLength: 64, icvLength: 32, hash: 4 }],
]);

/** Transform type 4. ECP values are x ‖ y, secrets x alone (RFC 5903 §7 and §9). */
export const KE_ROWS: ReadonlyMap<number, KeyExchangeRow> = new Map([
  [14, { name: 'MODP_2048', publicLength: 256, sharedLength: 256 }],
  [15, { name: 'MODP_3072', publicLength: 384, sharedLength: 384 }],
  [16, { name: 'MODP_4096', publicLength: 512, sharedLength: 512 }],
  [19, { name: 'ECP_256', publicLength: 64, sharedLength: 32 }],
  [20, { name: 'ECP_384', publicLength: 96, sharedLength: 48 }],
  [21, { name: 'ECP_521', publicLength: 132, sharedLength: 66 }],
  [31, { name: 'CURVE_25519', publicLength: 32, sharedLength: 32 }],
]);

/** RFC 7427 §7. IDENTITY (5) stands for "no hash" and has no length. */
export const HASH_ROWS: ReadonlyMap<number, HashRow> = new Map([
  [1, { name: 'SHA1', length: 20 }],
  [2, { name: 'SHA2_256', length: 32 }],
  [3, { name: 'SHA2_384', length: 48 }],
  [4, { name: 'SHA2_512', length: 64 }],
]);

/** Whether a transform of type 1 brings its own integrity check; `undefined` when it has no row. */
export function isAead(encr: number): boolean | undefined {
  const row = ENCR_ROWS.get(encr);
  return row && row.icvLength > 0;
}

/**
 * Octet counts of a suite. `undefined` when a number is unknown, the key length is none of the cipher's, an AEAD
 * comes with an integrity algorithm, or a plain cipher comes without one.
 */
export function cipherSizes(suite: CipherSuite): CipherSizes | undefined {
  const encr = ENCR_ROWS.get(suite.encr);
  if (!encr?.keyBits.includes(suite.keyBits)) return undefined;
  const aead = encr.icvLength > 0;
  const integ = INTEG_ROWS.get(suite.integ);
  if (aead ? suite.integ !== 0 : !integ) return undefined;
  return {
    encrKeyLength: suite.keyBits / 8 + encr.saltLength,
    integKeyLength: integ?.keyLength ?? 0,
    ivLength: encr.ivLength,
    ivKind: encr.ivKind,
    icvLength: integ?.icvLength ?? encr.icvLength,
    blockLength: encr.blockLength,
  };
}

/**
 * The suite that a chosen ENCR and INTEG transform make. `keyLength` is the Key Length attribute in bits, absent
 * for a cipher with one length only. `undefined` as in {@link cipherSizes}, and when the attribute is missing or
 * superfluous (RFC 7296 §3.3.5).
 */
export function cipherSuite(
  encr: number,
  keyLength: number | undefined,
  integ: number,
): CipherSuite | undefined {
  const row = ENCR_ROWS.get(encr);
  if (!row || row.keyLengthAttribute !== (keyLength !== undefined)) return undefined;
  const suite = { encr, keyBits: keyLength ?? row.keyBits[0] ?? 0, integ };
  return cipherSizes(suite) && suite;
}

/** Octets of a PRF's output and of keys made for it, `undefined` for an unknown number. */
export const prfLength = (prf: number): number | undefined => PRF_ROWS.get(prf)?.length;

/** Octets of a KE payload's data, `undefined` for an unknown method. */
export const publicValueLength = (method: number): number | undefined => KE_ROWS.get(method)?.publicLength;

/** Octets of a digest, `undefined` for an unknown HashAlgorithm number. */
export const hashLength = (hash: number): number | undefined => HASH_ROWS.get(hash)?.length;

/** For people: `AES_GCM_16_256`, `AES_CBC_256/HMAC_SHA2_256_128`. */
export function suiteName(suite: CipherSuite): string {
  const encr = ENCR_ROWS.get(suite.encr);
  const bits = encr && !encr.keyLengthAttribute ? '' : `_${suite.keyBits}`;
  const cipher = `${encr?.name ?? `ENCR_${suite.encr}`}${bits}`;
  if (suite.integ === 0) return cipher;
  return `${cipher}/${INTEG_ROWS.get(suite.integ)?.name ?? `INTEG_${suite.integ}`}`;
}

export const prfName = (prf: number): string => PRF_ROWS.get(prf)?.name ?? `PRF_${prf}`;
export const keyExchangeName = (method: number): string => KE_ROWS.get(method)?.name ?? `KE_${method}`;
export const hashName = (hash: number): string => HASH_ROWS.get(hash)?.name ?? `HASH_${hash}`;
