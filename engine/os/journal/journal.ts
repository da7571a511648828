/**
 * The change journal as a file, `changes.jsonl` in the state directory, readable by its owner alone.
 *
 * An entry counts once its line is on disk; its change follows. A damaged file is kept aside as
 * `changes.jsonl.corrupt-N` and reported; the records in it that can be read are still undone, since each undo
 * checks first that the value is ours.
 */
import { constants } from 'node:fs';
import { copyFile, type FileHandle, mkdir, open, readFile, rename, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { OsError } from '../error.ts';
import { syncFolder } from '../whole-file.ts';
import type { Journal, JournalEntry, NewEntry } from './port.ts';
import { doneLine, entryLine, type JournalText, readJournal } from './records.ts';

export interface JournalOptions {
  /** Made, for its owner alone, when it does not exist. */
  readonly stateDir: string;
  /** Boot id to put in new entries. */
  readonly bootId: string;
}

export const JOURNAL_FILE = 'changes.jsonl';
const KEPT_ASIDE_LIMIT = 1000;

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Copies a damaged journal to the first free `…corrupt-N` name and returns that name. */
async function keepAside(path: string): Promise<string> {
  for (let n = 1; n <= KEPT_ASIDE_LIMIT; n++) {
    const aside = `${path}.corrupt-${n}`;
    try {
      await copyFile(path, aside, constants.COPYFILE_EXCL);
      const copy = await open(aside, 'r+');
      try {
        await copy.chmod(0o600);
        await copy.sync();
      } finally {
        await copy.close();
      }
      return aside;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  throw new OsError('journal-corrupt', 'too many damaged change journals are kept', path);
}

/** Writes the live entries to a new file and puts it in the place of the old one. */
async function rewrite(stateDir: string, path: string, live: readonly JournalEntry[]): Promise<void> {
  const fresh = `${path}.new`;
  const file = await open(
    fresh,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await file.chmod(0o600);
    await file.writeFile(live.map(entryLine).join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncFolder(stateDir);
}

class FileJournal implements Journal {
  readonly problems: readonly string[];
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #bootId: string;
  readonly #live = new Map<number, JournalEntry>();
  #lastId: number;

  constructor(
    file: FileHandle,
    path: string,
    bootId: string,
    text: JournalText,
    problems: readonly string[],
  ) {
    this.#file = file;
    this.#path = path;
    this.#bootId = bootId;
    this.#lastId = text.lastId;
    this.problems = problems;
    for (const entry of text.live) this.#live.set(entry.id, entry);
  }

  live(): readonly JournalEntry[] {
    return [...this.#live.values()];
  }

  async append(entries: readonly NewEntry[]): Promise<readonly JournalEntry[]> {
    if (entries.length === 0) return [];
    const made = entries.map(
      (entry): JournalEntry => ({ id: ++this.#lastId, ...entry, bootId: this.#bootId }),
    );
    await this.#file.appendFile(made.map(entryLine).join(''));
    await this.#file.datasync();
    for (const entry of made) this.#live.set(entry.id, entry);
    return made;
  }

  async done(ids: readonly number[]): Promise<void> {
    const known = ids.filter((id) => this.#live.has(id));
    if (known.length === 0) return;
    // By its name: on Windows a file that is open for appending cannot be cut.
    if (known.length === this.#live.size) await truncate(this.#path, 0);
    else await this.#file.appendFile(doneLine(known));
    await this.#file.datasync();
    for (const id of known) this.#live.delete(id);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/**
 * Opens the journal, or begins one.
 * @throws OsError `permission` when the state directory or the file cannot be used
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const path = join(options.stateDir, JOURNAL_FILE);
  try {
    await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
    const text = readJournal(await readText(path));
    const problems: string[] = [];
    if (text.damage.length > 0) {
      const aside = await keepAside(path);
      problems.push(`the change journal is damaged (${text.damage.join('; ')}); it is kept as ${aside}`);
    }
    if (text.damage.length > 0 || text.torn) await rewrite(options.stateDir, path, text.live);
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600);
    await file.chmod(0o600);
    await syncFolder(options.stateDir);
    return new FileJournal(file, path, options.bootId, text, problems);
  } catch (error) {
    if (error instanceof OsError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OsError('permission', `the change journal cannot be used (${code ?? 'unknown'})`, message);
  }
}
