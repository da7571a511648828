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

export function ikeSuite(suite: {
  readonly cipher: CipherSuite;
  readonly prf: number;
  readonly keMethod: number;
}): SuiteSnapshot {
  const transforms = [
    ...cipherTransforms(suite.cipher),
    { type: TransformType.PRF, id: suite.prf },
    { type: TransformType.KE, id: suite.keMethod },
  ];
  return {
    text: text(transforms),
    transforms: [suiteName(suite.cipher), prfName(suite.prf), keyExchangeName(suite.keMethod)],
    ...weak(transforms),
  };
}

export function espSuite(suite: CipherSuite, esn: boolean, keMethod: number): SuiteSnapshot {
  const transforms = cipherTransforms(suite);
  if (keMethod !== 0) transforms.push({ type: TransformType.KE, id: keMethod });
  if (esn) transforms.push({ type: TransformType.ESN, id: Esn.ESN });
  return {
    text: text(transforms),
    transforms: [
      suiteName(suite),
      ...(keMethod === 0 ? [] : [keyExchangeName(keMethod)]),
      esn ? 'ESN' : 'NO_ESN',
    ],
    ...weak(transforms),
  };
}
