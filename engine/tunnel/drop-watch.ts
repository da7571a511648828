/** Notices packets that the data path dropped, and says so once in a while: one event a cause and interval. */
import { after, millis } from '../base/instant.ts';
import type { Drop } from '../datapath/protocol.ts';
import type { Scheduler } from './ports.ts';

export interface NewDrops {
  readonly cause: string;
  /** Since the last time it was said. */
  readonly count: number;
}

type Drops = Readonly<Record<string, number>>;

/** What nobody has to hear of: packets for which there is no tunnel. */
const EVERYDAY: ReadonlySet<string> = new Set<Drop>(['no-route']);

const INTERVAL = millis(15_000);

/** Remembers what was said. */
export class DropCounts {
  readonly #said = new Map<string, number>();

  /** What has been dropped since the last look. */
  look(drops: Drops): readonly NewDrops[] {
    const found: NewDrops[] = [];
    for (const [cause, total] of Object.entries(drops)) {
      const before = this.#said.get(cause) ?? 0;
      this.#said.set(cause, total);
      if (total > before && !EVERYDAY.has(cause)) found.push({ cause, count: total - before });
    }
    return found;
  }
}

export interface DropWatchParts {
  readonly scheduler: Scheduler;
  /** Of the open data path; `undefined` ends the watch. */
  readonly drops: () => Drops | undefined;
  readonly note: (text: string, data: { readonly cause: string; readonly count: number }) => void;
}

export class DropWatch {
  readonly #parts: DropWatchParts;
  #counts: DropCounts | undefined;
  #cancel: (() => void) | undefined;

  constructor(parts: DropWatchParts) {
    this.#parts = parts;
  }

  /** Does nothing while it is watching already. */
  begin(): void {
    if (this.#counts) return;
    this.#counts = new DropCounts();
    this.#look(this.#counts);
  }

  end(): void {
    this.#cancel?.();
    this.#counts = undefined;
  }

  #look(counts: DropCounts): void {
    const { scheduler, drops, note } = this.#parts;
    const now = drops();
    if (!now || this.#counts !== counts) return;
    for (const { cause, count } of counts.look(now))
      note(`${count} packets dropped: ${cause}`, { cause, count });
    this.#cancel = scheduler.at(after(scheduler.now(), INTERVAL), () => this.#look(counts));
  }
}
