/** Secrets of a document are write-only: they read `***`, and `***` written back means "as it was". */
import { copyOf, isRecord } from './inline.ts';

export const REDACTED = '***';

const SECRETS: readonly (readonly [string, ...string[]])[] = [
  ['local', 'auth', 'psk'],
  ['local', 'auth', 'key'],
  ['local', 'auth', 'passphrase'],
  ['local', 'auth', 'password'],
  ['local', 'auth2', 'psk'],
  ['local', 'auth2', 'key'],
  ['local', 'auth2', 'passphrase'],
  ['local', 'auth2', 'password'],
  ['remote', 'psk'],
  ['ike', 'ppk', 'secret'],
];

function holder(
  document: Record<string, unknown>,
  path: readonly string[],
): Record<string, unknown> | undefined {
  let at: unknown = document;
  for (const key of path.slice(0, -1)) at = isRecord(at) ? at[key] : undefined;
  return isRecord(at) ? at : undefined;
}

const last = (path: readonly string[]): string => path[path.length - 1] as string;

/** A copy without secrets. */
export function redactSecrets(document: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy = copyOf(document);
  for (const path of SECRETS) {
    const at = holder(copy, path);
    if (at && at[last(path)] !== undefined) at[last(path)] = REDACTED;
  }
  return copy;
}

/** A copy of `document` in which `***` is replaced by the stored secret of the same field, if there is one. */
export function restoreSecrets(
  document: Readonly<Record<string, unknown>>,
  stored: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const copy = copyOf(document);
  const before = copyOf(stored);
  for (const path of SECRETS) {
    const at = holder(copy, path);
    if (at?.[last(path)] !== REDACTED) continue;
    const kept = holder(before, path)?.[last(path)];
    if (kept === undefined) delete at[last(path)];
    else at[last(path)] = kept;
  }
  return copy;
}

export interface SplitDocument {
  /** Without its secrets. */
  readonly document: Record<string, unknown>;
  /** By the path of their field, such as `local.auth.psk`. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Takes the secrets out of a copy of the document. */
export function splitSecrets(document: Readonly<Record<string, unknown>>): SplitDocument {
  const copy = copyOf(document);
  const secrets: Record<string, string> = {};
  for (const path of SECRETS) {
    const at = holder(copy, path);
    const value = at?.[last(path)];
    if (typeof value === 'string' && value !== REDACTED) secrets[path.join('.')] = value;
    if (at) delete at[last(path)];
  }
  return { document: copy, secrets };
}

/** The opposite: only fields that hold secrets are written to. */
export function joinSecrets({ document, secrets }: SplitDocument): Record<string, unknown> {
  const copy = copyOf(document);
  for (const path of SECRETS) {
    const value = Object.hasOwn(secrets, path.join('.')) ? secrets[path.join('.')] : undefined;
    const at = holder(copy, path);
    if (at && typeof value === 'string') at[last(path)] = value;
  }
  return copy;
}
