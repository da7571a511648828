/** Judges a document while it is written, with the engine's own rules. */
import { readProfile } from '../../engine/profile/validate.ts';
import { type Document, valueAt, withValue } from './document.ts';

/** What a stored secret reads as; written back it stays as it was. */
export const KEPT = '***';

export interface Finding {
  /** `children.office.remote[1]`. */
  readonly path: string;
  readonly message: string;
}

export interface Findings {
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** Stand-ins for secrets that only the engine has, so that their shape is no problem. */
const STAND_INS: Readonly<Record<string, string>> = {
  'local.auth.psk': 'a stored secret that is long enough',
  'local.auth.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----',
  'local.auth.passphrase': 'stored',
  'local.auth.password': 'stored',
  'remote.psk': 'a stored secret that is long enough',
  'ike.ppk.secret': 'a stored secret that is long enough',
};

export function check(document: Document): Findings {
  let stood = document;
  for (const [path, standIn] of Object.entries(STAND_INS))
    if (valueAt(document, path) === KEPT) stood = withValue(stood, path, standIn);
  const read = readProfile(stood);
  return read.ok ? { problems: [], warnings: read.value.warnings } : { problems: read.error, warnings: [] };
}

/** The first finding at a path or below it. */
export function at(findings: readonly Finding[], path: string): string | undefined {
  return findings.find(
    (finding) =>
      finding.path === path || finding.path.startsWith(`${path}[`) || finding.path.startsWith(`${path}.`),
  )?.message;
}
