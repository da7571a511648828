/** Offering, choosing and checking algorithm proposals (RFC 7296 §2.7, §3.3; additional key exchanges, RFC 9370 §2.2.1). */
import type { CipherSuite } from '../../crypto/port.ts';
import type { ProposalSpec, TransformSpec } from '../../crypto/proposals.ts';
import { cipherSuite, isAead } from '../../crypto/suites.ts';
import type { Proposal, SaPayload, Transform } from '../../wire/payloads/types.ts';
import { Esn, Protocol, TransformType } from '../../wire/registry.ts';
import { isAdditional } from './usable-proposals.ts';

/** One choice out of an SA payload, ready to be used. */
export interface Chosen {
  readonly suite: CipherSuite;
  /** 0 in ESP. */
  readonly prf: number;
  /** 0 when the SA is keyed without an exchange of its own. */
  readonly keMethod: number;
  /** Methods of the additional key exchanges in the order in which they run (RFC 9370), without those agreed to be none. */
  readonly additional: readonly number[];
  readonly esn: boolean;
  /** The peer's SPI, 0, 4 or 8 octets. */
  readonly spi: Uint8Array;
  /** As it goes into the answer, but for the SPI. */
  readonly proposal: Proposal;
}

const { ENCR, PRF, INTEG, KE, ESN } = TransformType;

/** Whether the exchange carries a KE payload: always for IKE, by choice for ESP, never in IKE_AUTH. */
export type KeUse = 'ike' | 'child' | 'none';

function transformsOf(spec: ProposalSpec, use: KeUse): Transform[] {
  const aead = spec.transforms.some((t) => t.type === ENCR && isAead(t.id) === true);
  const kept = spec.transforms.filter(
    (t) =>
      !(t.type === INTEG && aead) &&
      !((t.type === KE || isAdditional(t.type)) && use === 'none') &&
      !(t.type === PRF && use !== 'ike') &&
      !(t.type === ESN && use === 'ike'),
  );
  const transforms = kept.map(
    (t): Transform =>
      t.keyLength === undefined
        ? { type: t.type, id: t.id }
        : { type: t.type, id: t.id, keyLength: t.keyLength },
  );
  if (use !== 'ike' && !transforms.some((t) => t.type === ESN))
    transforms.push({ type: ESN, id: Esn.NO_ESN });
  return transforms;
}

/** Our offer. Proposals that differ in nothing but what the exchange leaves out are offered once. */
export function offer(specs: readonly ProposalSpec[], use: KeUse, spi: Uint8Array): SaPayload {
  const seen = new Set<string>();
  const proposals: Proposal[] = [];
  for (const spec of specs) {
    const transforms = transformsOf(spec, use);
    const key = JSON.stringify(transforms);
    if (seen.has(key)) continue;
    seen.add(key);
    const protocol = use === 'ike' ? Protocol.IKE : Protocol.ESP;
    proposals.push({ number: proposals.length + 1, protocol, spi, transforms });
  }
  return { kind: 'SA', proposals };
}

/** Key exchange methods of an offer, in order of preference. */
export function keMethods(specs: readonly ProposalSpec[]): number[] {
  const found: number[] = [];
  for (const spec of specs)
    for (const t of spec.transforms) if (t.type === KE && !found.includes(t.id)) found.push(t.id);
  return found;
}

const sameTransform = (a: Transform, b: Transform): boolean =>
  a.type === b.type &&
  a.id === b.id &&
  a.keyLength === b.keyLength &&
  !a.otherAttributes?.length &&
  !b.otherAttributes?.length;

/** Turns one transform of each type into a suite; `undefined` when they make none. */
function assemble(proposal: Proposal, use: KeUse): Chosen | undefined {
  const only = (type: number): Transform | undefined => proposal.transforms.find((t) => t.type === type);
  const encr = only(ENCR);
  if (!encr) return undefined;
  const suite = cipherSuite(encr.id, encr.keyLength, only(INTEG)?.id ?? 0);
  if (!suite) return undefined;
  const prf = only(PRF)?.id ?? 0;
  const keMethod = only(KE)?.id ?? 0;
  if (use === 'ike' && (prf === 0 || keMethod === 0)) return undefined;
  const additional = proposal.transforms
    .filter((t) => isAdditional(t.type) && t.id !== 0)
    .sort((a, b) => a.type - b.type)
    .map((t) => t.id);
  // Each method at most once, and none without a first one (RFC 9370 §2.2.1).
  if (new Set([keMethod, ...additional]).size <= additional.length) return undefined;
  if (keMethod === 0 && additional.length > 0) return undefined;
  const esn = only(ESN)?.id === Esn.ESN;
  return { suite, prf, keMethod, additional, esn, spi: proposal.spi, proposal };
}

/** Why an answer to our offer is no answer to it. */
export type Mismatch = { readonly ok: false; readonly why: string };

/**
 * The peer's choice out of our offer: exactly one proposal, one transform of each type that we offered in it, and
 * nothing that we did not offer.
 */
