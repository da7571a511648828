/** What commands print: text for people or JSON for machines, results on stdout, reasons on stderr. */
import { FAILURES, type Failure } from '../base/failure.ts';

/** Text of a peer or a file must not steer the terminal. */
export const clean = (text: string): string =>
  [...text].map((char) => (isControl(char.codePointAt(0) ?? 0) ? '\ufffd' : char)).join('');

const isControl = (code: number): boolean =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a) || (code >= 0x7f && code < 0xa0);

export interface Output {
  readonly json: boolean;
  /** A result: `value` as one line of JSON, or `text`. */
  result(value: unknown, text: () => string): void;
  /** One line for people, nothing for machines. */
  warn(text: string): void;
  /** How it goes on, likewise. */
  tell(text: string): void;
}

export const makeOutput = (json: boolean): Output => ({
  json,
  result(value, text) {
    const lines = json ? JSON.stringify(value) : clean(text());
    if (lines !== '') process.stdout.write(`${lines}\n`);
  },
  warn(text) {
    if (!json) process.stderr.write(`culvert: warning: ${clean(text)}\n`);
  },
  tell(text) {
    if (!json) process.stderr.write(`culvert: ${clean(text).replaceAll('\n', ' ')}\n`);
  },
});

/** Prints why a command failed and gives its exit code. */
export function reportFailure(failure: Failure, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify({ error: failure })}\n`);
  const check = failure.check === undefined ? '' : ` (${failure.check})`;
  process.stderr.write(`culvert: ${failure.code}${check}: ${clean(failure.message).replaceAll('\n', ' ')}\n`);
  if (!json && process.stderr.isTTY) {
    for (const advice of failure.advice ?? []) process.stderr.write(`  try: ${clean(advice)}\n`);
  }
  return FAILURES[failure.code];
}
