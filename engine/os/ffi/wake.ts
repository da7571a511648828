/** How a thread that waits is woken by another: an eventfd on Linux, a pipe on Darwin, an event on Windows. */

import { FCNTL, FD_CLOEXEC, O_NONBLOCK } from './abi.darwin.ts';
import { EFD } from './abi.ts';
import type { Kernel32 } from './kernel32.win32.ts';
import type { DarwinLibc } from './libc.darwin.ts';
import type { LinuxLibc } from './libc.linux.ts';
import { addressOf, fixedMemory } from './memory.ts';

/** Octets of a wake-up. Many may wait at once; each read takes at least one away. */
const WAKE_LENGTH = 8;

export interface Wake {
  /** Becomes readable; on Windows an event, which one wait takes. */
  readonly fd: number;
  wake(): void;
  close(): void;
}

type WakeCalls = Pick<LinuxLibc, 'write' | 'close'>;

function wakeOn(libc: WakeCalls, fd: number, writeFd: number): Wake {
  const one = fixedMemory(WAKE_LENGTH);
  one[0] = 1;
  const at = addressOf(one);
  return {
    fd,
    wake: () => {
      // The closure keeps the octets alive; a full pipe is readable already.
      libc.write(writeFd, at, one.length);
    },
    close: () => {
      libc.close(fd);
      if (writeFd !== fd) libc.close(writeFd);
    },
  };
}

/** @throws Error when the system has no more descriptors */
export function openWake(libc: LinuxLibc | DarwinLibc | Kernel32): Wake {
  if ('createEvent' in libc) return objectWake(libc);
  return 'eventfd' in libc ? eventWake(libc) : pipeWake(libc);
}

function eventWake(libc: LinuxLibc): Wake {
  const fd = libc.eventfd(0, EFD.CLOEXEC | EFD.NONBLOCK);
  if (fd < 0) throw new Error(`eventfd: errno ${libc.errno()}`);
  return wakeOn(libc, fd, fd);
}

function objectWake(kernel: Kernel32): Wake {
  const event = kernel.createEvent(false);
  if (event === 0) throw new Error(`CreateEvent: error ${kernel.lastError()}`);
  return {
    fd: event,
    wake: () => {
      kernel.setEvent(event);
    },
    close: () => {
      kernel.closeHandle(event);
    },
  };
}

function pipeWake(libc: DarwinLibc): Wake {
  const ends = fixedMemory(8);
  if (libc.pipe(addressOf(ends)) < 0) throw new Error(`pipe: errno ${libc.errno()}`);
  const [readFd = -1, writeFd = -1] = new Int32Array(ends.buffer);
  for (const fd of [readFd, writeFd]) {
    libc.fcntl(fd, FCNTL.SETFD, FD_CLOEXEC);
    libc.fcntl(fd, FCNTL.SETFL, O_NONBLOCK);
  }
  return wakeOn(libc, readFd, writeFd);
}
