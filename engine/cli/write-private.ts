/** Files that commands write: only for the user, for a key may be in them, or what a machine is connected to. */
import { writeFileSync } from 'node:fs';
import { ApiError, localFailure } from '../api/failure.ts';

/** @throws ApiError `USAGE` */
export function writePrivate(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content, { mode: 0o600 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new ApiError(localFailure('USAGE', `${path} cannot be written (${code})`));
  }
}
