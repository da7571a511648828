/**
 * Changes as Darwin tells of them: a routing socket hears of every route, address and link (route(4)), those that we
 * change ourselves included. One of koffi's threads waits for it; a wait has an end and is begun anew, and a pipe wakes
 * it before, so that a thread of libuv's pool is kept from others but never held for good.
 *
 * Of sleep it tells nothing: that is seen by the clock alone (`sleep.ts`), within a second of waking. What the system
 * has for it, IOKit, calls back on a run loop, which Node has not.
 */
import { AF, ERRNO, FCNTL, FD_CLOEXEC, O_NONBLOCK, SOCK } from '../ffi/abi.darwin.ts';
import { POLL, POLLFD } from '../ffi/abi.ts';
import type { DarwinLibc } from '../ffi/libc.darwin.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import { openWake, type Wake } from '../ffi/wake.ts';
import { tellsOfChange } from '../route/messages.darwin.ts';
import type { ChangeSource, SourceEvents } from './source.ts';

/** Of one wait. */
const WAIT_MS = 60_000;
/** Messages read in one go; what is left makes the next wait a short one. */
const BATCH = 64;
/** Of a message, whose rest the kernel throws away: header and eight socket addresses take less. */
const ROOM = 2048;
/** Waits in a row that may fail, as when a signal interrupts one. */
const MOST_FAILURES = 8;

export const routingSocket = (libc: DarwinLibc): ChangeSource => ({
  name: 'a routing socket',
  open: (events) => {
    const source = new RoutingSocket(libc, events);
    return () => source.close();
  },
});

class RoutingSocket {
  readonly #libc: DarwinLibc;
  readonly #events: SourceEvents;
  readonly #fd: number;
  readonly #wake: Wake;
  readonly #poll = fixedMemory(2 * POLLFD.size);
  readonly #pollAt = addressOf(this.#poll);
  readonly #message = fixedMemory(ROOM);
  readonly #messageAt = addressOf(this.#message);
  #failures = 0;
  #closed = false;

  constructor(libc: DarwinLibc, events: SourceEvents) {
    this.#libc = libc;
    this.#events = events;
    this.#fd = libc.socket(AF.ROUTE, SOCK.RAW, 0);
    if (this.#fd < 0) throw new Error(`socket: errno ${libc.errno()}`);
    try {
      libc.fcntl(this.#fd, FCNTL.SETFD, FD_CLOEXEC);
      if (libc.fcntl(this.#fd, FCNTL.SETFL, O_NONBLOCK) < 0) throw new Error(`fcntl: errno ${libc.errno()}`);
      this.#wake = openWake(libc);
    } catch (error) {
      libc.close(this.#fd);
      throw error;
    }
    const view = new DataView(this.#poll.buffer);
    for (const [i, fd] of [this.#wake.fd, this.#fd].entries()) {
      view.setInt32(i * POLLFD.size + POLLFD.fd, fd, true);
      view.setInt16(i * POLLFD.size + POLLFD.events, POLL.IN, true);
    }
    this.#wait();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // The descriptors are the wait's own until it has ended.
    this.#wake.wake();
  }

  #wait(): void {
    this.#libc.pollAsync(this.#pollAt, 2, WAIT_MS, (ready) => {
      if (this.#closed) {
        this.#free();
        return;
      }
      this.#failures = ready < 0 ? this.#failures + 1 : 0;
      const heard = ready > 0 ? this.#read() : 'nothing';
      const failed = this.#failures > MOST_FAILURES ? 'poll failed' : undefined;
      const lost = failed ?? (heard === 'change' || heard === 'nothing' ? undefined : heard);
      if (lost !== undefined) {
        this.#closed = true;
        this.#free();
        this.#events.lost(lost);
        return;
      }
      // First the next wait: what `changed` leads to may be the end.
      this.#wait();
      if (heard === 'change') this.#events.changed();
    });
  }

  /** Takes what waits, a batch at most; else why nothing can be read any more. */
  #read(): 'change' | 'nothing' | `read: errno ${number}` {
    let heard: 'change' | 'nothing' = 'nothing';
    for (let i = 0; i < BATCH; i++) {
      const length = this.#libc.read(this.#fd, this.#messageAt, ROOM);
      if (length > 0) {
        if (tellsOfChange(this.#message.subarray(0, length))) heard = 'change';
        continue;
      }
      const errno = length === 0 ? ERRNO.EAGAIN : this.#libc.errno();
      if (errno === ERRNO.EAGAIN) break;
      // Messages were thrown away for want of room: nobody knows which.
      if (errno === ERRNO.ENOBUFS) heard = 'change';
      else if (errno !== ERRNO.EINTR) return `read: errno ${errno}`;
    }
    return heard;
  }

  #free(): void {
    this.#wake.close();
    this.#libc.close(this.#fd);
  }
}
