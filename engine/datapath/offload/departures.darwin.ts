/**
 * ESP packets on their way to Darwin's socket: written one behind the other into one stretch of memory, sent by one
 * `sendmsg_x`, or one by one where there is none or it takes no addresses (before 10.11). Each has its traffic class
 * beside it as a control message, which `sendmsg_x` takes of a socket that is not connected as `sendmsg` does (xnu,
 * bsd/kern/uipc_syscalls.c: sendit; bsd/netinet/in_tclass.c: so_tos_from_control). The order of packets is the order
 * of `add`.
 */
import {
  AF,
  CMSGHDR,
  ERRNO,
  IP,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6,
  MSGHDR_X,
  SOCKADDR,
  SOCKADDR_IN6,
} from '../../os/ffi/abi.darwin.ts';
import { IOVEC } from '../../os/ffi/abi.ts';
import type { DarwinLibc } from '../../os/ffi/libc.darwin.ts';
import { type Address, addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import type { Target } from '../targets.ts';
import type { DeparturesParts } from './departures.ts';

const MESSAGES = 64;
const NAME_STRIDE = 32;
/** An int behind its header; that is CMSG_LEN and CMSG_SPACE alike. */
const CONTROL_LENGTH = CMSGHDR.size + 4;

type DarwinParts = Omit<DeparturesParts, 'libc'> & {
  readonly libc: Pick<DarwinLibc, 'batch' | 'sendto' | 'sendmsg' | 'errno'>;
};

export class DarwinDepartures {
  readonly #parts: DarwinParts;
  readonly #memoryAt: Address;
  readonly #end: number;
  readonly #headersAt: Address;
  /** The system refers to them by address alone. */
  readonly headers: Uint8Array = fixedMemory(MESSAGES * MSGHDR_X.size);
  readonly #headersView = new DataView(this.headers.buffer as ArrayBuffer);
  readonly #vectorOctets = fixedMemory(MESSAGES * IOVEC.size);
  readonly #vectors = new DataView(this.#vectorOctets.buffer);
  readonly #names = fixedMemory(MESSAGES * NAME_STRIDE);
  readonly #namesAt = addressOf(this.#names);
  readonly #controlOctets = fixedMemory(MESSAGES * CONTROL_LENGTH);
  readonly #control = new DataView(this.#controlOctets.buffer);
  readonly #controlAt = addressOf(this.#controlOctets);
  readonly #starts = new Int32Array(MESSAGES);
  readonly #lengths = new Int32Array(MESSAGES);
  /** Whether the message goes with its control message. */
  readonly #marked = new Uint8Array(MESSAGES);
  #batch: boolean;
  #marks: boolean;
  #count = 0;
  next: number;

  /** `segments` says whether `sendmsg_x` may be used. */
  constructor(parts: DarwinParts) {
    this.#parts = parts;
    this.#memoryAt = addressOf(parts.memory);
    this.next = parts.at;
    this.#end = parts.at + parts.length;
    this.#batch = parts.segments && parts.libc.batch !== undefined;
    this.#marks = parts.marks;
    this.#headersAt = addressOf(this.headers);
    const view = this.#headersView;
    const vectorsAt = addressOf(this.#vectorOctets);
    for (let i = 0; i < MESSAGES; i++) {
      const header = i * MSGHDR_X.size;
      view.setBigUint64(header + MSGHDR_X.name, BigInt(this.#namesAt + i * NAME_STRIDE), true);
      view.setUint32(header + MSGHDR_X.namelen, SOCKADDR_IN6.size, true);
      view.setBigUint64(header + MSGHDR_X.iov, BigInt(vectorsAt + i * IOVEC.size), true);
      view.setInt32(header + MSGHDR_X.iovlen, 1, true);
      this.#names[i * NAME_STRIDE + SOCKADDR.len] = SOCKADDR_IN6.size;
      this.#names[i * NAME_STRIDE + SOCKADDR.family] = AF.INET6;
      this.#control.setUint32(i * CONTROL_LENGTH + CMSGHDR.len, CONTROL_LENGTH, true);
    }
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  hasRoom(length: number): boolean {
    return this.next + length <= this.#end && this.#count < MESSAGES;
  }

  add(length: number, { sockaddr, version }: Target, trafficClass: number): void {
    const i = this.#count++;
    const address = this.#memoryAt + this.next;
    const vector = i * IOVEC.size;
    this.#vectors.setUint32(vector, address, true);
    this.#vectors.setUint32(vector + 4, address / 0x1_0000_0000, true);
    this.#vectors.setUint32(vector + IOVEC.len, length, true);
    const name = i * NAME_STRIDE;
    for (let k = 2; k < SOCKADDR_IN6.size; k++) this.#names[name + k] = sockaddr[k] as number;
    const marked = this.#marks && trafficClass !== 0;
    if (marked) {
      const control = i * CONTROL_LENGTH;
      this.#control.setInt32(control + CMSGHDR.level, version === 4 ? IPPROTO_IP : IPPROTO_IPV6, true);
      this.#control.setInt32(control + CMSGHDR.type, version === 4 ? IP.TOS : IPV6.TCLASS, true);
      this.#control.setInt32(control + CMSGHDR.size, trafficClass, true);
    }
    this.#setMarked(i, marked);
    this.#starts[i] = this.next;
    this.#lengths[i] = length;
    this.next += length;
  }

  flush(): void {
    const count = this.#count;
    const { libc, lost, at } = this.#parts;
    for (let done = 0; done < count; ) {
      const sent = this.#send(done, count - done);
      if (sent > 0) done += sent;
      else if (libc.errno() === ERRNO.EINVAL && this.#marked[done] === 1 && this.#sendUnmarked(done)) done++;
      else if (libc.errno() === ERRNO.EINVAL && this.#batch) this.#giveUp();
      else if (libc.errno() !== ERRNO.EINTR) {
        // The first of the rest was refused; the others may have another destination.
        lost(1);
        done++;
      }
    }
    this.#count = 0;
    this.next = at;
  }

  /** Sends the message, and as many behind it as one call can; returns how many, or less than one. */
  #send(message: number, count: number): number {
    const { libc, fd } = this.#parts;
    const header = this.#headersAt + message * MSGHDR_X.size;
    if (this.#batch && libc.batch) return libc.batch.sendmsg(fd, header, count, 0);
    const length = this.#lengths[message] as number;
    // The header of one message is the beginning of that of a batch.
    if (this.#marked[message] === 1) return libc.sendmsg(fd, header, 0) === length ? 1 : -1;
    const at = this.#memoryAt + (this.#starts[message] as number);
    const name = this.#namesAt + message * NAME_STRIDE;
    return libc.sendto(fd, at, length, 0, name, SOCKADDR_IN6.size) === length ? 1 : -1;
  }

  /** A pointer alone, even to nothing, is refused (sendit). */
  #setMarked(message: number, marked: boolean): void {
    const address = marked ? this.#controlAt + message * CONTROL_LENGTH : 0;
    const header = message * MSGHDR_X.size;
    this.#headersView.setUint32(header + MSGHDR_X.control, address, true);
    this.#headersView.setUint32(header + MSGHDR_X.control + 4, address / 0x1_0000_0000, true);
    this.#headersView.setUint32(header + MSGHDR_X.controllen, marked ? CONTROL_LENGTH : 0, true);
    this.#marked[message] = marked ? 1 : 0;
  }

  /** Whether it was its traffic class alone that a message was refused for: then none goes with one any more. */
  #sendUnmarked(message: number): boolean {
    this.#setMarked(message, false);
    if (this.#send(message, 1) !== 1) {
      this.#setMarked(message, true);
      return false;
    }
    for (let i = message + 1; i < this.#count; i++) this.#setMarked(i, false);
    this.#marks = false;
    this.#parts.marksLost();
    return true;
  }

  #giveUp(): void {
    this.#batch = false;
    this.#parts.gaveUp();
  }
}
