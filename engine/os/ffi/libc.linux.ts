/**
 * The Linux system calls of the data path, through koffi. Addresses are plain numbers (user space has 47 bits), so
 * that offsets into fixed memory are additions and nothing is converted per packet.
 */
import koffi from 'koffi';
import { type Address, isKnownMachine } from './memory.ts';

export { type Address, addressOf, fixedMemory } from './memory.ts';

export interface LinuxLibc {
  errno(): number;
  open(path: string, flags: number): number;
  close(fd: number): number;
  read(fd: number, at: Address, length: number): number;
  write(fd: number, at: Address, length: number): number;
  /** `count` I/O vectors at `at`. */
  writev(fd: number, at: Address, count: number): number;
  /** The third argument is an address, or a number where the request takes one. */
  ioctl(fd: number, request: number, at: Address): number;
  socket(family: number, type: number, protocol: number): number;
  socketpair(family: number, type: number, protocol: number, at: Address): number;
  bind(fd: number, at: Address, length: number): number;
  connect(fd: number, at: Address, length: number): number;
  getsockname(fd: number, at: Address, lengthAt: Address): number;
  setsockopt(fd: number, level: number, name: number, at: Address, length: number): number;
  getsockopt(fd: number, level: number, name: number, at: Address, lengthAt: Address): number;
  sendto(fd: number, at: Address, length: number, flags: number, name: Address, nameLength: number): number;
  recv(fd: number, at: Address, length: number, flags: number): number;
  sendmmsg(fd: number, at: Address, count: number, flags: number): number;
  recvmmsg(fd: number, at: Address, count: number, flags: number, timeout: Address): number;
  eventfd(initial: number, flags: number): number;
  poll(at: Address, count: number, timeoutMs: number): number;
  /** The same on one of koffi's threads. */
  pollAsync(at: Address, count: number, timeoutMs: number, done: (ready: number) => void): void;
}

let loaded: LinuxLibc | undefined;

/** The bindings, or `undefined` where they do not fit: no such functions, or not 64-bit little-endian. */
export function loadLinuxLibc(): LinuxLibc | undefined {
  if (loaded) return loaded;
  if (!isKnownMachine()) return undefined;
  try {
    loaded = bindAll();
  } catch {
    return undefined;
  }
  return loaded;
}

function bindAll(): LinuxLibc {
  // The node executable is linked with the C library, whichever that is, so its symbols are the process's own.
  const lib = koffi.load(null);
  const bind = (name: string, result: string, ...parameters: string[]): ReturnType<typeof lib.func> =>
    lib.func(name, result, parameters);
  const poll = bind('poll', 'int', 'uint64', 'ulong', 'int');
  return {
    errno: () => koffi.errno(),
    open: bind('open', 'int', 'str', 'int'),
    close: bind('close', 'int', 'int'),
    read: bind('read', 'long', 'int', 'uint64', 'size_t'),
    write: bind('write', 'long', 'int', 'uint64', 'size_t'),
    writev: bind('writev', 'long', 'int', 'uint64', 'int'),
    ioctl: bind('ioctl', 'int', 'int', 'ulong', 'uint64'),
    socket: bind('socket', 'int', 'int', 'int', 'int'),
    socketpair: bind('socketpair', 'int', 'int', 'int', 'int', 'uint64'),
    bind: bind('bind', 'int', 'int', 'uint64', 'uint32'),
    connect: bind('connect', 'int', 'int', 'uint64', 'uint32'),
    getsockname: bind('getsockname', 'int', 'int', 'uint64', 'uint64'),
    setsockopt: bind('setsockopt', 'int', 'int', 'int', 'int', 'uint64', 'uint32'),
    getsockopt: bind('getsockopt', 'int', 'int', 'int', 'int', 'uint64', 'uint64'),
    sendto: bind('sendto', 'long', 'int', 'uint64', 'size_t', 'int', 'uint64', 'uint32'),
    recv: bind('recv', 'long', 'int', 'uint64', 'size_t', 'int'),
    sendmmsg: bind('sendmmsg', 'int', 'int', 'uint64', 'uint', 'int'),
    recvmmsg: bind('recvmmsg', 'int', 'int', 'uint64', 'uint', 'int', 'uint64'),
    eventfd: bind('eventfd', 'int', 'uint', 'int'),
    poll,
    pollAsync: (at, count, timeoutMs, done) =>
      poll.async(at, count, timeoutMs, (error: unknown, ready: number) => done(error ? -1 : ready)),
  };
}
