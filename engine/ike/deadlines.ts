/** Every moment that a session waits for, in one table: name → Instant. */
import type { Instant } from '../base/brand.ts';
import { earliest } from '../base/instant.ts';

/** What a deadline is for; the number tells IKE SAs and children apart. */
export type DeadlineName =
  | 'handshake'
  | 'hint'
  | 'ike-rekey'
  | 'ike-hard'
  | 'liveness'
  | 'retired'
  | 'farewell'
  | 'queue'
  | 'follow-ups'
  | `${'retransmit' | 'retire'}/${number}`
  | `${'child-rekey' | 'child-hard'}/${number}`;

export class Deadlines {
  readonly #table = new Map<DeadlineName, Instant>();

  set(name: DeadlineName, when: Instant): void {
    this.#table.set(name, when);
  }

  clear(name: DeadlineName): void {
    this.#table.delete(name);
  }

  clearAll(): void {
    this.#table.clear();
  }

  get(name: DeadlineName): Instant | undefined {
    return this.#table.get(name);
  }

  next(): Instant | undefined {
    return earliest(...this.#table.values());
  }

  /** Takes out the earliest deadline that has come, `undefined` when none has. */
  takeDue(now: Instant): DeadlineName | undefined {
    let due: DeadlineName | undefined;
    for (const [name, when] of this.#table)
      if (when <= now && (due === undefined || when < (this.#table.get(due) as Instant))) due = name;
    if (due !== undefined) this.#table.delete(due);
    return due;
  }
}
