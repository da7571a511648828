/**
 * Which rekeys were rehearsed, of all profiles: once for each child and its proposals. One that worked is known over
 * restarts of the engine; one that did not is tried again by the next, whose user has not heard of it.
 */
import type { RehearsalStorage, Rehearsed } from '../os/rehearsals/port.ts';

/** The oldest make room. */
const MOST = 256;

type List = readonly Rehearsed[];

const samePlace = (a: Rehearsed, b: Rehearsed): boolean => a.profile === b.profile && a.child === b.child;
const has = (list: List, what: Rehearsed): boolean =>
  list.some((one) => samePlace(one, what) && one.proposals === what.proposals);
/** What the list has of the child with other proposals is forgotten. */
const adding = (list: List, what: Rehearsed): List =>
  [...list.filter((one) => !samePlace(one, what)), what].slice(-MOST);

export class Rehearsals {
  readonly #storage: RehearsalStorage | undefined;
  /** Oldest first, one for each child. */
  #begun: List = [];
  #passed: List = [];

  /** @param storage left out, they are known as long as this is */
  constructor(storage?: RehearsalStorage) {
    this.#storage = storage;
  }

  async load(): Promise<void> {
    for (const one of (await this.#storage?.load()) ?? []) this.#passed = adding(this.#passed, one);
  }

  has(what: Rehearsed): boolean {
    return has(this.#passed, what) || has(this.#begun, what);
  }

  begin(what: Rehearsed): void {
    this.#begun = adding(this.#begun, what);
  }

  /** The child was rekeyed, be it as a rehearsal or in its time. */
  pass(what: Rehearsed): void {
    if (!has(this.#passed, what)) this.#keep(adding(this.#passed, what));
  }

  /** The profile is no more. */
  forget(profile: string): void {
    this.#begun = this.#begun.filter((one) => one.profile !== profile);
    const left = this.#passed.filter((one) => one.profile !== profile);
    if (left.length < this.#passed.length) this.#keep(left);
  }

  #keep(passed: List): void {
    this.#passed = passed;
    void this.#storage?.save(passed);
  }
}
