/** Events, waiting and copying (kernel32.dll) through koffi. Handles and addresses are plain numbers. */
import koffi from 'koffi';
import { WAIT } from './abi.win32.ts';
import type { Address } from './memory.ts';

export type Handle = number;

export interface Kernel32 {
  /** Of the last call of this thread; asked for at once after it. */
  lastError(): number;
  /** An event that is not set; `manual` ones stay set until reset. 0 when there are no more handles. */
  createEvent(manual: boolean): Handle;
  setEvent(event: Handle): number;
  resetEvent(event: Handle): number;
  closeHandle(handle: Handle): number;
  /** `count` handles at `at`; gives back WAIT.OBJECT_0 + index, WAIT.TIMEOUT or WAIT.FAILED. */
  waitForAny(at: Address, count: number, milliseconds: number): number;
  /** The same on one of koffi's threads. */
  waitForAnyAsync(at: Address, count: number, milliseconds: number, done: (which: number) => void): void;
  copy(to: Address, from: Address, length: number): void;
}

let loaded: Kernel32 | undefined;

/** @throws koffi's own error where the library is not there */
export function loadKernel32(): Kernel32 {
  loaded ??= bindAll();
  return loaded;
}

function bindAll(): Kernel32 {
  const lib = koffi.load('kernel32.dll');
  const bind = (name: string, result: string, ...parameters: string[]): ReturnType<typeof lib.func> =>
    lib.func('__stdcall', name, result, parameters);
  const createEvent = bind('CreateEventW', 'uintptr_t', 'uintptr_t', 'int', 'int', 'uintptr_t');
  const wait = bind('WaitForMultipleObjects', 'uint32', 'uint32', 'uintptr_t', 'int', 'uint32');
  return {
    lastError: bind('GetLastError', 'uint32'),
    createEvent: (manual) => createEvent(0, manual ? 1 : 0, 0, 0),
    setEvent: bind('SetEvent', 'int', 'uintptr_t'),
    resetEvent: bind('ResetEvent', 'int', 'uintptr_t'),
    closeHandle: bind('CloseHandle', 'int', 'uintptr_t'),
    waitForAny: (at, count, milliseconds) => wait(count, at, 0, milliseconds),
    waitForAnyAsync: (at, count, milliseconds, done) =>
      wait.async(count, at, 0, milliseconds, (error: unknown, which: number) =>
        done(error ? WAIT.FAILED : which),
      ),
    copy: bind('RtlMoveMemory', 'void', 'uintptr_t', 'uintptr_t', 'size_t'),
  };
}
