/** The change journal: what was about to be changed on the host, on disk before it is changed (DESIGN section 6). */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One change, as it stands in the journal. */
export interface JournalEntry {
  /** Grows by one with each entry; never reused while the journal has live entries. */
  readonly id: number;
  /** What kind of thing was changed; decides who can undo it. */
  readonly kind: string;
  /** The value before the change, or null when there was none. */
  readonly before: Json;
  /** The value that the change makes. */
  readonly after: Json;
  /** How it is undone: take `after` away, or put `before` back. */
  readonly undo: 'remove' | 'restore';
  /** The tunnel that the change was first made for. */
  readonly tunnel: string;
  /** The kernel's boot id at the time: a restart of the machine undoes some kinds by itself. */
  readonly bootId: string;
}

export type NewEntry = Omit<JournalEntry, 'id' | 'bootId'>;

export interface Journal {
  /** Entries that are not undone, oldest first. */
  live(): readonly JournalEntry[];
  /** One line a problem found when the journal was opened; a damaged file was kept aside under another name. */
  readonly problems: readonly string[];
  /** Writes the entries and returns once they are on disk, so that the changes may happen. */
  append(entries: readonly NewEntry[]): Promise<readonly JournalEntry[]>;
  /** Notes that the entries are undone. The file is emptied when nothing is left. */
  done(ids: readonly number[]): Promise<void>;
  close(): Promise<void>;
}
