/** Files that a command names, read with the user's own rights. */
import { readFileSync, statSync } from 'node:fs';
import { ApiError, localFailure } from '../api/failure.ts';
import { err, ok, type Result } from '../base/result.ts';

const MAX_OCTETS = 1024 * 1024;

/** The octets, or a sentence that goes on after the file's name. */
export function readBounded(path: string): Result<Uint8Array, string> {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return err('is not a file');
    if (stat.size > MAX_OCTETS) return err(`has more than ${MAX_OCTETS} octets`);
    return ok(readFileSync(path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return err('does not exist');
    if (code === 'EACCES') return err('may not be read by this user');
    return err(`cannot be read (${String(code)})`);
  }
}

/** @throws ApiError `NOT_FOUND`, `USAGE` */
export function readNamed(path: string): Uint8Array {
  const bytes = readBounded(path);
  if (bytes.ok) return bytes.value;
  const code = bytes.error === 'does not exist' ? 'NOT_FOUND' : 'USAGE';
  throw new ApiError(localFailure(code, `the file ${path} ${bytes.error}`));
}

/** A passphrase or password in a file: its text without the line's end. @throws ApiError as `readNamed` */
export const readSecretFile = (path: string): string =>
  new TextDecoder().decode(readNamed(path)).replace(/\r?\n$/, '');
