/** Negotiated suites in strongSwan's words and by their IANA names. */
import type { SuiteSnapshot } from '../api/snapshot.ts';
import { ENCR_ROWS } from '../crypto/algorithms.ts';
import type { CipherSuite } from '../crypto/port.ts';
import { printProposal, type TransformSpec } from '../crypto/proposals.ts';
import { isWeak, keyExchangeName, labelOf, prfName, suiteName } from '../crypto/suites.ts';
import { Esn, TransformType } from '../wire/registry.ts';

function cipherTransforms(suite: CipherSuite): TransformSpec[] {
  const fixed = ENCR_ROWS.get(suite.encr)?.keyLengthAttribute !== true;
  const encr: TransformSpec = fixed
    ? { type: TransformType.ENCR, id: suite.encr }
    : { type: TransformType.ENCR, id: suite.encr, keyLength: suite.keyBits };
  return suite.integ === 0 ? [encr] : [encr, { type: TransformType.INTEG, id: suite.integ }];
}

/** Keywords of the transforms that a profile has to allow by itself. */
function weak(transforms: readonly TransformSpec[]): Pick<SuiteSnapshot, 'weak'> {
  const found = transforms.filter((t) => isWeak(labelOf(t))).map((t) => text([t]));
  return found.length === 0 ? {} : { weak: found };
}

const text = (transforms: readonly TransformSpec[]): string => printProposal({ transforms, strict: false });

/** The first key exchange, and the additional ones as `ke1_…`, `ke2_…` in the order in which they ran. */
const exchangeTransforms = (keMethod: number, additional: readonly number[]): TransformSpec[] => [
  { type: TransformType.KE, id: keMethod },
  ...additional.map((id, n) => ({ type: TransformType.ADDKE1 + n, id })),
];

export function ikeSuite(suite: {
  readonly cipher: CipherSuite;
  readonly prf: number;
  readonly keMethod: number;
  readonly additional: readonly number[];
}): SuiteSnapshot {
  const transforms = [
    ...cipherTransforms(suite.cipher),
    { type: TransformType.PRF, id: suite.prf },
    ...exchangeTransforms(suite.keMethod, suite.additional),
  ];
  return {
    text: text(transforms),
    transforms: [
      suiteName(suite.cipher),
      prfName(suite.prf),
      ...[suite.keMethod, ...suite.additional].map(keyExchangeName),
    ],
    ...weak(transforms),
  };
}

export function espSuite(
  suite: CipherSuite,
  esn: boolean,
  keMethod: number,
  additional: readonly number[],
): SuiteSnapshot {
  const transforms = cipherTransforms(suite);
  if (keMethod !== 0) transforms.push(...exchangeTransforms(keMethod, additional));
  if (esn) transforms.push({ type: TransformType.ESN, id: Esn.ESN });
  return {
    text: text(transforms),
    transforms: [
      suiteName(suite),
      ...(keMethod === 0 ? [] : [keMethod, ...additional].map(keyExchangeName)),
      esn ? 'ESN' : 'NO_ESN',
    ],
    ...weak(transforms),
  };
}
