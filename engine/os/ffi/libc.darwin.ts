/**
 * The Darwin system calls of the data path and of routes, through koffi. `ioctl` and `fcntl` are bound as the variadic
 * functions that they are: on arm64 Darwin passes such arguments on the stack, others in registers.
 */
import koffi from 'koffi';
import { type Address, isKnownMachine } from './memory.ts';

export interface DarwinLibc {
  readonly system: 'darwin';
  /** Where the functions come from; `null` is the process itself. */
  readonly library: string | null;
  errno(): number;
  close(fd: number): number;
  read(fd: number, at: Address, length: number): number;
  write(fd: number, at: Address, length: number): number;
  /** `count` I/O vectors at `at`. */
  writev(fd: number, at: Address, count: number): number;
  ioctl(fd: number, request: number, at: Address): number;
  fcntl(fd: number, command: number, value: number): number;
  /** Two ints at `at`: the end to read, the end to write. */
  pipe(at: Address): number;
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, at: Address, length: number): number;
  connect(fd: number, at: Address, length: number): number;
  getsockname(fd: number, at: Address, lengthAt: Address): number;
  setsockopt(fd: number, level: number, name: number, at: Address, length: number): number;
  getsockopt(fd: number, level: number, name: number, at: Address, lengthAt: Address): number;
  sendto(fd: number, at: Address, length: number, flags: number, name: Address, nameLength: number): number;
  /** One `struct msghdr` at `at`. */
  sendmsg(fd: number, at: Address, flags: number): number;
  recvmsg(fd: number, at: Address, flags: number): number;
  /** `count` of `struct msghdr_x` at `at`; returns how many. Private calls, which a release may lack. */
  readonly batch:
    | {
        sendmsg(fd: number, at: Address, count: number, flags: number): number;
        recvmsg(fd: number, at: Address, count: number, flags: number): number;
      }
    | undefined;
  poll(at: Address, count: number, timeoutMs: number): number;
  /** The same on one of koffi's threads. */
  pollAsync(at: Address, count: number, timeoutMs: number, done: (ready: number) => void): void;
  /** `count` ints at `name`; with `at` 0 only the length is told. */
  sysctl(name: Address, count: number, at: Address, lengthAt: Address): number;
}

type Bound = ReturnType<ReturnType<typeof koffi.load>['func']>;

const loaded = new Map<string | null, DarwinLibc>();

/**
 * The bindings, or `undefined` where they do not fit: no such functions, or not 64-bit little-endian.
 * @param library a file that has the functions, in place of the process's own C library
 */
export function loadDarwinLibc(library: string | null = null): DarwinLibc | undefined {
  const known = loaded.get(library);
  if (known || !isKnownMachine()) return known;
  try {
    const libc = bindAll(library);
    loaded.set(library, libc);
    return libc;
  } catch {
    return undefined;
  }
}

function bindAll(library: string | null): DarwinLibc {
  const lib = koffi.load(library);
  const bind = (name: string, result: string, ...parameters: string[]): Bound =>
    lib.func(name, result, parameters);
  const ioctl = bind('ioctl', 'int', 'int', 'ulong', '...');
  const fcntl = bind('fcntl', 'int', 'int', 'int', '...');
  const poll = bind('poll', 'int', 'uint64', 'uint', 'int');
  const sysctl = bind('sysctl', 'int', 'uint64', 'uint', 'uint64', 'uint64', 'uint64', 'size_t');
  return {
    system: 'darwin',
    library,
    errno: () => koffi.errno(),
    close: bind('close', 'int', 'int'),
    read: bind('read', 'long', 'int', 'uint64', 'size_t'),
    write: bind('write', 'long', 'int', 'uint64', 'size_t'),
    writev: bind('writev', 'long', 'int', 'uint64', 'int'),
    ioctl: (fd, request, at) => ioctl(fd, request, 'uint64', at),
    fcntl: (fd, command, value) => fcntl(fd, command, 'int', value),
    pipe: bind('pipe', 'int', 'uint64'),
    socket: bind('socket', 'int', 'int', 'int', 'int'),
    bind: bind('bind', 'int', 'int', 'uint64', 'uint32'),
    connect: bind('connect', 'int', 'int', 'uint64', 'uint32'),
    getsockname: bind('getsockname', 'int', 'int', 'uint64', 'uint64'),
    setsockopt: bind('setsockopt', 'int', 'int', 'int', 'int', 'uint64', 'uint32'),
    getsockopt: bind('getsockopt', 'int', 'int', 'int', 'int', 'uint64', 'uint64'),
    sendto: bind('sendto', 'long', 'int', 'uint64', 'size_t', 'int', 'uint64', 'uint32'),
    sendmsg: bind('sendmsg', 'long', 'int', 'uint64', 'int'),
    recvmsg: bind('recvmsg', 'long', 'int', 'uint64', 'int'),
    batch: batchCalls(bind),
    poll,
    pollAsync: (at, count, timeoutMs, done) =>
      poll.async(at, count, timeoutMs, (error: unknown, ready: number) => done(error ? -1 : ready)),
    sysctl: (name, count, at, lengthAt) => sysctl(name, count, at, lengthAt, 0, 0),
  };
}

function batchCalls(
  bind: (name: string, result: string, ...parameters: string[]) => Bound,
): DarwinLibc['batch'] {
  const parameters = ['int', 'uint64', 'uint', 'int'];
  try {
    return {
      sendmsg: bind('sendmsg_x', 'long', ...parameters),
      recvmsg: bind('recvmsg_x', 'long', ...parameters),
    };
  } catch {
    return undefined;
  }
}
