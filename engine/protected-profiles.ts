/**
 * Profiles whose files hold no secrets: in place of each stands the number of the set in the secrets store that has
 * it. The set is written first and the profile's file then points at it, so that a crash leaves the old pair or the
 * new one. Secrets that a file still has in clear are moved when it is read.
 */
import { ApiError, localFailure } from './api/failure.ts';
import { SecretsError, type SecretsStore } from './os/secrets/port.ts';
import { joinSecrets, splitSecrets } from './profile/redact.ts';
import type { ProfileStorage, StoredProfile, UnreadableProfile } from './profile/storage.ts';

type Document = StoredProfile['document'];

const MARK = /^sealed:([0-9a-f]{32})$/;

export interface ProtectedProfiles extends ProfileStorage {
  /** At the start: moves secrets that are in clear, and removes sets that no profile names. @returns what was done */
  settle(): Promise<readonly string[]>;
}

/** The set that a file names, and its fields; `undefined` when there is no secret, `clear` when one is readable. */
function marksOf(
  document: Document,
): { readonly set: string; readonly fields: readonly string[] } | 'clear' | undefined {
  const { secrets } = splitSecrets(document);
  const sets = new Set(Object.values(secrets).map((value) => MARK.exec(value)?.[1]));
  const [set] = sets;
  if (sets.size === 0) return undefined;
  return sets.size === 1 && set !== undefined ? { set, fields: Object.keys(secrets) } : 'clear';
}

export function protectedProfiles(files: ProfileStorage, store: SecretsStore): ProtectedProfiles {
  let working: Promise<unknown> = Promise.resolve();
  // A reader between the two writes of another caller would miss its set.
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = working.then(work);
    working = result.catch(() => undefined);
    return result;
  };

  /** What cannot be removed now is at the next start; it is sealed and nothing points at it. */
  const tidy = (name: string, keep?: string): Promise<void> => store.prune(name, keep).catch(() => undefined);

  const write = async (name: string, whole: Document): Promise<void> => {
    const { document, secrets } = splitSecrets(whole);
    if (Object.keys(secrets).length === 0) {
      await files.put(name, document);
      await tidy(name);
      return;
    }
    const set = await store.put(name, secrets);
    const marks = Object.fromEntries(Object.keys(secrets).map((field) => [field, `sealed:${set}`]));
    await files.put(name, joinSecrets({ document, secrets: marks }));
    await tidy(name, set);
  };

  /** A file edited by hand may have both; what is marked there comes from its own set. */
  const whole = async (name: string, document: Document): Promise<Document> => {
    const { secrets } = splitSecrets(document);
    const joined: Record<string, string> = { ...secrets };
    for (const [field, value] of Object.entries(secrets)) {
      const set = MARK.exec(value)?.[1];
      if (set !== undefined) Object.assign(joined, await store.get(name, set, [field]));
    }
    return joinSecrets({ document, secrets: joined });
  };

  const open = async (
    found: StoredProfile | UnreadableProfile,
  ): Promise<StoredProfile | UnreadableProfile> => {
    if ('problem' in found) return found;
    const { name, document } = found;
    try {
      const marks = marksOf(document);
      if (!marks) return found;
      const complete = await whole(name, document);
      if (marks === 'clear') await write(name, complete);
      return { ...found, document: complete };
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      return { name, problem: error.message, code: 'SECRETS_UNAVAILABLE' };
    }
  };

  const settle = async (): Promise<readonly string[]> => {
    const done: string[] = [];
    const profiles = await files.list();
    for (const profile of profiles) {
      if ('problem' in profile || marksOf(profile.document) !== 'clear') continue;
      const opened = await open(profile);
      done.push(
        'problem' in opened
          ? `the secrets of profile ${profile.name} are still in clear: ${opened.problem}`
          : `moved the secrets of profile ${profile.name} into the secrets store`,
      );
    }
    for (const name of await store.profiles()) {
      const found = await files.get(name);
      if (found && 'problem' in found) continue;
      const marks = found && marksOf(found.document);
      if (marks !== 'clear') await store.prune(name, marks?.set);
    }
    return done;
  };

  return {
    list: () => inTurn(async () => Promise.all((await files.list()).map(open))),
    get: (name) =>
      inTurn(async () => {
        const found = await files.get(name);
        return found && (await open(found));
      }),
    put: (name, document) =>
      inTurn(() =>
        write(name, document).catch((error: unknown) => {
          if (!(error instanceof SecretsError)) throw error;
          throw new ApiError(localFailure('SECRETS_UNAVAILABLE', error.message));
        }),
      ),
    remove: (name) =>
      inTurn(async () => {
        const removed = await files.remove(name);
        await tidy(name);
        return removed;
      }),
    settle: () => inTurn(settle),
  };
}
