/**
 * Proposals as strongSwan writes them, to and from plain values: `aes256gcm16-prfsha384-ecp384`,
 * `aes128-sha256-modp2048`, `aes128gcm16-aes256gcm16-x25519-ecp256-esn`. Several keywords of one type are
 * alternatives in order of preference (RFC 7296 §3.3).
 *
 * The rules are strongSwan's: an IKE proposal without a PRF gets those of its integrity algorithms; integrity
 * algorithms beside AEADs serve for that only; AEADs and plain ciphers do not mix in one proposal (RFC 7296 §3.3);
 * an ESP proposal without a key exchange means no perfect forward secrecy, without `esn` 32-bit sequence numbers.
 * `ke1_` to `ke7_` before a key exchange make it an additional one (RFC 9370).
 */
import { err, ok, type Result } from '../base/result.ts';
import { ENCR_ROWS, INTEG_ROWS } from './algorithms.ts';
import { findPreset } from './presets.ts';
import { findKeyword, type Keyword, keywordOf } from './proposal-keywords.ts';
import { isAead, isWeak, labelOf } from './suites.ts';
import { isKeyExchangeKind, TransformKind } from './transform-kinds.ts';

export interface TransformSpec {
  /** Transform type, 1..5 (RFC 7296 §3.3.2), or 6..12 for an additional key exchange (RFC 9370 §2.2.1). */
  readonly type: number;
  /** IANA's transform ID. */
  readonly id: number;
  /** Key Length attribute in bits; absent where the transform takes none. */
  readonly keyLength?: number;
}

export interface ProposalSpec {
  /** Sorted by type, and within a type by preference. */
  readonly transforms: readonly TransformSpec[];
  /** A trailing `!`: nothing else is to be offered or accepted. */
  readonly strict: boolean;
}

/** What is wrong with a proposal, and at which word of it (the whole text when no single word is at fault). */
export interface ProposalError {
  readonly token: string;
  readonly reason: string;
}

export type ProposalProtocol = 'ike' | 'esp';

const { ENCR, PRF, INTEG, KE, ESN } = TransformKind;

/** A list that holds every keyword there is stays far below this. */
const MAX_TOKENS = 128;

const fault = (token: string, reason: string): Result<never, ProposalError> => err({ token, reason });

function unfit(keyword: Keyword, protocol: ProposalProtocol): string | undefined {
  if (keyword.unsupported !== undefined) return keyword.unsupported;
  if (protocol === 'ike' && keyword.type === ESN) return 'belongs to ESP proposals only';
  if (protocol === 'ike' && keyword.type === KE && keyword.id === 0) return 'IKE needs a key exchange';
  if (protocol === 'ike' && keyword.type === ENCR && ENCR_ROWS.get(keyword.id)?.espOnly)
    return 'encrypts nothing, which IKE must';
  if (protocol === 'esp' && keyword.type === PRF) return 'belongs to IKE proposals only';
  return undefined;
}

function same(a: TransformSpec, b: TransformSpec): boolean {
  return a.type === b.type && a.id === b.id && a.keyLength === b.keyLength;
}

const prfOfInteg = (integ: number): number | undefined => INTEG_ROWS.get(integ)?.prf;

/** Additional key exchanges, in the order in which they run. */
const additional = (found: readonly TransformSpec[]): TransformSpec[] =>
  found.filter((t) => t.type !== KE && isKeyExchangeKind(t.type)).sort((a, b) => a.type - b.type);

/** An additional key exchange for which no method is left: each runs at most once (RFC 9370 §2.2.1). */
function repeated(exchanges: readonly TransformSpec[]): TransformSpec | undefined {
  const of = (type: number): TransformSpec[] => exchanges.filter((t) => t.type === type);
  // A type with one method only takes it away from all others.
  const fixed = exchanges.filter((t) => t.id !== 0 && of(t.type).length === 1);
  return exchanges.find(
    (t) => t.type !== KE && of(t.type).every((o) => fixed.some((f) => f.id === o.id && f.type !== o.type)),
  );
}

/** A transform's keyword, or its type and number where it has none. */
const wordOf = (t: TransformSpec): string =>
  keywordOf(t.type, t.id, t.keyLength) ??
  `${t.type}:${t.id}${t.keyLength === undefined ? '' : `:${t.keyLength}`}`;

/** Reads the words of one proposal, each once. */
function readWords(text: string, protocol: ProposalProtocol): Result<TransformSpec[], ProposalError> {
  const words = text.split('-', MAX_TOKENS + 1);
  if (words.length > MAX_TOKENS) return fault(text.slice(0, 40), `more than ${MAX_TOKENS} words`);
  const found: TransformSpec[] = [];
  for (const word of words) {
    const token = word.trim();
    const keyword = findKeyword(token);
    if (!keyword) return fault(token, token === '' ? 'a word is missing' : 'is no known algorithm');
    const reason = unfit(keyword, protocol);
    if (reason !== undefined) return fault(token, reason);
    const { type, id, keyLength } = keyword;
    const transform = keyLength === undefined ? { type, id } : { type, id, keyLength };
    if (!found.some((t) => same(t, transform))) found.push(transform);
  }
  return ok(found);
}

