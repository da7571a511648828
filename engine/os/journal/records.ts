/**
 * The journal's text: one JSON value a line, either an entry or `{"done":[ids]}`. Pure.
 *
 * A line that was cut short at the end of the file is no damage: its write had not returned, so its change had
 * not begun. A bad line anywhere else is damage, and is told apart from it.
 */
import type { JournalEntry, Json } from './port.ts';

export interface JournalText {
  /** Entries without a `done`, oldest first. */
  readonly live: readonly JournalEntry[];
  /** The highest id seen, 0 when none. */
  readonly lastId: number;
  /** True when the last line was cut short and must be dropped before anything is appended. */
  readonly torn: boolean;
  /** One line for each damaged record. Entries in undamaged lines are in `live` all the same. */
  readonly damage: readonly string[];
}

export const entryLine = (entry: JournalEntry): string => `${JSON.stringify(entry)}\n`;

export const doneLine = (ids: readonly number[]): string => `${JSON.stringify({ done: ids })}\n`;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isId = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

function readEntry(value: Readonly<Record<string, unknown>>): JournalEntry | undefined {
  const { id, kind, before, after, undo, tunnel, bootId } = value;
  if (!isId(id) || typeof kind !== 'string' || typeof tunnel !== 'string' || typeof bootId !== 'string')
    return undefined;
  if (undo !== 'remove' && undo !== 'restore') return undefined;
  if (before === undefined || after === undefined) return undefined;
  // JSON.parse made them, so they are Json.
  return { id, kind, before: before as Json, after: after as Json, undo, tunnel, bootId };
}

type Line = { readonly entry: JournalEntry } | { readonly done: readonly number[] };

function readLine(line: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  if ('done' in value) {
    const ids = value.done;
    return Array.isArray(ids) && ids.every(isId) ? { done: ids } : undefined;
  }
  const entry = readEntry(value);
  return entry && { entry };
}

/** Reads a whole journal. Total: any text gives an answer. */
export function readJournal(text: string): JournalText {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  const live = new Map<number, JournalEntry>();
  const damage: string[] = [];
  let lastId = 0;
  const take = (line: Line): void => {
    if ('done' in line) {
      for (const id of line.done) live.delete(id);
      return;
    }
    lastId = Math.max(lastId, line.entry.id);
    live.set(line.entry.id, line.entry);
  };
  for (const [at, raw] of lines.entries()) {
    const line = readLine(raw);
    if (line) take(line);
    else damage.push(`line ${at + 1} is not a journal record`);
  }
  // Complete but for its newline: the write may have come this far and the change may follow from it.
  const tail = readLine(last);
  if (tail) take(tail);
  return { live: [...live.values()], lastId, torn: last !== '', damage };
}
