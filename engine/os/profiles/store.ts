/**
 * Profiles as files: `STATE/profiles/NAME.json`, mode 0600 in a folder of mode 0700. Their secrets are elsewhere
 * (`secrets/`). Written beside and renamed into place, so that a crash leaves the old file or the new one.
 */
import { chmod, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NAME_PATTERN } from '../../base/name.ts';
import type { ProfileStorage, StoredProfile, UnreadableProfile } from '../../profile/storage.ts';
import { isMissing, writeWhole } from '../whole-file.ts';

const SUFFIX = '.json';
const FOLDER_MODE = 0o700;
/** A profile with a long chain and many anchors stays far below. */
const MAX_OCTETS = 1024 * 1024;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function read(folder: string, name: string): Promise<StoredProfile | UnreadableProfile | undefined> {
  const path = join(folder, name + SUFFIX);
  try {
    const { mtimeMs, size } = await stat(path);
    if (size > MAX_OCTETS) return { name, problem: `${path} has more than ${MAX_OCTETS} octets` };
    const document: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof document !== 'object' || document === null || Array.isArray(document))
      return { name, problem: `${path} holds no JSON object` };
    return { name, document: document as Readonly<Record<string, unknown>>, savedAt: Math.round(mtimeMs) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    // A parser's message quotes the text around the error, which can be a secret.
    const problem = error instanceof SyntaxError ? `${path} is not JSON` : reasonOf(error);
    return { name, problem };
  }
}

/** Profiles under `stateFolder`. The folder is made at the first write. */
export function fileProfiles(stateFolder: string): ProfileStorage {
  const folder = join(stateFolder, 'profiles');
  // A name from elsewhere must not leave the folder, whatever the callers checked.
  const checked = (name: string): string => {
    if (!NAME_PATTERN.test(name)) throw new RangeError('not a profile name');
    return name;
  };
  let writing: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = writing.then(work);
    writing = result.catch(() => undefined);
    return result;
  };
  return {
    list: async () => {
      let files: string[];
      try {
        files = await readdir(folder);
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
      const names = files
        .filter((file) => file.endsWith(SUFFIX))
        .map((file) => file.slice(0, -SUFFIX.length))
        .filter((name) => NAME_PATTERN.test(name))
        .sort();
      const found = await Promise.all(names.map((name) => read(folder, name)));
      return found.filter((profile) => profile !== undefined);
    },
    get: (name) => read(folder, checked(name)),
    put: (name, document) =>
      inTurn(async () => {
        await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
        await chmod(folder, FOLDER_MODE);
        await writeWhole(join(folder, checked(name) + SUFFIX), `${JSON.stringify(document, null, 2)}\n`);
      }),
    remove: (name) =>
      inTurn(async () => {
        try {
          await rm(join(folder, checked(name) + SUFFIX));
          return true;
        } catch (error) {
          if (isMissing(error)) return false;
          throw error;
        }
      }),
  };
}
