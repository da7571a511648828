/** Reads a profile file with the user's own rights and puts the files that it names into the document. */
import { dirname, resolve } from 'node:path';
import type { ProfileDocumentJson } from '../api/commands.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import { forgetSecrets } from '../profile/authentication.ts';
import { inlineFiles, isRecord } from '../profile/inline.ts';
import { problemText } from '../profile/profile.ts';
import { readProfile } from '../profile/validate.ts';
import { readBounded } from './read-bytes.ts';

export interface ProfileFile {
  readonly name: string;
  /** Nothing in it names a file any more. */
  readonly document: ProfileDocumentJson;
  readonly warnings: readonly string[];
}

/** A path, as opposed to the name of a stored profile. */
export const isPath = (text: string): boolean => /[/\\]/.test(text) || text.endsWith('.json');

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's own message may quote a secret; its position may not.
    const at = /position ([0-9]+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const line = at === undefined ? '' : ` (line ${text.slice(0, Number(at)).split('\n').length})`;
    throw new ApiError(localFailure('PROFILE_INVALID', `${path} is not JSON${line}`));
  }
}

/** @throws ApiError `NOT_FOUND`, `PROFILE_INVALID` with every problem, the first in the message */
export function readProfileFile(path: string): ProfileFile {
  const bytes = readBounded(path);
  if (!bytes.ok)
    throw new ApiError(
      localFailure(
        bytes.error === 'does not exist' ? 'NOT_FOUND' : 'PROFILE_INVALID',
        `the profile ${path} ${bytes.error}`,
      ),
    );
  const value = parseJson(path, new TextDecoder().decode(bytes.value));
  const folder = dirname(resolve(path));
  const { document, problems } = inlineFiles(value, (name) => readBounded(resolve(folder, name)));
  const read = readProfile(document);
  const reported = new Set(problems.map((problem) => problem.path));
  const all = [...problems, ...(read.ok ? [] : read.error.filter((problem) => !reported.has(problem.path)))];
  if (!read.ok || all.length > 0 || !isRecord(document))
    throw new ApiError(localFailure('PROFILE_INVALID', `${path}: ${all.map(problemText).join('; ')}`));
  forgetSecrets(read.value.profile);
  return { name: read.value.profile.name, document, warnings: read.value.warnings.map(problemText) };
}
