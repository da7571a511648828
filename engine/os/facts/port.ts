/** What the system says of its network, for a diagnosis: text for people, read and never parsed. */

export interface SystemFact {
  /** What was asked. */
  readonly title: string;
  readonly text: string;
}

export interface FactsPort {
  /** Of the operating system: its kind, release and processor. */
  readonly platform: string;
  /** Of Node. */
  readonly node: string;
  /** The machine's own name. */
  readonly hostName: string;
  /** Changes nothing; what cannot be found out says why in its text. */
  read(): Promise<readonly SystemFact[]>;
}