export function readChoice(
  answer: SaPayload,
  offered: SaPayload,
  use: KeUse,
  spiLength: number,
): { readonly ok: true; readonly chosen: Chosen } | Mismatch {
  const [proposal, more] = answer.proposals;
  if (!proposal || more) return { ok: false, why: 'chose no proposal, or several' };
  const ours = offered.proposals.find((p) => p.number === proposal.number);
  if (!ours || ours.protocol !== proposal.protocol)
    return { ok: false, why: `chose proposal ${proposal.number}, which was not offered` };
  if (proposal.spi.length !== spiLength)
    return { ok: false, why: `sent an SPI of ${proposal.spi.length} octets` };
  for (const t of proposal.transforms) {
    if (!ours.transforms.some((o) => sameTransform(o, t)) && !isNoneInteg(t))
      return { ok: false, why: `chose transform ${describe(t)}, which was not offered` };
    if (proposal.transforms.filter((o) => o.type === t.type).length > 1)
      return { ok: false, why: `chose two transforms of type ${t.type}` };
  }
  // A peer may leave out "no key exchange" and "no ESN", which say nothing.
  for (const t of ours.transforms)
    if (!proposal.transforms.some((p) => p.type === t.type) && !optional(ours, t.type))
      return { ok: false, why: `chose no transform of type ${t.type}` };
  const chosen = assemble(proposal, use);
  return chosen ? { ok: true, chosen } : { ok: false, why: 'chose algorithms that do not go together' };
}

const isNoneInteg = (t: Transform): boolean => t.type === INTEG && t.id === 0 && t.keyLength === undefined;
const optional = (proposal: Proposal, type: number): boolean =>
  (type === KE || type === ESN || isAdditional(type)) &&
  proposal.transforms.some((t) => t.type === type && t.id === 0);
const describe = (t: Transform): string =>
  t.keyLength === undefined ? `${t.type}:${t.id}` : `${t.type}:${t.id}:${t.keyLength}`;

/**
 * Our choice out of the peer's offer: its first proposal that any of ours meets, and in that its first transform of
 * each type that ours has. `preferKe` wins among acceptable methods, since its KE payload is already there.
 */
export function choose(
  specs: readonly ProposalSpec[],
  offered: SaPayload,
  use: KeUse,
  spiLength: number,
  preferKe: number,
): Chosen | undefined {
  const protocol = use === 'ike' ? Protocol.IKE : Protocol.ESP;
  for (const proposal of offered.proposals) {
    if (proposal.protocol !== protocol || proposal.spi.length !== spiLength) continue;
    for (const spec of specs) {
      const chosen = meet(proposal, transformsOf(spec, use), use, preferKe);
      if (chosen) return chosen;
    }
  }
  return undefined;
}

function meet(
  theirs: Proposal,
  ours: readonly TransformSpec[],
  use: KeUse,
  preferKe: number,
): Chosen | undefined {
  const types = [...new Set([...theirs.transforms, ...ours].map((t) => t.type))].sort((a, b) => a - b);
  const single: Transform[] = [];
  const exchanges: Transform[][] = [];
  for (const type of types) {
    const common = theirs.transforms.filter(
      (t) => t.type === type && ours.some((o) => sameTransform(o, t)) && !t.otherAttributes?.length,
    );
    // "None" needs no counterpart: who does not list an additional key exchange does without.
    if (isAdditional(type) && !ours.some((o) => o.type === type))
      common.push(...theirs.transforms.filter((t) => t.type === type && t.id === 0));
    if (type === KE) common.sort((a, b) => Number(b.id === preferKe) - Number(a.id === preferKe));
    if (common.length === 0) {
      if (!dispensable(type, theirs.transforms, ours)) return undefined;
    } else if (type === KE || isAdditional(type)) exchanges.push(common);
    else single.push(common[0] as Transform);
  }
  const picked = pickDistinct(exchanges, { steps: MOST_STEPS });
  return picked && assemble({ ...theirs, transforms: [...single, ...picked] }, use);
}

/** Attempts at finding methods that differ: the peer must not make us search for long. */
const MOST_STEPS = 500;

/** One of each list, the first that go together: no key exchange method twice, "none" as often as it comes. */
function pickDistinct(
  lists: readonly (readonly Transform[])[],
  left: { steps: number },
  taken: readonly Transform[] = [],
): readonly Transform[] | undefined {
  const [list, ...rest] = lists;
  if (!list) return taken;
  for (const t of list) {
    if (left.steps-- <= 0) return undefined;
    if (t.id !== 0 && taken.some((other) => other.id === t.id)) continue;
    const found = pickDistinct(rest, left, [...taken, t]);
    if (found) return found;
  }
  return undefined;
}

/** A type that one side lacks altogether is fine when the other can do without it (§3.3.6 with ESN's default). */
function dispensable(
  type: number,
  theirs: readonly TransformSpec[],
  ours: readonly TransformSpec[],
): boolean {
  const has = (list: readonly TransformSpec[]): boolean => list.some((t) => t.type === type);
  const none = (list: readonly TransformSpec[]): boolean => list.some((t) => t.type === type && t.id === 0);
  if (type !== KE && type !== ESN && type !== INTEG && !isAdditional(type)) return false;
  if (has(theirs) && has(ours)) return false;
  return none(has(theirs) ? theirs : ours);
}
