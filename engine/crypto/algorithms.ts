/**
 * The registry of algorithms by IANA number: names, strongSwan's keywords, a judgement, and octet counts. One row an
 * algorithm; supporting another one begins with a row here.
 *
 * Numbers from 1024 on are private use and strongSwan's (`crypter.h`, `signer.h`); it takes them from peers with its
 * own vendor ID only.
 *
 * Sources: RFC 7296 §3.3.2; ciphers RFC 2451, 2410, 3602, 3686 and 5930, 4309, 4106 and 5282, 4543, 5529, 7634; MACs
 * RFC 2403, 2404, 4595, 3566, 4494, 4868; PRFs RFC 2104, 4434, 4615, 4868. Judgements follow RFC 8221, 8247 and 9395.
 */
import type { CipherSizes } from './port.ts';

/**
 * - `recommended`: what RFC 8221 and RFC 8247 lead with;
 * - `acceptable`: sound, but rarer or of less use;
 * - `legacy`: 64-bit blocks, SHA-1, short groups, or nothing encrypted: only where a peer has nothing better;
 * - `broken`: an attack is within reach or nearly so, and those RFCs say MUST NOT.
 */
export type SecurityLabel = 'recommended' | 'acceptable' | 'legacy' | 'broken';

/** The names of the providers that there are, the fastest first. */
export type ProviderName = 'openssl' | 'node' | 'noble';

export interface AlgorithmRow {
  readonly name: string;
  /** strongSwan's keywords, the printed one first; `#` stands for the key length in bits. */
  readonly keywords: readonly string[];
  readonly label: SecurityLabel;
  /** Who has it, with the OpenSSL that Node brings; a provider itself has the last word (`supportsCipher`). */
  readonly providers: readonly ProviderName[];
}

export const EVERY_PROVIDER: readonly ProviderName[] = ['openssl', 'node', 'noble'];

/** The block or stream cipher under a transform. */
export type Primitive =
  | 'none'
  | '3des'
  | 'cast'
  | 'blowfish'
  | 'aes'
  | 'camellia'
  | 'serpent'
  | 'twofish'
  | 'chacha20';

/** How the primitive is used; `gmac` authenticates and encrypts nothing, `none` does neither. */
export type Mode = 'none' | 'cbc' | 'ctr' | 'ccm' | 'gcm' | 'gmac' | 'poly1305';

/** The function under an integrity transform or a PRF. */
export type MacName =
  | 'hmac-md5'
  | 'hmac-sha1'
  | 'hmac-sha256'
  | 'hmac-sha384'
  | 'hmac-sha512'
  | 'aes-xcbc'
  | 'aes-cmac'
  | 'aes-gmac';

export interface EncrRow extends AlgorithmRow {
  readonly primitive: Primitive;
  readonly mode: Mode;
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
  /** Only ESP may use it: it does not encrypt (RFC 7296 §5, RFC 4543 §9). */
  readonly espOnly?: true;
}

export interface IntegRow extends AlgorithmRow {
  readonly keyLength: number;
  readonly icvLength: number;
  readonly mac: MacName;
  /** The PRF that an IKE proposal gets from it when it names none. */
  readonly prf?: number;
  /** For AH alone, which cannot pass UDP encapsulation (RFC 3948 §1) and is therefore never offered. */
  readonly ahOnly?: true;
}

export interface PrfRow extends AlgorithmRow {
  /** Output, and the length of keys made for it (RFC 7296 §2.13 and §2.14). */
  readonly length: number;
  readonly mac: MacName;
  /** Octets of each nonce that key the first SKEYSEED, where not all do (RFC 7296 §2.14). */
  readonly skeyseedNonceLength?: number;
}

export interface HashRow {
  readonly name: string;
  readonly length: number;
}

const BITS = [128, 192, 256];

const cbc = (
  primitive: Primitive,
  keyBits: readonly number[],
  blockLength: number,
  keyLengthAttribute = true,
): Omit<EncrRow, keyof AlgorithmRow> => ({
  primitive,
  mode: 'cbc',
  keyBits,
  keyLengthAttribute,
  saltLength: 0,
  ivLength: blockLength,
  ivKind: 'random',
  icvLength: 0,
  blockLength,
});

const counter = (
  primitive: Primitive,
  mode: Mode,
  saltLength: number,
  icvLength: number,
): Omit<EncrRow, keyof AlgorithmRow> => ({
  primitive,
  mode,
  keyBits: BITS,
  keyLengthAttribute: true,
  saltLength,
  ivLength: 8,
  ivKind: 'counter',
  icvLength,
  blockLength: 1,
});