/** Applies the rules that look at the proposal as a whole. */
function complete(
  text: string,
  found: readonly TransformSpec[],
  protocol: ProposalProtocol,
): Result<TransformSpec[], ProposalError> {
  const of = (type: number): TransformSpec[] => found.filter((t) => t.type === type);
  const ciphers = of(ENCR);
  const aeads = ciphers.filter((t) => isAead(t.id));
  let integs = of(INTEG);
  let prfs = of(PRF);
  const exchanges = of(KE);
  let esns = of(ESN);

  if (ciphers.length === 0) return fault(text, 'an encryption algorithm is missing');
  if (aeads.length > 0 && aeads.length < ciphers.length)
    return fault(text, 'AEAD and other encryption algorithms do not mix in one proposal');
  if (aeads.length === 0 && integs.length === 0) return fault(text, 'an integrity algorithm is missing');
  if (protocol === 'ike') {
    if (prfs.length === 0)
      prfs = integs.flatMap(({ id }) => {
        const prf = prfOfInteg(id);
        return prf === undefined ? [] : [{ type: PRF, id: prf }];
      });
    if (prfs.length === 0) return fault(text, 'a PRF is missing (such as prfsha256)');
    if (exchanges.length === 0) return fault(text, 'a key exchange method is missing (such as x25519)');
  } else if (esns.length === 0) {
    esns = [{ type: ESN, id: 0 }];
  }
  if (aeads.length > 0) integs = [];
  const more = additional(found);
  if (more.some((t) => t.id !== 0) && !exchanges.some((t) => t.id !== 0))
    return fault(text, 'additional key exchanges need a first one (such as x25519)');
  const twice = repeated([...exchanges, ...more]);
  if (twice) return fault(wordOf(twice), 'repeats a key exchange: each one has to differ (RFC 9370)');
  return ok([...ciphers, ...prfs, ...integs, ...exchanges, ...esns, ...more]);
}

/** Reads one proposal. */
export function parseProposal(text: string, protocol: ProposalProtocol): Result<ProposalSpec, ProposalError> {
  const trimmed = text.trim();
  const strict = trimmed.endsWith('!');
  const body = strict ? trimmed.slice(0, -1).trimEnd() : trimmed;
  const words = readWords(body, protocol);
  if (!words.ok) return words;
  const transforms = complete(body, words.value, protocol);
  return transforms.ok ? ok({ transforms: transforms.value, strict }) : transforms;
}

/**
 * Reads a comma-separated list in order of preference. The name of a preset (`presets.ts`) stands for its proposals,
 * `default` for those of `recommended`; a `!` at the end makes every proposal of the list strict, as in ipsec.conf.
 */
export function parseProposals(
  text: string,
  protocol: ProposalProtocol,
): Result<readonly ProposalSpec[], ProposalError> {
  const trimmed = text.trim();
  const strict = trimmed.endsWith('!');
  const body = strict ? trimmed.slice(0, -1) : trimmed;
  const found: ProposalSpec[] = [];
  for (const item of body.split(',', MAX_TOKENS)) {
    const preset = presetProposals(item.trim(), protocol);
    if (preset) {
      found.push(...preset.map((p) => ({ ...p, strict })));
      continue;
    }
    const proposal = parseProposal(item, protocol);
    if (!proposal.ok) return proposal;
    found.push({ ...proposal.value, strict: strict || proposal.value.strict });
  }
  return ok(found);
}

/**
 * The shortest text that {@link parseProposal} reads as the same value. A transform without a keyword (from a
 * peer) prints as its type and number.
 */
export function printProposal(proposal: ProposalSpec): string {
  const of = (type: number): TransformSpec[] => proposal.transforms.filter((t) => t.type === type);
  const integs = of(INTEG);
  const prfs = of(PRF);
  const esns = of(ESN);
  const derived =
    integs.length > 0 &&
    integs.length === prfs.length &&
    integs.every((t, i) => prfOfInteg(t.id) === prfs[i]?.id);
  const shown = [
    ...of(ENCR),
    ...integs,
    ...(derived ? [] : prfs),
    ...of(KE),
    ...additional(proposal.transforms),
    ...(esns.length === 1 && esns[0]?.id === 0 ? [] : esns),
  ];
  const words = shown.map(wordOf);
  return words.join('-') + (proposal.strict ? '!' : '');
}

/** The proposals of a preset, `undefined` for a name that is none. */
export function presetProposals(
  name: string,
  protocol: ProposalProtocol,
): readonly ProposalSpec[] | undefined {
  return findPreset(name)?.[protocol].map((text) => {
    const proposal = parseProposal(text, protocol);
    if (!proposal.ok) throw new TypeError(`${proposal.error.token}: ${proposal.error.reason}`);
    return proposal.value;
  });
}

/** What is offered when a profile names nothing; never a legacy or broken algorithm. */
export const defaultProposals = (protocol: ProposalProtocol): readonly ProposalSpec[] =>
  presetProposals('recommended', protocol) ?? [];

/** A transform that asks for the user's consent, with its keyword. */
export interface WeakTransform {
  readonly transform: TransformSpec;
  readonly word: string;
  readonly label: 'legacy' | 'broken';
}

/** The legacy and broken transforms of a list, each once. */
export function weakTransforms(specs: readonly ProposalSpec[]): readonly WeakTransform[] {
  const found: WeakTransform[] = [];
  for (const transform of specs.flatMap((spec) => spec.transforms)) {
    const label = labelOf(transform);
    if (!isWeak(label) || found.some((weak) => same(weak.transform, transform))) continue;
    found.push({ transform, word: wordOf(transform), label });
  }
  return found;
}
