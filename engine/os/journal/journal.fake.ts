/** A change journal in memory, for tests and for hosts that change nothing real. */
import type { Journal, JournalEntry, NewEntry } from './port.ts';

/** Same contract as the file journal; `bootId` goes into new entries, `left` is what a crash left behind. */
export function memoryJournal(bootId: string, left: readonly JournalEntry[] = []): Journal {
  const live = new Map(left.map((entry) => [entry.id, entry]));
  let lastId = Math.max(0, ...live.keys());
  return {
    problems: [],
    live: () => [...live.values()],
    append: async (entries: readonly NewEntry[]): Promise<readonly JournalEntry[]> => {
      const made = entries.map((entry): JournalEntry => ({ id: ++lastId, ...entry, bootId }));
      for (const entry of made) live.set(entry.id, entry);
      return made;
    },
    done: async (ids: readonly number[]): Promise<void> => {
      for (const id of ids) live.delete(id);
    },
    close: async (): Promise<void> => undefined,
  };
}
