/** Waits for traffic (strongSwan's trap): the data path tells of packets for which there is no SA. */
import type { Millis } from '../base/brand.ts';
import { after } from '../base/instant.ts';
import type { Datapath, TrapSelectors } from '../datapath/protocol.ts';
import type { Scheduler } from './ports.ts';

export interface TrapsParts {
  readonly datapath: () => Pick<Datapath, 'trap'> | undefined;
  readonly freshId: () => number;
}

export class Traps {
  readonly #parts: TrapsParts;
  readonly #set = new Map<number, () => void>();

  constructor(parts: TrapsParts) {
    this.#parts = parts;
  }

  /** Calls `sprung` once when a packet wants through. Returns how to call it off. */
  set(selectors: TrapSelectors, sprung: () => void): () => void {
    const id = this.#parts.freshId();
    this.#set.set(id, sprung);
    this.#parts.datapath()?.trap(id, selectors);
    return () => {
      if (this.#set.delete(id)) this.#parts.datapath()?.trap(id);
    };
  }

  /**
   * One trap for several; the first packet that falls into it ends it.
   * @param deaf how long packets are not minded yet
   */
  setAll(all: readonly TrapSelectors[], scheduler: Scheduler, deaf: Millis, sprung: () => void): () => void {
    const cancels: (() => void)[] = [];
    const cancel = (): void => {
      for (const undo of cancels.splice(0)) undo();
    };
    const arm = (): void => {
      for (const selectors of all)
        cancels.push(
          this.set(selectors, () => {
            cancel();
            sprung();
          }),
        );
    };
    if (deaf > 0) cancels.push(scheduler.at(after(scheduler.now(), deaf), arm));
    else arm();
    return cancel;
  }

  /** A packet fell into the trap of this number. */
  spring(id: number): void {
    const sprung = this.#set.get(id);
    this.#set.delete(id);
    sprung?.();
  }
}
