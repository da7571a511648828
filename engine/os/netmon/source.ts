/** Where the network monitor hears of changes: one file for each way that a system has to tell. */

export interface SourceEvents {
  /** Something about links, addresses or routes is another; called once or many times for one change. */
  changed(): void;
  /** Nothing more will be heard; the source has let go of all it had. */
  lost(reason: string): void;
}

export interface ChangeSource {
  /** For the log. */
  readonly name: string;
  /** Begins, and gives back how to stop; nothing is called after that. @throws Error when the system does not tell */
  open(events: SourceEvents): () => void;
}