/** node:crypto does not load OpenSSL's legacy provider; noble has the ciphers of today, beside which stand our own. */
const LACKING: ReadonlyMap<Primitive, readonly ProviderName[]> = new Map<Primitive, readonly ProviderName[]>([
  ['3des', ['openssl', 'node']],
  ['cast', ['openssl']],
  ['blowfish', ['openssl']],
  ['camellia', ['openssl', 'node']],
]);

const encr = (
  name: string,
  label: SecurityLabel,
  keywords: string,
  shape: Omit<EncrRow, keyof AlgorithmRow>,
): EncrRow => ({
  name,
  label,
  keywords: keywords.split(' '),
  providers: LACKING.get(shape.primitive) ?? EVERY_PROVIDER,
  ...shape,
});

/** Transform type 1. */
export const ENCR_ROWS: ReadonlyMap<number, EncrRow> = new Map<number, EncrRow>([
  [3, encr('3DES', 'legacy', '3des', cbc('3des', [192], 8, false))],
  [6, encr('CAST', 'legacy', 'cast#', cbc('cast', [128], 8))],
  [7, encr('BLOWFISH', 'legacy', 'blowfish# blowfish', cbc('blowfish', BITS, 8))],
  [
    11,
    encr('NULL', 'legacy', 'null', {
      primitive: 'none',
      mode: 'none',
      keyBits: [0],
      keyLengthAttribute: false,
      saltLength: 0,
      ivLength: 0,
      ivKind: 'random',
      icvLength: 0,
      blockLength: 1,
      espOnly: true,
    }),
  ],
  [12, encr('AES_CBC', 'recommended', 'aes# aes', cbc('aes', BITS, 16))],
  [13, encr('AES_CTR', 'acceptable', 'aes#ctr', counter('aes', 'ctr', 4, 0))],
  [14, encr('AES_CCM_8', 'acceptable', 'aes#ccm8 aes#ccm64', counter('aes', 'ccm', 3, 8))],
  [15, encr('AES_CCM_12', 'acceptable', 'aes#ccm12 aes#ccm96', counter('aes', 'ccm', 3, 12))],
  [16, encr('AES_CCM_16', 'acceptable', 'aes#ccm16 aes#ccm128 aes#ccm', counter('aes', 'ccm', 3, 16))],
  // A short GCM tag loses more than its length says (NIST SP 800-38D appendix C).
  [18, encr('AES_GCM_8', 'legacy', 'aes#gcm8 aes#gcm64', counter('aes', 'gcm', 4, 8))],
  [19, encr('AES_GCM_12', 'acceptable', 'aes#gcm12 aes#gcm96', counter('aes', 'gcm', 4, 12))],
  [20, encr('AES_GCM_16', 'recommended', 'aes#gcm16 aes#gcm128 aes#gcm', counter('aes', 'gcm', 4, 16))],
  [
    21,
    encr('NULL_AES_GMAC', 'legacy', 'aes#gmac', {
      ...counter('aes', 'gmac', 4, 16),
      espOnly: true,
    }),
  ],
  [23, encr('CAMELLIA_CBC', 'acceptable', 'camellia# camellia', cbc('camellia', BITS, 16))],
  [24, encr('CAMELLIA_CTR', 'acceptable', 'camellia#ctr', counter('camellia', 'ctr', 4, 0))],
  [
    25,
    encr('CAMELLIA_CCM_8', 'acceptable', 'camellia#ccm8 camellia#ccm64', counter('camellia', 'ccm', 3, 8)),
  ],
  [
    26,
    encr('CAMELLIA_CCM_12', 'acceptable', 'camellia#ccm12 camellia#ccm96', counter('camellia', 'ccm', 3, 12)),
  ],
  [
    27,
    encr(
      'CAMELLIA_CCM_16',
      'acceptable',
      'camellia#ccm16 camellia#ccm128',
      counter('camellia', 'ccm', 3, 16),
    ),
  ],
  [
    28,
    encr('CHACHA20_POLY1305', 'recommended', 'chacha20poly1305', {
      ...counter('chacha20', 'poly1305', 4, 16),
      keyBits: [256],
      keyLengthAttribute: false,
    }),
  ],
  [1026, encr('SERPENT_CBC', 'acceptable', 'serpent# serpent', cbc('serpent', BITS, 16))],
  [1027, encr('TWOFISH_CBC', 'acceptable', 'twofish# twofish', cbc('twofish', BITS, 16))],
]);

