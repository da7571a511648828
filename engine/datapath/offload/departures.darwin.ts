/**
 * ESP packets on their way to Darwin's socket: written one behind the other into one stretch of memory, sent by one
 * `sendmsg_x`, or one by one by `sendto` where there is none or it takes no addresses (before 10.11). The order of
 * packets is the order of `add`.
 */
import { AF, ERRNO, MSGHDR_X, SOCKADDR, SOCKADDR_IN6 } from '../../os/ffi/abi.darwin.ts';
import { IOVEC } from '../../os/ffi/abi.ts';
import type { DarwinLibc } from '../../os/ffi/libc.darwin.ts';
import { type Address, addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import type { Target } from '../targets.ts';
import type { DeparturesParts } from './departures.ts';

const MESSAGES = 64;
const NAME_STRIDE = 32;

type DarwinParts = Omit<DeparturesParts, 'libc' | 'marks'> & {
  readonly libc: Pick<DarwinLibc, 'batch' | 'sendto' | 'errno'>;
};

export class DarwinDepartures {
  readonly #parts: DarwinParts;
  readonly #memoryAt: Address;
  readonly #end: number;
  readonly #headersAt: Address;
  /** The system refers to them by address alone. */
  readonly headers: Uint8Array = fixedMemory(MESSAGES * MSGHDR_X.size);
  readonly #vectorOctets = fixedMemory(MESSAGES * IOVEC.size);
  readonly #vectors = new DataView(this.#vectorOctets.buffer);
  readonly #names = fixedMemory(MESSAGES * NAME_STRIDE);
  readonly #namesAt = addressOf(this.#names);
  readonly #starts = new Int32Array(MESSAGES);
  readonly #lengths = new Int32Array(MESSAGES);
  #batch: boolean;
  #count = 0;
  next: number;

  /** `segments` says whether `sendmsg_x` may be used. */
  constructor(parts: DarwinParts) {
    this.#parts = parts;
    this.#memoryAt = addressOf(parts.memory);
    this.next = parts.at;
    this.#end = parts.at + parts.length;
    this.#batch = parts.segments && parts.libc.batch !== undefined;
    this.#headersAt = addressOf(this.headers);
    const view = new DataView(this.headers.buffer as ArrayBuffer);
    const vectorsAt = addressOf(this.#vectorOctets);
    for (let i = 0; i < MESSAGES; i++) {
      const header = i * MSGHDR_X.size;
      view.setBigUint64(header + MSGHDR_X.name, BigInt(this.#namesAt + i * NAME_STRIDE), true);
      view.setUint32(header + MSGHDR_X.namelen, SOCKADDR_IN6.size, true);
      view.setBigUint64(header + MSGHDR_X.iov, BigInt(vectorsAt + i * IOVEC.size), true);
      view.setInt32(header + MSGHDR_X.iovlen, 1, true);
      this.#names[i * NAME_STRIDE + SOCKADDR.len] = SOCKADDR_IN6.size;
      this.#names[i * NAME_STRIDE + SOCKADDR.family] = AF.INET6;
    }
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  hasRoom(length: number): boolean {
    return this.next + length <= this.#end && this.#count < MESSAGES;
  }

  add(length: number, { sockaddr }: Target, _trafficClass: number): void {
    const i = this.#count++;
    const address = this.#memoryAt + this.next;
    const vector = i * IOVEC.size;
    this.#vectors.setUint32(vector, address, true);
    this.#vectors.setUint32(vector + 4, address / 0x1_0000_0000, true);
    this.#vectors.setUint32(vector + IOVEC.len, length, true);
    const name = i * NAME_STRIDE;
    for (let k = 2; k < SOCKADDR_IN6.size; k++) this.#names[name + k] = sockaddr[k] as number;
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
    if (this.#batch && libc.batch)
      return libc.batch.sendmsg(fd, this.#headersAt + message * MSGHDR_X.size, count, 0);
    const at = this.#memoryAt + (this.#starts[message] as number);
    const length = this.#lengths[message] as number;
    const name = this.#namesAt + message * NAME_STRIDE;
    return libc.sendto(fd, at, length, 0, name, SOCKADDR_IN6.size) === length ? 1 : -1;
  }

  #giveUp(): void {
    this.#batch = false;
    this.#parts.gaveUp();
  }
}
