/**
 * Explains failures: what is likely to be the matter, and what to try. One table, read from top to bottom; every row
 * that holds adds its advice, so that the likelier causes come first. Clients show `Failure.advice` as it is.
 */
import type { Failure } from '../../base/failure.ts';
import { CREDENTIAL_ROWS } from './credential-rows.ts';
import { LOCAL_ROWS } from './local-rows.ts';
import { NEGOTIATION_ROWS } from './negotiation-rows.ts';
import { REACH_ROWS } from './reach-rows.ts';
import type { Known, Row } from './row.ts';

export const ROWS: readonly Row[] = [...REACH_ROWS, ...NEGOTIATION_ROWS, ...CREDENTIAL_ROWS, ...LOCAL_ROWS];

/** More than that nobody reads. */
const MOST_ADVICE = 6;

/** The rows that hold for a failure, in order. */
export const rowsFor = (failure: Failure, known: Known): readonly Row[] =>
  ROWS.filter(
    ({ codes, phases, checks, only }) =>
      codes.includes(failure.code) &&
      (phases?.includes(failure.phase) ?? true) &&
      (checks === undefined || (failure.check !== undefined && checks.includes(failure.check))) &&
      (only?.(known, failure) ?? true),
  );

/** The failure with what the table says of it; what it says of itself comes first. */
export function explain(failure: Failure, known: Known): Failure {
  const rows = rowsFor(failure, known);
  const added = rows.flatMap(({ adds }) => adds?.(known, failure) ?? []);
  const advice = new Set([...(failure.advice ?? []), ...rows.flatMap((row) => row.advice(known, failure))]);
  const message = [failure.message, ...added].join('; ');
  return advice.size === 0
    ? { ...failure, message }
    : { ...failure, message, advice: [...advice].slice(0, MOST_ADVICE) };
}