const prf = (
  name: string,
  label: SecurityLabel,
  keyword: string,
  mac: MacName,
  length: number,
  skeyseedNonceLength?: number,
): PrfRow => ({
  name,
  label,
  keywords: [keyword],
  providers: EVERY_PROVIDER,
  mac,
  length,
  ...(skeyseedNonceLength === undefined ? {} : { skeyseedNonceLength }),
});

/** Transform type 2. */
export const PRF_ROWS: ReadonlyMap<number, PrfRow> = new Map([
  [1, prf('PRF_HMAC_MD5', 'broken', 'prfmd5', 'hmac-md5', 16)],
  [2, prf('PRF_HMAC_SHA1', 'legacy', 'prfsha1', 'hmac-sha1', 20)],
  [4, prf('PRF_AES128_XCBC', 'acceptable', 'prfaesxcbc', 'aes-xcbc', 16, 8)],
  [5, prf('PRF_HMAC_SHA2_256', 'recommended', 'prfsha256', 'hmac-sha256', 32)],
  [6, prf('PRF_HMAC_SHA2_384', 'recommended', 'prfsha384', 'hmac-sha384', 48)],
  [7, prf('PRF_HMAC_SHA2_512', 'recommended', 'prfsha512', 'hmac-sha512', 64)],
  [8, prf('PRF_AES128_CMAC', 'acceptable', 'prfaescmac', 'aes-cmac', 16, 8)],
]);

const integ = (
  name: string,
  label: SecurityLabel,
  keywords: string,
  mac: MacName,
  keyLength: number,
  icvLength: number,
  derived?: number,
): IntegRow => ({
  name,
  label,
  keywords: keywords.split(' '),
  providers: EVERY_PROVIDER,
  mac,
  keyLength,
  icvLength,
  ...(derived === undefined ? {} : { prf: derived }),
});

const ahGmac = (bits: number): IntegRow => ({
  name: `AES_${bits}_GMAC`,
  label: 'acceptable',
  keywords: [],
  providers: [],
  mac: 'aes-gmac',
  keyLength: bits / 8 + 4,
  icvLength: 16,
  ahOnly: true,
});

/** Transform type 3. */
export const INTEG_ROWS: ReadonlyMap<number, IntegRow> = new Map([
  [1, integ('HMAC_MD5_96', 'broken', 'md5', 'hmac-md5', 16, 12, 1)],
  [2, integ('HMAC_SHA1_96', 'legacy', 'sha1 sha', 'hmac-sha1', 20, 12, 2)],
  [5, integ('AES_XCBC_96', 'acceptable', 'aesxcbc', 'aes-xcbc', 16, 12, 4)],
  [6, integ('HMAC_MD5_128', 'broken', 'md5_128', 'hmac-md5', 16, 16)],
  [7, integ('HMAC_SHA1_160', 'legacy', 'sha1_160', 'hmac-sha1', 20, 20)],
  [8, integ('AES_CMAC_96', 'acceptable', 'aescmac', 'aes-cmac', 16, 12, 8)],
  [9, ahGmac(128)],
  [10, ahGmac(192)],
  [11, ahGmac(256)],
  [12, integ('HMAC_SHA2_256_128', 'recommended', 'sha256 sha2_256', 'hmac-sha256', 32, 16, 5)],
  [13, integ('HMAC_SHA2_384_192', 'recommended', 'sha384 sha2_384', 'hmac-sha384', 48, 24, 6)],
  [14, integ('HMAC_SHA2_512_256', 'recommended', 'sha512 sha2_512', 'hmac-sha512', 64, 32, 7)],
  // The draft's truncation that Linux kernels before 2.6.33 applied under number 12.
  [1026, integ('HMAC_SHA2_256_96', 'legacy', 'sha256_96 sha2_256_96', 'hmac-sha256', 32, 12)],
]);

/** HashAlgorithm numbers of RFC 7427 §7. IDENTITY (5) stands for "no hash" and has no length. */
export const HASH_ROWS: ReadonlyMap<number, HashRow> = new Map([
  [1, { name: 'SHA1', length: 20 }],
  [2, { name: 'SHA2_256', length: 32 }],
  [3, { name: 'SHA2_384', length: 48 }],
  [4, { name: 'SHA2_512', length: 64 }],
]);
