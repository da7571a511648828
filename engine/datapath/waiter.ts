/** Waits in `poll` for a device and for the main thread's wake-up, as both workers do between batches. */
import { ERRNO, POLL, POLLFD } from '../os/ffi/abi.ts';
import type { LinuxLibc } from '../os/ffi/libc.linux.ts';
import { type Address, addressOf, fixedMemory } from '../os/ffi/memory.ts';

export class Waiter {
  readonly #libc: Pick<LinuxLibc, 'poll' | 'read' | 'errno'>;
  readonly #poll: Int16Array;
  readonly #pollAt: Address;
  readonly #wakeFd: number;
  readonly #word = fixedMemory(8);
  readonly #wordAt = addressOf(this.#word);

  constructor(libc: Pick<LinuxLibc, 'poll' | 'read' | 'errno'>, wakeFd: number, deviceFd: number) {
    this.#libc = libc;
    this.#wakeFd = wakeFd;
    const memory = fixedMemory(2 * POLLFD.size);
    this.#poll = new Int16Array(memory.buffer);
    this.#pollAt = addressOf(memory);
    const view = new DataView(memory.buffer);
    for (const [i, fd] of [wakeFd, deviceFd].entries()) {
      view.setInt32(i * POLLFD.size + POLLFD.fd, fd, true);
      view.setInt16(i * POLLFD.size + POLLFD.events, POLL.IN, true);
    }
  }

  /** Waits so many milliseconds at most. @throws Error when `poll` itself fails */
  wait(milliseconds: number): void {
    const ready = this.#libc.poll(this.#pollAt, 2, milliseconds);
    if (ready > 0) return;
    if (ready < 0 && this.#libc.errno() !== ERRNO.EINTR) throw new Error(`poll: errno ${this.#libc.errno()}`);
    this.#poll[POLLFD.revents / 2] = 0;
    this.#poll[(POLLFD.size + POLLFD.revents) / 2] = 0;
  }

  /** Whether the main thread has something to say; taken note of by asking. */
  get woken(): boolean {
    if (this.#poll[POLLFD.revents / 2] === 0) return false;
    this.#libc.read(this.#wakeFd, this.#wordAt, 8);
    return true;
  }

  /** What `poll` says of the device. */
  get device(): number {
    return this.#poll[(POLLFD.size + POLLFD.revents) / 2] as number;
  }
}
