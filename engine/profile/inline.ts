/**
 * Puts the content of certificate and key files into a document, at the edge where the user's own rights hold.
 * DER becomes PEM. Works on documents of any shape: what is not there, or no text, is left for the validation.
 */
import { fromUtf8 } from '../base/bytes.ts';
import { err, ok, type Result } from '../base/result.ts';
import type { ProfileProblem } from './profile.ts';
import { printBase64 } from './psk.ts';

/** Octets of a file named in a profile, or why it cannot be read. */
export type FileReader = (path: string) => Result<Uint8Array, string>;

export const isPem = (text: string): boolean => text.includes('-----BEGIN ');

const FIELDS = [
  { path: ['local', 'auth', 'certificate'], kind: 'certificate' },
  { path: ['local', 'auth', 'key'], kind: 'key' },
  { path: ['local', 'auth', 'chain'], kind: 'certificate' },
  { path: ['local', 'auth2', 'certificate'], kind: 'certificate' },
  { path: ['local', 'auth2', 'key'], kind: 'key' },
  { path: ['local', 'auth2', 'chain'], kind: 'certificate' },
  { path: ['remote', 'anchors'], kind: 'certificate' },
] as const;

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;

/** Offset of the content of the DER element at `at`, or -1. */
function contentAt(der: Uint8Array, at: number): number {
  const first = der[at + 1];
  if (first === undefined) return -1;
  return first < 0x80 ? at + 2 : at + 2 + (first & 0x7f);
}

/** PKCS#1, SEC 1, PKCS#8 or encrypted PKCS#8, by the first elements inside the outer SEQUENCE. */
function keyLabel(der: Uint8Array): string | undefined {
  const first = contentAt(der, 0);
  if (der[first] === SEQUENCE) return 'ENCRYPTED PRIVATE KEY';
  if (der[first] !== INTEGER) return undefined;
  const second = contentAt(der, first) + (der[first + 1] ?? 0);
  if (der[second] === SEQUENCE) return 'PRIVATE KEY';
  if (der[second] === INTEGER) return 'RSA PRIVATE KEY';
  return der[second] === OCTET_STRING ? 'EC PRIVATE KEY' : undefined;
}

function toPem(bytes: Uint8Array, kind: 'certificate' | 'key'): Result<string, string> {
  if (bytes[0] === SEQUENCE) {
    const label = kind === 'certificate' ? 'CERTIFICATE' : keyLabel(bytes);
    if (label === undefined) return err('holds no private key in DER form');
    const lines = printBase64(bytes).match(/.{1,64}/g) ?? [];
    return ok(`-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`);
  }
  const text = fromUtf8(bytes);
  return isPem(text) ? ok(text) : err('is neither PEM nor DER');
}

/** A copy of the document with PEM text in place of file names, and what could not be read. */
export function inlineFiles(
  value: unknown,
  read: FileReader,
): { readonly document: unknown; readonly problems: readonly ProfileProblem[] } {
  const problems: ProfileProblem[] = [];
  const load = (text: unknown, path: string, kind: 'certificate' | 'key'): unknown => {
    if (typeof text !== 'string' || text === '' || isPem(text) || text === '***') return text;
    const bytes = read(text);
    const pem = bytes.ok ? toPem(bytes.value, kind) : bytes;
    if (pem.ok) return pem.value;
    problems.push({ path, message: `the file ${text.slice(0, 200)} ${pem.error}` });
    return text;
  };
  const document: unknown = isRecord(value) ? copyOf(value) : value;
  for (const { path, kind } of FIELDS) {
    let at: unknown = document;
    for (const key of path.slice(0, -1)) at = isRecord(at) ? at[key] : undefined;
    const last = path[path.length - 1] as string;
    if (!isRecord(at) || at[last] === undefined) continue;
    const field = at[last];
    const name = path.join('.');
    at[last] = Array.isArray(field)
      ? field.map((item: unknown, i) => load(item, `${name}[${i}]`, kind))
      : load(field, name, kind);
  }
  return { document, problems };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deepest object that holds a file name or a secret: `local.auth`. */
const DEPTH = 2;

/** Copies objects as deep as this folder writes into them; everything below is shared with the original. */
export function copyOf(
  value: Readonly<Record<string, unknown>>,
  depth: number = DEPTH,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      depth > 0 && isRecord(inner) ? copyOf(inner, depth - 1) : inner,
    ]),
  );
}
