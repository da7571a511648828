/** Listeners by event name, as Electron's objects have them. */
type Listener = (...args: never[]) => void;

export class Emitter {
  readonly #listeners = new Map<string, Listener[]>();

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  once(event: string, listener: Listener): this {
    return this.on(event, listener);
  }

  /** Whether a listener prevented what the event is about. */
  emit(event: string, ...args: readonly unknown[]): boolean {
    let prevented = false;
    const cancellable = {
      preventDefault: (): void => {
        prevented = true;
      },
    };
    for (const listener of this.#listeners.get(event) ?? [])
      (listener as (...all: unknown[]) => void)(cancellable, ...args);
    return prevented;
  }
}
