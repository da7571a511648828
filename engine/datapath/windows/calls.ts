/** What the data path's workers call on Windows, and how they wait: for the main thread's event and a device's. */
import { WAIT } from '../../os/ffi/abi.win32.ts';
import { type Handle, type Kernel32, loadKernel32 } from '../../os/ffi/kernel32.win32.ts';
import { addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import { loadWinsock, type Winsock } from '../../os/ffi/winsock.win32.ts';
import { loadWintun, type Wintun } from '../../os/ffi/wintun.win32.ts';

export interface WindowsCalls {
  readonly wintun: Pick<Wintun, 'receive' | 'release' | 'allocate' | 'send' | 'readWaitEvent'>;
  readonly winsock: Pick<Winsock, 'lastError' | 'sendMessage' | 'sendto' | 'selectEvents' | 'receiveMessage'>;
  readonly kernel: Pick<Kernel32, 'waitForAny' | 'copy' | 'createEvent' | 'closeHandle'>;
}

/** What the main thread needs of it: events, and where the workers find the rest. */
export interface WindowsLibrary extends Kernel32 {
  readonly system: 'windows';
  /** Path of wintun.dll. */
  readonly library: string;
}

/** @throws Error when a library is not there */
export function loadWindowsCalls(wintunPath: string): WindowsCalls {
  const wintun = loadWintun(wintunPath);
  const winsock = loadWinsock();
  if (!wintun || !winsock) throw new Error('the system calls cannot be bound');
  return { wintun, winsock, kernel: loadKernel32() };
}

export class EventWaiter {
  readonly #kernel: Pick<Kernel32, 'waitForAny'>;
  readonly #handles = fixedMemory(16);
  readonly #handlesAt = addressOf(this.#handles);
  /** Of the last wait, which has taken either event: only one of them is told at a time. */
  woken = false;
  device = false;

  constructor(kernel: Pick<Kernel32, 'waitForAny'>, wake: Handle, device: Handle) {
    this.#kernel = kernel;
    const handles = new BigUint64Array(this.#handles.buffer);
    handles[0] = BigInt(wake);
    handles[1] = BigInt(device);
  }

  /** Waits so many milliseconds at most. @throws Error when waiting itself fails */
  wait(milliseconds: number): void {
    const which = this.#kernel.waitForAny(this.#handlesAt, 2, milliseconds);
    if (which === WAIT.FAILED) throw new Error('WaitForMultipleObjects failed');
    this.woken = which === WAIT.OBJECT_0;
    this.device = which === WAIT.OBJECT_0 + 1;
  }
}
