/**
 * Changes as Windows tells of them: three registrations with the IP helper set one event (`ffi/notify.win32.ts`), for
 * which one of koffi's threads waits. A wait has an end and is begun anew, and the event of the end wakes it before, so
 * that a thread of libuv's pool is kept from others but never held for good.
 *
 * Of sleep nothing is asked here. The callback of PowerRegisterSuspendResumeNotification gives back an error number,
 * for which SetEvent's TRUE would be one; and libuv has registered itself, so that its loops turn on waking and the
 * timer of `sleep.ts` is late at once (the performance counter goes on while the machine sleeps).
 */
import { WAIT } from '../ffi/abi.win32.ts';
import type { Handle, Kernel32 } from '../ffi/kernel32.win32.ts';
import { addressOf, fixedMemory } from '../ffi/memory.ts';
import type { ChangeNotices } from '../ffi/notify.win32.ts';
import type { ChangeSource, SourceEvents } from './source.ts';

/** Of one wait. */
const WAIT_MS = 60_000;

export interface NoticeCalls {
  readonly kernel: Pick<
    Kernel32,
    'createEvent' | 'setEvent' | 'closeHandle' | 'waitForAnyAsync' | 'lastError'
  >;
  readonly notices: ChangeNotices;
}

/** @param load throws where the functions are not there */
export const changeNotices = (load: () => NoticeCalls): ChangeSource => ({
  name: 'notifications of the IP helper',
  open: (events) => {
    const source = new Notices(load(), events);
    return () => source.close();
  },
});

class Notices {
  readonly #calls: NoticeCalls;
  readonly #events: SourceEvents;
  readonly #registrations: Handle[] = [];
  /** The event of the end, which comes first in a wait, and that of a change. */
  readonly #handles = new BigUint64Array(fixedMemory(16).buffer);
  readonly #handlesAt = addressOf(new Uint8Array(this.#handles.buffer));
  #closed = false;

  constructor(calls: NoticeCalls, events: SourceEvents) {
    this.#calls = calls;
    this.#events = events;
    try {
      this.#event(0, true);
      const changed = this.#event(1, false);
      for (const what of ['interface', 'address', 'route'] as const)
        this.#registrations.push(calls.notices.register(what, changed));
      this.#wait();
    } catch (error) {
      this.#cancel();
      this.#closeHandles();
      throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#cancel();
    // The wait may be under way, and the handles are its own until it has ended.
    this.#calls.kernel.setEvent(Number(this.#handles[0]));
  }

  #event(at: 0 | 1, manual: boolean): Handle {
    const { kernel } = this.#calls;
    const event = kernel.createEvent(manual);
    if (event === 0) throw new Error(`CreateEvent: error ${kernel.lastError()}`);
    this.#handles[at] = BigInt(event);
    return event;
  }

  #wait(): void {
    this.#calls.kernel.waitForAnyAsync(this.#handlesAt, 2, WAIT_MS, (which) => {
      if (this.#closed) {
        this.#closeHandles();
      } else if (which === WAIT.FAILED) {
        this.#cancel();
        this.#closeHandles();
        this.#events.lost('WaitForMultipleObjects failed');
      } else {
        // First the next wait: what `changed` leads to may be the end.
        this.#wait();
        if (which === WAIT.OBJECT_0 + 1) this.#events.changed();
      }
    });
  }

  #cancel(): void {
    this.#closed = true;
    for (const registration of this.#registrations.splice(0)) this.#calls.notices.cancel(registration);
  }

  #closeHandles(): void {
    for (const handle of this.#handles) if (handle !== 0n) this.#calls.kernel.closeHandle(Number(handle));
    this.#handles.fill(0n);
  }
}
