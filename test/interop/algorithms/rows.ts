/** As few connections as prove every offered algorithm once in IKE and once in ESP, and the table of what they proved. */
import { TransformKind } from '../../../engine/crypto/transform-kinds.ts';
import type { Algorithm } from './offered.ts';

const { ENCR, PRF, INTEG, KE } = TransformKind;

export interface Row {
  readonly ike: string;
  readonly esp: string;
  readonly parts: { readonly ike: readonly Algorithm[]; readonly esp: readonly Algorithm[] };
}

/** Goes round and round. */
function* round<T>(list: readonly T[]): Generator<T> {
  for (let i = 0; ; i++) yield list[i % list.length] as T;
}

export function rows(all: readonly Algorithm[]): Row[] {
  const of = (type: number, use: 'ike' | 'esp'): Algorithm[] =>
    all.filter((a) => a.type === type && a.offered && a.uses.includes(use));
  const combine = (use: 'ike' | 'esp', count: number): Algorithm[][] => {
    const integs = round(of(INTEG, use));
    const prfs = round(of(PRF, use));
    const groups = round(of(KE, use));
    const ciphers = round(of(ENCR, use));
    return Array.from({ length: count }, () => {
      const cipher = ciphers.next().value as Algorithm;
      return [
        cipher,
        ...(cipher.aead ? [] : [integs.next().value as Algorithm]),
        ...(use === 'ike' ? [prfs.next().value as Algorithm] : []),
        groups.next().value as Algorithm,
      ];
    });
  };
  const count = Math.max(
    ...(['ike', 'esp'] as const).flatMap((use) => [ENCR, PRF, INTEG, KE].map((type) => of(type, use).length)),
  );
  const ike = combine('ike', count);
  const esp = combine('esp', count);
  const text = (parts: readonly Algorithm[]): string => parts.map((a) => a.keyword).join('-');
  return ike.map((parts, i) => ({
    ike: text(parts),
    esp: text(esp[i] as Algorithm[]),
    parts: { ike: parts, esp: esp[i] as Algorithm[] },
  }));
}

const TITLES: Readonly<Record<number, string>> = {
  [ENCR]: 'Encryption',
  [PRF]: 'Pseudo-random functions',
  [INTEG]: 'Integrity',
  [KE]: 'Key exchange',
};

/** The document. `proven` holds `ike/NAME` and `esp/NAME`. */
export function table(all: readonly Algorithm[], proven: ReadonlySet<string>, peer: string): string {
  const cell = (a: Algorithm, use: 'ike' | 'esp'): string => {
    if (!a.uses.includes(use)) return '–';
    return proven.has(`${use}/${a.name}`) ? 'peer' : 'vectors';
  };
  const lines = [
    '# Algorithms and what proved them',
    '',
    'Written by `test/interop/algorithms`. *peer*: negotiated with, and carried to and from,',
    `${peer}; a key exchange in ESP is that of a rekey with PFS. *vectors*: that peer does not`,
    'offer it, so that published vectors and the agreement of our providers are all there is. *–*: IKEv2 has no such use.',
  ];
  for (const [type, title] of Object.entries(TITLES)) {
    lines.push(
      '',
      `## ${title}`,
      '',
      '| Name | IANA | Keyword | Judgement | IKE | ESP |',
      '|---|---|---|---|---|---|',
    );
    for (const a of all.filter((one) => one.type === Number(type)))
      lines.push(
        `| ${a.name} | ${a.id} | ${a.keyword === '' ? '–' : `\`${a.keyword}\``} | ${a.label} | ${cell(a, 'ike')} | ${cell(a, 'esp')} |`,
      );
  }
  return `${lines.join('\n')}\n`;
}
