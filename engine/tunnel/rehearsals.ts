/** Which rekeys were rehearsed, of all profiles: once for each child and its proposals, over restarts of the engine. */
import type { RehearsalStorage, Rehearsed } from '../os/rehearsals/port.ts';

/** The oldest make room. */
const MOST = 256;

const samePlace = (a: Rehearsed, b: Rehearsed): boolean => a.profile === b.profile && a.child === b.child;

export class Rehearsals {
  readonly #storage: RehearsalStorage | undefined;
  /** Oldest first, one for each child. */
  #known: readonly Rehearsed[] = [];

  /** @param storage left out, they are known as long as this is */
  constructor(storage?: RehearsalStorage) {
    this.#storage = storage;
  }

  async load(): Promise<void> {
    const kept = (await this.#storage?.load()) ?? [];
    for (const one of kept) this.#known = this.#with(one);
  }

  has(what: Rehearsed): boolean {
    return this.#known.some((one) => samePlace(one, what) && one.proposals === what.proposals);
  }

  /** What was known of the child with other proposals is forgotten. */
  add(what: Rehearsed): void {
    this.#keep(this.#with(what));
  }

  /** The profile is no more. */
  forget(profile: string): void {
    const left = this.#known.filter((one) => one.profile !== profile);
    if (left.length < this.#known.length) this.#keep(left);
  }

  #with(what: Rehearsed): readonly Rehearsed[] {
    return [...this.#known.filter((one) => !samePlace(one, what)), what].slice(-MOST);
  }

  #keep(known: readonly Rehearsed[]): void {
    this.#known = known;
    void this.#storage?.save(known);
  }
}
