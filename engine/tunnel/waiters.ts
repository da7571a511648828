/** Those who wait for a tunnel to come up, and those who wait for its end. */
import type { Failure } from '../base/failure.ts';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (failure: Failure) => void;
}

export class Waiters {
  #up: Waiter[] = [];
  #down: (() => void)[] = [];

  untilUp(): Promise<void> {
    return new Promise((resolve, reject) => this.#up.push({ resolve, reject }));
  }

  untilDown(): Promise<void> {
    return new Promise((resolve) => this.#down.push(resolve));
  }

  /** Somebody waits for it to come up. */
  get waiting(): boolean {
    return this.#up.length > 0;
  }

  isUp(): void {
    for (const waiter of this.#up.splice(0)) waiter.resolve();
  }

  refuse(failure: Failure): void {
    for (const waiter of this.#up.splice(0)) waiter.reject(failure);
  }

  isDown(): void {
    for (const done of this.#down.splice(0)) done();
  }
}
