/** What of the configured proposals can be carried here, so that nothing is offered or agreed on that cannot be done. */
import type { CryptoProvider } from '../../crypto/port.ts';
import type { ProposalSpec, TransformSpec } from '../../crypto/proposals.ts';
import { cipherSuite, isAead } from '../../crypto/suites.ts';
import { isKeyExchangeKind } from '../../crypto/transform-kinds.ts';
import { TransformType } from '../../wire/registry.ts';

const { ENCR, PRF, INTEG, KE } = TransformType;

/** An additional key exchange (RFC 9370 §2.2.1). */
export const isAdditional = (type: number): boolean => type !== KE && isKeyExchangeKind(type);

/**
 * What we can carry out of what is configured. Algorithms that the provider lacks are left out, and with the last one
 * of a type the proposal that asks for it, so that nobody believes it happened.
 * @param additional whether additional key exchanges can be run with this peer; without them, a proposal that
 * demands one is left out whole
 */
export function supported(
  specs: readonly ProposalSpec[],
  crypto: CryptoProvider,
  additional = true,
): readonly ProposalSpec[] {
  return specs.flatMap((spec) => {
    const transforms = usable(spec.transforms, crypto, additional);
    return transforms ? [{ ...spec, transforms }] : [];
  });
}

/** `undefined` when a type that is asked for has nothing left. */
function usable(
  transforms: readonly TransformSpec[],
  crypto: CryptoProvider,
  additional: boolean,
): TransformSpec[] | undefined {
  const kept = transforms.filter((t) => canDo(t, transforms, crypto, additional));
  for (const { type } of transforms)
    if (!kept.some((t) => t.type === type) && !(type === INTEG && aeadOnly(transforms))) return undefined;
  // A lone "none" of an additional key exchange says nothing, and an older peer would not know its type.
  return kept.filter((t) => !isAdditional(t.type) || kept.some((o) => o.type === t.type && o.id !== 0));
}

function canDo(
  t: TransformSpec,
  all: readonly TransformSpec[],
  crypto: CryptoProvider,
  additional: boolean,
): boolean {
  const suiteOf = (encr: TransformSpec, integ: number): boolean => {
    const suite = cipherSuite(encr.id, encr.keyLength, integ);
    return suite !== undefined && crypto.supportsCipher(suite);
  };
  const of = (type: number): TransformSpec[] => all.filter((o) => o.type === type);
  if (t.type === ENCR)
    return isAead(t.id) === true ? suiteOf(t, 0) : of(INTEG).some(({ id }) => suiteOf(t, id));
  if (t.type === INTEG) return of(ENCR).some((encr) => suiteOf(encr, t.id));
  if (t.type === PRF) return crypto.supportsPrf(t.id);
  if (t.type === KE) return t.id === 0 || crypto.supportsKeyExchange(t.id);
  if (isAdditional(t.type)) return t.id === 0 || (additional && crypto.supportsKeyExchange(t.id));
  return true;
}

const aeadOnly = (transforms: readonly TransformSpec[]): boolean =>
  transforms.every((t) => t.type !== ENCR || isAead(t.id) === true);
