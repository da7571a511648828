/** Where it is kept which rekeys have worked, from one run of the engine to the next. */

export interface Rehearsed {
  readonly profile: string;
  readonly child: string;
  /** As they were then, in strongSwan's notation. */
  readonly proposals: string;
}

export interface RehearsalStorage {
  /** Oldest first. Never throws: what cannot be read is rehearsed once more. */
  load(): Promise<readonly Rehearsed[]>;
  /** In place of what was kept. Never throws: what is not kept is rehearsed once more. */
  save(rehearsed: readonly Rehearsed[]): Promise<void>;
}
