/** Keeps the settings in one JSON file, written as a whole: after a power cut there is the old one or the new one. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '../bridge/contract.ts';
import { DEFAULTS, fileSchema } from './schema.ts';

export interface SettingsStore {
  get(): Settings;
  /** Writes before it answers; an error of the file system leaves the old settings in force. */
  change(change: Partial<Settings>): Settings;
}

function load(path: string): Settings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return DEFAULTS;
  }
  try {
    const read = fileSchema.safeParse(JSON.parse(text));
    return read.success ? read.data : DEFAULTS;
  } catch {
    return DEFAULTS;
  }
}

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const aside = `${path}.new`;
  const file = openSync(aside, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, path);
}

export function openSettings(path: string): SettingsStore {
  let current = load(path);
  return {
    get: () => current,
    change(change) {
      const next = { ...current, ...change };
      writeWhole(path, `${JSON.stringify(next, undefined, 2)}\n`);
      current = next;
      return next;
    },
  };
}
