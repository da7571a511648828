/** Guards kept in memory, for tests. */
import type { GuardStorage } from './guards.ts';
import type { GuardMap } from './port.ts';

export interface MemoryGuards extends GuardStorage {
  /** What would be on disk; `damaged` can be put there. */
  stored: GuardMap | 'damaged' | undefined;
}

export function memoryGuards(stored?: GuardMap | 'damaged'): MemoryGuards {
  const storage: MemoryGuards = {
    stored,
    read: async () => storage.stored,
    write: async (guards) => {
      storage.stored = new Map(guards);
    },
    remove: async () => {
      storage.stored = undefined;
    },
  };
  return storage;
}
