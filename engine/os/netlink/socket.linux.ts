/**
 * A socket to the kernel's rtnetlink, through koffi. It blocks, on the main thread too: the kernel answers while it
 * takes the request, in microseconds, and a time limit stands behind that.
 *
 * The socket is connected to the kernel (port 0), so that no other process can put an answer into it.
 */
import { AF, ERRNO, MSG_TRUNC, SO, SOCK, SOCKADDR_NL, SOL_SOCKET } from '../ffi/abi.ts';
import { addressOf, fixedMemory, type LinuxLibc } from '../ffi/libc.linux.ts';
import {
  decodeMessages,
  encodeRequest,
  LARGEST_MESSAGE,
  type Message,
  NetlinkError,
  NLM_F,
  NLMSG,
  type Request,
  readVerdict,
} from './message.ts';

export interface Netlink {
  /** Carries out one change. @throws NetlinkError and nothing is changed */
  change(request: Request): void;
  /**
   * Asks one question, for one thing or, with NLM_F_DUMP, for many; what `read` leaves out is left out. A message
   * is valid only while `read` runs, which may be begun anew.
   * @throws NetlinkError
   */
  ask<T>(request: Request, read: (message: Message) => T | undefined): T[];
  close(): void;
}

/** @throws NetlinkError when there is no such socket */
export type OpenNetlink = () => Netlink;

const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
/** linux/netlink.h: answers without the request in them, words with errors, dumps of what was asked for alone. */
const OPTIONS = { CAP_ACK: 10, EXT_ACK: 11, GET_STRICT_CHK: 12 } as const;
/** `struct timeval`. */
const LIMIT_SECONDS = 2;
const MOST_ANSWERS = 100_000;
/** How often a dump is begun anew because what it lists has changed meanwhile. */
const DUMP_TRIES = 5;

export const openNetlink =
  (libc: LinuxLibc): OpenNetlink =>
  () => {
    const fd = libc.socket(AF.NETLINK, SOCK.RAW | SOCK.CLOEXEC, NETLINK_ROUTE);
    if (fd < 0) throw new NetlinkError(libc.errno(), 'a netlink socket cannot be had');
    try {
      return new KernelSocket(libc, fd);
    } catch (error) {
      libc.close(fd);
      throw error;
    }
  };

class KernelSocket implements Netlink {
  readonly #libc: LinuxLibc;
  readonly #fd: number;
  readonly #memory = fixedMemory(LARGEST_MESSAGE);
  readonly #memoryAt = addressOf(this.#memory);
  #sequence = 0;

  constructor(libc: LinuxLibc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
    const view = new DataView(this.#memory.buffer);
    const set = (level: number, name: number, length: number): boolean =>
      libc.setsockopt(fd, level, name, this.#memoryAt, length) === 0;
    view.setBigInt64(0, BigInt(LIMIT_SECONDS), true);
    for (const name of [SO.RCVTIMEO, SO.SNDTIMEO])
      if (!set(SOL_SOCKET, name, 16)) throw this.#failed('a time limit');
    view.setInt32(0, 1, true);
    // What an older kernel does not know, it does not need: answers are read with and without.
    for (const name of Object.values(OPTIONS)) set(SOL_NETLINK, name, 4);
    this.#memory.fill(0, 0, SOCKADDR_NL.size);
    view.setUint16(SOCKADDR_NL.family, AF.NETLINK, true);
    if (libc.connect(fd, this.#memoryAt, SOCKADDR_NL.size) < 0) throw this.#failed('connect');
  }

  change(request: Request): void {
    this.#send(request);
    for (;;)
      for (const message of this.#receive())
        if (message.type === NLMSG.ERROR) {
          check(message);
          return;
        }
  }

  ask<T>(request: Request, read: (message: Message) => T | undefined): T[] {
    for (let tries = 1; ; tries++) {
      const { values, interrupted } = this.#askOnce(request, read);
      if (!interrupted) return values;
      if (tries === DUMP_TRIES) throw new NetlinkError(0, 'what is asked for changes all the time');
    }
  }

  close(): void {
    this.#libc.close(this.#fd);
  }

  #askOnce<T>(
    request: Request,
    read: (message: Message) => T | undefined,
  ): { readonly values: T[]; readonly interrupted: boolean } {
    const values: T[] = [];
    let interrupted = false;
    this.#send(request);
    for (;;)
      for (const message of this.#receive()) {
        if (message.flags & NLM_F.DUMP_INTR) interrupted = true;
        if (message.type === NLMSG.ERROR || message.type === NLMSG.DONE) {
          check(message);
          return { values, interrupted };
        }
        const value = read(message);
        if (value !== undefined) values.push(value);
        if (values.length > MOST_ANSWERS) throw new NetlinkError(0, 'there are too many answers');
        if (!(message.flags & NLM_F.MULTI)) return { values, interrupted };
      }
  }

  #send(request: Request): void {
    const octets = encodeRequest(request, ++this.#sequence);
    this.#memory.set(octets);
    for (;;) {
      if (this.#libc.write(this.#fd, this.#memoryAt, octets.length) === octets.length) return;
      if (this.#libc.errno() !== ERRNO.EINTR) throw this.#failed('send');
    }
  }

  /** The messages of one datagram that answer the last request; views of this socket's memory. */
  #receive(): readonly Message[] {
    for (;;) {
      const length = this.#libc.recv(this.#fd, this.#memoryAt, this.#memory.length, MSG_TRUNC);
      if (length > this.#memory.length)
        throw new NetlinkError(0, `an answer of ${length} octets is too long`);
      if (length >= 0)
        return decodeMessages(this.#memory.subarray(0, length)).filter(
          ({ sequence, type }) => sequence === this.#sequence && type !== NLMSG.NOOP,
        );
      if (this.#libc.errno() !== ERRNO.EINTR) throw this.#failed('receive');
    }
  }

  #failed(what: string): NetlinkError {
    const errno = this.#libc.errno();
    return new NetlinkError(
      errno,
      errno === ERRNO.EAGAIN ? 'the kernel gives no answer' : `netlink: ${what}`,
    );
  }
}

function check(message: Message): void {
  const { errno, text } = readVerdict(message);
  if (errno !== 0) throw new NetlinkError(errno, text);
}
