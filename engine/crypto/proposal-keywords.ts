/**
 * strongSwan's proposal keywords as a table, made from the registries: keyword, transform type, IANA number and key
 * length. A row with `unsupported` is a keyword that strongSwan knows and Culvert refuses; its text says why.
 */
import { type AlgorithmRow, ENCR_ROWS, INTEG_ROWS, PRF_ROWS } from './algorithms.ts';
import { KE_ROWS } from './key-exchange-methods.ts';
import { TransformKind } from './transform-kinds.ts';

export interface Keyword {
  readonly keyword: string;
  readonly type: number;
  readonly id: number;
  /** Key Length attribute in bits, absent where the transform has none. */
  readonly keyLength?: number;
  readonly unsupported?: string;
}

const { ENCR, PRF, INTEG, KE, ESN, ADDKE1, ADDKE7 } = TransformKind;

const row = (type: number, keyword: string, id: number, keyLength?: number): Keyword =>
  keyLength === undefined ? { keyword, type, id } : { keyword, type, id, keyLength };

/** A keyword without a place for the key length (`aes`) means 128 bits where there is a choice. */
const encrKeywords = (): Keyword[] =>
  [...ENCR_ROWS].flatMap(([id, { keywords, keyBits, keyLengthAttribute }]) =>
    keywords.flatMap((pattern) => {
      if (!keyLengthAttribute) return [row(ENCR, pattern, id)];
      if (!pattern.includes('#')) return [row(ENCR, pattern, id, 128)];
      return keyBits.map((bits) => row(ENCR, pattern.replace('#', String(bits)), id, bits));
    }),
  );

const plain = (type: number, rows: ReadonlyMap<number, AlgorithmRow>): Keyword[] =>
  [...rows].flatMap(([id, { keywords }]) => keywords.map((keyword) => row(type, keyword, id)));

const EXCHANGES: readonly Keyword[] = [...plain(KE, KE_ROWS), row(KE, 'modpnone', 0), row(KE, 'none', 0)];

/** `ke1_mlkem768`: an additional key exchange (RFC 9370). */
const additional = (): Keyword[] =>
  Array.from({ length: ADDKE7 - ADDKE1 + 1 }, (_, n) => n).flatMap((n) =>
    EXCHANGES.filter((k) => k.keyword !== 'modpnone').map((k) =>
      row(ADDKE1 + n, `ke${n + 1}_${k.keyword}`, k.id),
    ),
  );

/** The first row of a transform is the keyword that is printed for it. */
const KEYWORDS: readonly Keyword[] = [
  ...encrKeywords(),
  ...plain(PRF, PRF_ROWS),
  ...plain(INTEG, INTEG_ROWS),
  ...EXCHANGES,
  ...additional(),
  row(ESN, 'esn', 1),
  row(ESN, 'noesn', 0),
  { ...row(ENCR, 'des', 2), unsupported: 'is broken (RFC 8247) and not supported' },
];

const BY_KEYWORD: ReadonlyMap<string, Keyword> = new Map(KEYWORDS.map((k) => [k.keyword, k]));

/** The row of a keyword in any case, also of one that is known but refused. */
export const findKeyword = (text: string): Keyword | undefined => BY_KEYWORD.get(text.toLowerCase());

/** The keyword of a transform, or `undefined` when it has none. */
export const keywordOf = (type: number, id: number, keyLength: number | undefined): string | undefined =>
  KEYWORDS.find((k) => k.type === type && k.id === id && k.keyLength === keyLength)?.keyword;

/** Every keyword that Culvert takes. */
export const keywords = (): readonly Keyword[] => KEYWORDS.filter((k) => k.unsupported === undefined);
