/** Reads a tun for the inline data path: waits on one of koffi's threads and reads on the event loop. */
import { POLL, POLLFD } from '../ffi/abi.ts';
import type { DarwinLibc } from '../ffi/libc.darwin.ts';
import type { LinuxLibc } from '../ffi/libc.linux.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { openWake } from '../ffi/wake.ts';

/** Packets read in one go. */
const BATCH = 64;
/** Room for one, with its header. */
const SLOT = 65536 + 64;

export class EventLoopReader {
  listener: (packets: readonly Uint8Array[]) => void = () => undefined;
  readonly #libc: LinuxLibc | DarwinLibc;
  readonly #fd: number;
  readonly #header: number;
  readonly #wake: ReturnType<typeof openWake>;
  readonly #poll = fixedMemory(2 * POLLFD.size);
  readonly #pollAt = addressOf(this.#poll);
  readonly #arena = fixedMemory(BATCH * SLOT);
  readonly #arenaAt = addressOf(this.#arena);
  readonly #packets: Uint8Array[] = [];
  #stopped: (() => void) | undefined;

  /** @param header octets before each packet, which are left out */
  constructor(libc: LinuxLibc | DarwinLibc, fd: number, header: number) {
    this.#libc = libc;
    this.#fd = fd;
    this.#header = header;
    this.#wake = openWake(libc);
    const view = new DataView(this.#poll.buffer);
    for (const [i, which] of [fd, this.#wake.fd].entries()) {
      view.setInt32(i * POLLFD.size + POLLFD.fd, which, true);
      view.setInt16(i * POLLFD.size + POLLFD.events, POLL.IN, true);
    }
    this.#wait();
  }

  /** `done` is called once the descriptor is no longer in use. */
  stop(done: () => void): void {
    this.#stopped = done;
    this.#wake.wake();
  }

  #wait(): void {
    this.#libc.pollAsync(this.#pollAt, 2, -1, (ready) => {
      const done = this.#stopped;
      if (done) {
        this.#wake.close();
        done();
        return;
      }
      const bad = (this.#poll[POLLFD.revents] as number) & (POLL.ERR | POLL.NVAL);
      if (ready > 0 && bad === 0) this.#read();
      // A device that is gone stays readable for ever; the wake-up alone is waited for then.
      if (bad !== 0) new DataView(this.#poll.buffer).setInt32(POLLFD.fd, -1, true);
      this.#wait();
    });
  }

  #read(): void {
    this.#packets.length = 0;
    for (let i = 0; i < BATCH; i++) {
      const at = i * SLOT;
      const length = this.#libc.read(this.#fd, this.#arenaAt + at, SLOT);
      if (length <= 0) break;
      this.#packets.push(this.#arena.subarray(at + Math.min(this.#header, length), at + length));
    }
    if (this.#packets.length > 0) this.listener(this.#packets);
  }
}
