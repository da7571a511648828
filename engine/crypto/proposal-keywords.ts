/**
 * strongSwan's proposal keywords as a table: keyword, transform type, IANA number and key length. A row with
 * `unsupported` is a keyword that strongSwan knows and that this build cannot serve; its text says why.
 */
import { TransformKind } from './transform-kinds.ts';

export interface Keyword {
  readonly keyword: string;
  readonly type: number;
  readonly id: number;
  /** Key Length attribute in bits, absent where the transform has none. */
  readonly keyLength?: number;
  readonly unsupported?: string;
}

const { ENCR, PRF, INTEG, KE, ESN } = TransformKind;

const row = (type: number, keyword: string, id: number, keyLength?: number): Keyword =>
  keyLength === undefined ? { keyword, type, id } : { keyword, type, id, keyLength };

const sized = (id: number, make: (bits: number) => string): Keyword[] =>
  [128, 192, 256].map((bits) => row(ENCR, make(bits), id, bits));

/** The first row of a transform is the keyword that is printed for it. */
const SUPPORTED: readonly Keyword[] = [
  ...sized(12, (bits) => `aes${bits}`),
  row(ENCR, 'aes', 12, 128),
  ...sized(20, (bits) => `aes${bits}gcm16`),
  ...sized(20, (bits) => `aes${bits}gcm128`),
  row(ENCR, 'chacha20poly1305', 28),

  row(PRF, 'prfsha256', 5),
  row(PRF, 'prfsha384', 6),
  row(PRF, 'prfsha512', 7),
  row(PRF, 'prfsha1', 2),

  row(INTEG, 'sha256', 12),
  row(INTEG, 'sha2_256', 12),
  row(INTEG, 'sha384', 13),
  row(INTEG, 'sha2_384', 13),
  row(INTEG, 'sha512', 14),
  row(INTEG, 'sha2_512', 14),
  row(INTEG, 'sha1', 2),
  row(INTEG, 'sha', 2),

  row(KE, 'x25519', 31),
  row(KE, 'curve25519', 31),
  row(KE, 'ecp256', 19),
  row(KE, 'ecp384', 20),
  row(KE, 'ecp521', 21),
  row(KE, 'modp2048', 14),
  row(KE, 'modp3072', 15),
  row(KE, 'modp4096', 16),
  row(KE, 'modpnone', 0),

  row(ESN, 'esn', 1),
  row(ESN, 'noesn', 0),
];

const LATER = 'is not supported yet';
const BROKEN = 'is broken (RFC 8247) and not supported';
const WEAK = 'is too weak (RFC 8247) and not supported';

const later = (type: number, words: string, unsupported: string = LATER): Keyword[] =>
  words.split(' ').map((entry) => {
    const [keyword = '', id, bits] = entry.split(':');
    return { ...row(type, keyword, Number(id), bits === undefined ? undefined : Number(bits)), unsupported };
  });

const laterFamily = (id: number, name: string, mode = ''): Keyword[] =>
  later(ENCR, [128, 192, 256].map((bits) => `${name}${bits}${mode}:${id}:${bits}`).join(' '));

const KNOWN_ONLY: readonly Keyword[] = [
  ...later(ENCR, '3des:3'),
  ...later(ENCR, 'des:2', BROKEN),
  ...later(ENCR, 'null:11', 'encrypts nothing and is not supported'),
  ...later(ENCR, 'cast128:6:128'),
  ...laterFamily(7, 'blowfish'),
  ...later(ENCR, 'blowfish:7:128 camellia:23:128'),
  ...laterFamily(13, 'aes', 'ctr'),
  ...['ccm8', 'ccm64'].flatMap((mode) => laterFamily(14, 'aes', mode)),
  ...['ccm12', 'ccm96'].flatMap((mode) => laterFamily(15, 'aes', mode)),
  ...['ccm16', 'ccm128'].flatMap((mode) => laterFamily(16, 'aes', mode)),
  ...['gcm8', 'gcm64'].flatMap((mode) => laterFamily(18, 'aes', mode)),
  ...['gcm12', 'gcm96'].flatMap((mode) => laterFamily(19, 'aes', mode)),
  ...laterFamily(21, 'aes', 'gmac'),
  ...laterFamily(23, 'camellia'),
  ...laterFamily(24, 'camellia', 'ctr'),
  ...['ccm8', 'ccm64'].flatMap((mode) => laterFamily(25, 'camellia', mode)),
  ...['ccm12', 'ccm96'].flatMap((mode) => laterFamily(26, 'camellia', mode)),
  ...['ccm16', 'ccm128'].flatMap((mode) => laterFamily(27, 'camellia', mode)),

  ...later(PRF, 'prfmd5:1', BROKEN),
  ...later(PRF, 'prfaesxcbc:4 prfaescmac:8'),

  ...later(INTEG, 'md5:1 md5_128:6', BROKEN),
  ...later(INTEG, 'sha1_160:7 aesxcbc:5 aescmac:8'),

  ...later(KE, 'modp768:1', BROKEN),
  ...later(KE, 'modp1024:2 modp1536:5', WEAK),
  ...later(
    KE,
    'modp1024s160:22 modp2048s224:23 modp2048s256:24',
    'has an unsafe subgroup (RFC 8247) and is not supported',
  ),
  ...later(KE, 'modp6144:17 modp8192:18 ecp192:25 ecp224:26 x448:32 curve448:32'),
  ...later(KE, 'ecp224bp:27 ecp256bp:28 ecp384bp:29 ecp512bp:30 mlkem512:35 mlkem768:36 mlkem1024:37'),
];

const BY_KEYWORD: ReadonlyMap<string, Keyword> = new Map(
  [...KNOWN_ONLY, ...SUPPORTED].map((k) => [k.keyword, k]),
);

/** The row of a keyword in any case, also of one that is known but not supported. */
export const findKeyword = (text: string): Keyword | undefined => BY_KEYWORD.get(text.toLowerCase());

/** The keyword of a transform, or `undefined` when it has none. */
export const keywordOf = (type: number, id: number, keyLength: number | undefined): string | undefined =>
  [...SUPPORTED, ...KNOWN_ONLY].find((k) => k.type === type && k.id === id && k.keyLength === keyLength)
    ?.keyword;
