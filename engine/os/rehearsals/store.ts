/** Rekeys that have worked, in a file, `STATE/rehearsed.json`, written as a whole. Whatever else is found there counts as nothing. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, writeWhole } from '../whole-file.ts';
import type { RehearsalStorage, Rehearsed } from './port.ts';

/** Octets of the file. */
const LARGEST = 512 * 1024;

const text = (value: unknown): value is string => typeof value === 'string' && value !== '';

function isRehearsed(value: unknown): value is Rehearsed {
  if (typeof value !== 'object' || value === null) return false;
  const { profile, child, proposals } = value as Readonly<Record<string, unknown>>;
  return text(profile) && text(child) && text(proposals);
}

/** @param problem hears what is wrong with the file or the disk */
export function fileRehearsals(stateFolder: string, problem: (text: string) => void): RehearsalStorage {
  const path = join(stateFolder, 'rehearsed.json');
  const failed = (doing: string, error: unknown): void =>
    problem(`${path} could not be ${doing}: ${error instanceof Error ? error.message : String(error)}`);
  let next: readonly Rehearsed[] | undefined;
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    // Of several that wait for the disk the last alone is worth writing.
    const now = next;
    next = undefined;
    if (now === undefined) return;
    const octets = `${JSON.stringify(now.map(({ profile, child, proposals }) => ({ profile, child, proposals })))}\n`;
    if (octets.length <= LARGEST) await writeWhole(path, octets);
  };
  return {
    load: async () => {
      try {
        const { size } = await stat(path);
        if (size > LARGEST) throw new Error(`it has ${size} octets`);
        const found: unknown = JSON.parse(await readFile(path, 'utf8'));
        if (!Array.isArray(found)) throw new Error('it is no list');
        return (found as readonly unknown[]).filter(isRehearsed);
      } catch (error) {
        if (!isMissing(error)) failed('read', error);
        return [];
      }
    },
    save: (rehearsed) => {
      next = rehearsed;
      writing = writing.then(write).catch((error: unknown) => failed('written', error));
      return writing;
    },
  };
}
