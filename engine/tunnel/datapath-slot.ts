/**
 * The one data path of a tunnel. Opening takes a while, and its user may change their mind meanwhile: opening and closing
 * follow one another, so that no two of them want the same port and interface, and none is left behind.
 */
import type { OpenDatapath } from './ports.ts';

export class DatapathSlot {
  readonly #make: () => Promise<OpenDatapath>;
  #open: OpenDatapath | undefined;
  #work: Promise<unknown> = Promise.resolve();

  constructor(make: () => Promise<OpenDatapath>) {
    this.#make = make;
  }

  get current(): OpenDatapath | undefined {
    return this.#open;
  }

  /** Opens it unless it is there already. */
  open(): Promise<OpenDatapath> {
    return this.#next(async () => {
      this.#open ??= await this.#make();
      return this.#open;
    });
  }

  /** Waits for an opening that is under way. */
  close(): Promise<void> {
    return this.#next(async () => {
      const open = this.#open;
      this.#open = undefined;
      await open?.datapath.close();
    });
  }

  /** It has closed itself. */
  lost(): void {
    this.#open = undefined;
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }
}
