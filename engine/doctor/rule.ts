/** What a check of the certificate doctor is: a pure function from what is known to what to say about it. */
import type { DoctorCheck, Verdict } from '../api/doctor.ts';
import type { Facts } from './facts.ts';

/** One thing that was found. A check that finds several says all of them under the worst verdict. */
export interface Finding {
  readonly verdict: Verdict;
  readonly text: string;
  readonly advice?: readonly string[];
}

export interface Rule {
  readonly id: string;
  readonly title: string;
  /** Nothing when it does not apply to such a profile. */
  readonly judge: (facts: Facts) => Finding | readonly Finding[] | undefined;
}

export const pass = (text: string): Finding => ({ verdict: 'pass', text });
export const warn = (text: string, ...advice: readonly string[]): Finding => ({
  verdict: 'warn',
  text,
  advice,
});
export const fail = (text: string, ...advice: readonly string[]): Finding => ({
  verdict: 'fail',
  text,
  advice,
});
export const skipped = (text: string, ...advice: readonly string[]): Finding => ({
  verdict: 'skipped',
  text,
  advice,
});

/** Worst last. */
const ORDER: readonly Verdict[] = ['pass', 'skipped', 'warn', 'fail'];
const rank = ({ verdict }: Finding): number => ORDER.indexOf(verdict);

const isList = (findings: Finding | readonly Finding[]): findings is readonly Finding[] =>
  Array.isArray(findings);

/** The rule's line in the report, `undefined` when it does not apply. */
export function applied({ id, title, judge }: Rule, facts: Facts): DoctorCheck | undefined {
  const judged = judge(facts);
  if (judged === undefined) return undefined;
  const findings = isList(judged) ? [...judged].sort((a, b) => rank(b) - rank(a)) : [judged];
  const [worst] = findings;
  if (!worst) return undefined;
  // What is in order is of interest only where nothing is not.
  const said = findings.filter((finding) => worst.verdict === 'pass' || finding.verdict !== 'pass');
  return {
    id,
    title,
    verdict: worst.verdict,
    text: said.map((finding) => finding.text).join(' '),
    advice: [...new Set(said.flatMap((finding) => finding.advice ?? []))],
  };
}
