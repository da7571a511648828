/** Notices packets that the data path dropped, and says so once in a while: one event a cause and interval. */
import type { Drop } from '../datapath/protocol.ts';

export interface NewDrops {
  readonly cause: string;
  /** Since the last time it was said. */
  readonly count: number;
}

/** Causes that are everyday: what no selector matches, and what arrived late or twice. */
const EVERYDAY: ReadonlySet<Drop> = new Set<Drop>(['no-route']);

export class DropWatch {
  readonly #said = new Map<string, number>();

  /** What has been dropped since the last look. */
  look(drops: Readonly<Record<string, number>>): readonly NewDrops[] {
    const found: NewDrops[] = [];
    for (const [cause, total] of Object.entries(drops)) {
      const before = this.#said.get(cause) ?? 0;
      this.#said.set(cause, total);
      if (total > before && !EVERYDAY.has(cause as Drop)) found.push({ cause, count: total - before });
    }
    return found;
  }
}
