/** The guards' file in the state folder: written beside, synced, and renamed into place. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OsError } from '../error.ts';
import { syncFolder, writeWhole } from '../whole-file.ts';
import type { GuardStorage } from './guards.ts';
import { GUARD_FILE, readStored, storedText } from './stored.ts';

const unusable = (error: unknown): OsError => {
  const { code, message } = error as NodeJS.ErrnoException;
  return new OsError('permission', `the kill switch's file cannot be used (${code ?? 'unknown'})`, message);
};

export function fileGuards(stateDir: string): GuardStorage {
  const path = join(stateDir, GUARD_FILE);
  return {
    read: async () => {
      try {
        // What a crash left half written was never in force.
        await rm(`${path}.new`, { force: true });
        return readStored(await readFile(path, 'utf8')) ?? 'damaged';
      } catch (error) {
        // A file that is there and cannot be read says as little as one that is damaged.
        return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'damaged';
      }
    },
    write: async (guards) => {
      try {
        await mkdir(stateDir, { recursive: true, mode: 0o700 });
        await writeWhole(path, storedText(guards));
      } catch (error) {
        throw unusable(error);
      }
    },
    remove: async () => {
      try {
        await rm(path, { force: true });
        await syncFolder(stateDir);
      } catch (error) {
        throw unusable(error);
      }
    },
  };
}
