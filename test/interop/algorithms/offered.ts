/** What the registry has and what this strongSwan has, brought together by name. */
import { ENCR_ROWS, INTEG_ROWS, PRF_ROWS, type SecurityLabel } from '../../../engine/crypto/algorithms.ts';
import { KE_ROWS } from '../../../engine/crypto/key-exchange-methods.ts';
import { keywordOf } from '../../../engine/crypto/proposal-keywords.ts';
import { TransformKind } from '../../../engine/crypto/transform-kinds.ts';

const { ENCR, PRF, INTEG, KE } = TransformKind;

/** One algorithm with one key length. */
export interface Algorithm {
  readonly type: number;
  readonly id: number;
  readonly name: string;
  /** strongSwan's keyword, the same in both configurations. */
  readonly keyword: string;
  readonly label: SecurityLabel;
  /** Where IKEv2 has a use for it. */
  readonly uses: readonly ('ike' | 'esp')[];
  readonly aead: boolean;
  /** Whether the peer's plugins offer it. */
  readonly offered: boolean;
}

/** strongSwan's names where they are not the registry's. */
const THEIR_NAME: Readonly<Record<string, string>> = {
  '3DES': '3DES_CBC',
  CAST: 'CAST_CBC',
  BLOWFISH: 'BLOWFISH_CBC',
  BRAINPOOL_P224R1: 'ECP_224_BP',
  BRAINPOOL_P256R1: 'ECP_256_BP',
  BRAINPOOL_P384R1: 'ECP_384_BP',
  BRAINPOOL_P512R1: 'ECP_512_BP',
};

/** libgcrypt, the only plugin that has Twofish here, has it with 128 and 256 bits. */
const NOT_THERE: ReadonlySet<string> = new Set(['TWOFISH_CBC_192']);

/** Names in the answer to `swanctl --list-algs`. */
export const namesIn = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^ {2}(\S+)\[/gm)].map((match) => match[1] as string));

export function algorithms(theirs: ReadonlySet<string>): Algorithm[] {
  const offered = (name: string): boolean => theirs.has(THEIR_NAME[name] ?? name);
  const found: Algorithm[] = [];
  const add = (
    type: number,
    id: number,
    row: { readonly name: string; readonly label: SecurityLabel },
    uses: Algorithm['uses'],
    bits?: number,
    aead = false,
  ): void => {
    const keyword = keywordOf(type, id, bits) ?? '';
    const name = bits === undefined ? row.name : `${row.name}_${bits}`;
    found.push({
      type,
      id,
      name,
      keyword,
      label: row.label,
      uses,
      aead,
      offered: offered(row.name) && !NOT_THERE.has(name),
    });
  };
  for (const [id, row] of ENCR_ROWS)
    for (const bits of row.keyLengthAttribute ? row.keyBits : [undefined])
      add(ENCR, id, row, row.espOnly ? ['esp'] : ['ike', 'esp'], bits, row.icvLength > 0);
  for (const [id, row] of INTEG_ROWS) add(INTEG, id, row, row.ahOnly ? [] : ['ike', 'esp']);
  for (const [id, row] of PRF_ROWS) add(PRF, id, row, ['ike']);
  for (const [id, row] of KE_ROWS) add(KE, id, row, ['ike', 'esp']);
  return found;
}
