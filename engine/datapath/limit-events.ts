/** Tells of a pair's volume limits once, whichever direction reaches them first. */
import type { DatapathEvent } from './protocol.ts';

export class LimitEvents {
  readonly #told = new Map<number, 'soft-limit' | 'hard-limit'>();

  /** Whether an event is news. Past the hard limit the soft one is none. */
  isNews(event: DatapathEvent): boolean {
    if (event.kind !== 'soft-limit' && event.kind !== 'hard-limit') return true;
    const told = this.#told.get(event.id);
    if (told === 'hard-limit' || told === event.kind) return false;
    this.#told.set(event.id, event.kind);
    return true;
  }

  forget(id: number): void {
    this.#told.delete(id);
  }
}
