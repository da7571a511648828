/**
 * ESP packets on their way to the socket: written one behind the other into one stretch of memory, sent by one
 * `sendmmsg`. Where the socket segments, neighbours of one size to one peer are one message (UDP_SEGMENT, udp(7)),
 * of which only the last packet may be shorter. The order of packets is the order of `add`.
 */
import { AF, CMSGHDR, ERRNO, IOVEC, MMSGHDR, SOCKADDR_IN6, SOL_UDP, UDP } from '../../os/ffi/abi.ts';
import { type Address, addressOf, fixedMemory, type LinuxLibc } from '../../os/ffi/libc.linux.ts';
import type { Target } from '../targets.ts';

/** Messages a system call. */
const MESSAGES = 64;
/** UDP_MAX_SEGMENTS of the kernels before 6.9; newer ones take twice as many. */
const MOST_SEGMENTS = 64;
/** UDP payload of one message: what an IPv4 datagram can say of its length. */
const MOST_OCTETS = 65507;
const NAME_STRIDE = 32;
const CONTROL_STRIDE = 32;
/** CMSG_LEN and CMSG_SPACE of a uint16. */
const CONTROL_LENGTH = CMSGHDR.size + 2;
const CONTROL_SPACE = CMSGHDR.size + 8;

export interface DeparturesParts {
  readonly libc: Pick<LinuxLibc, 'sendmmsg' | 'sendto' | 'errno'>;
  readonly fd: number;
  /** The memory that packets are in, and the stretch of it that is for them. */
  readonly memory: Uint8Array;
  readonly at: number;
  readonly length: number;
  /** Whether the socket segments. */
  readonly segments: boolean;
  /** So many packets were refused by the system. */
  readonly lost: (packets: number) => void;
  /** The system does not segment toward this peer's network after all. */
  readonly gaveUp: () => void;
}

export class Departures {
  readonly #parts: DeparturesParts;
  readonly #memoryAt: Address;
  readonly #end: number;
  readonly #headers: Uint8Array;
  readonly #headersView: DataView;
  readonly #headersAt: Address;
  readonly #vectors: DataView;
  readonly #names = fixedMemory(MESSAGES * NAME_STRIDE);
  readonly #namesAt = addressOf(this.#names);
  readonly #control: DataView;
  #segments: boolean;
  #messages = 0;
  /** Of the last message: its target, first octet, packet size, packets; no more may follow a shorter one. */
  #target: Target | undefined;
  #start = 0;
  #size = 0;
  #count = 0;
  #closed = true;
  readonly #counts = new Int32Array(MESSAGES);
  readonly #sizes = new Int32Array(MESSAGES);
  readonly #starts = new Int32Array(MESSAGES);
  /** Where the next packet begins. */
  next: number;

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
    this.#memoryAt = addressOf(parts.memory);
    this.next = parts.at;
    this.#end = parts.at + parts.length;
    this.#segments = parts.segments;
    this.#headers = fixedMemory(MESSAGES * MMSGHDR.size);
    this.#headersView = new DataView(this.#headers.buffer as ArrayBuffer);
    this.#headersAt = addressOf(this.#headers);
    const vectors = fixedMemory(MESSAGES * IOVEC.size);
    this.#vectors = new DataView(vectors.buffer);
    const control = fixedMemory(MESSAGES * CONTROL_STRIDE);
    this.#control = new DataView(control.buffer);
    const [vectorsAt, controlAt] = [addressOf(vectors), addressOf(control)];
    for (let i = 0; i < MESSAGES; i++) {
      const header = i * MMSGHDR.size;
      const pointer = (field: number, value: Address): void =>
        this.#headersView.setBigUint64(header + field, BigInt(value), true);
      pointer(MMSGHDR.name, this.#namesAt + i * NAME_STRIDE);
      this.#headersView.setUint32(header + MMSGHDR.namelen, SOCKADDR_IN6.size, true);
      pointer(MMSGHDR.iov, vectorsAt + i * IOVEC.size);
      pointer(MMSGHDR.iovlen, 1);
      pointer(MMSGHDR.control, controlAt + i * CONTROL_STRIDE);
      const message = i * CONTROL_STRIDE;
      this.#control.setUint32(message + CMSGHDR.len, CONTROL_LENGTH, true);
      this.#control.setInt32(message + CMSGHDR.level, SOL_UDP, true);
      this.#control.setInt32(message + CMSGHDR.type, UDP.SEGMENT, true);
    }
  }

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  /** Whether another packet of `length` octets finds room before `flush`. */
  hasRoom(length: number): boolean {
    return this.next + length <= this.#end && this.#messages < MESSAGES;
  }

  /** The packet of `length` octets that was written at `next` is to go to `target`. */
  add(length: number, target: Target): void {
    if (
      this.#segments &&
      !this.#closed &&
      target === this.#target &&
      length <= this.#size &&
      this.#count < MOST_SEGMENTS &&
      this.next + length - this.#start <= MOST_OCTETS
    ) {
      this.#count++;
      if (length < this.#size) this.#closed = true;
    } else {
      this.#closeMessage();
      this.#target = target;
      this.#start = this.next;
      this.#size = length;
      this.#count = 1;
      this.#closed = false;
      this.#messages++;
    }
    this.next += length;
  }

  /** Sends everything. */
  flush(): void {
    this.#closeMessage();
    const count = this.#messages;
    const { libc, fd, lost, at } = this.#parts;
    for (let done = 0; done < count; ) {
      const sent = libc.sendmmsg(fd, this.#headersAt + done * MMSGHDR.size, count - done, 0);
      if (sent > 0) done += sent;
      else if (sent === 0 || libc.errno() !== ERRNO.EINTR) {
        // The first of the rest was refused; the others may have another destination.
        if ((this.#counts[done] as number) > 1) this.#sendApart(done, libc.errno());
        else lost(1);
        done++;
      }
    }
    this.#messages = 0;
    this.#target = undefined;
    this.#closed = true;
    this.next = at;
  }

  #closeMessage(): void {
    if (this.#messages === 0) return;
    const i = this.#messages - 1;
    const address = this.#memoryAt + this.#start;
    const vector = i * IOVEC.size;
    this.#vectors.setUint32(vector, address, true);
    this.#vectors.setUint32(vector + 4, address / 0x1_0000_0000, true);
    this.#vectors.setUint32(vector + IOVEC.len, this.next - this.#start, true);
    const { sockaddr } = this.#target as Target;
    const name = i * NAME_STRIDE;
    for (let k = 2; k < SOCKADDR_IN6.size; k++) this.#names[name + k] = sockaddr[k] as number;
    this.#names[name] = AF.INET6;
    const segmented = this.#count > 1;
    this.#headersView.setUint32(i * MMSGHDR.size + MMSGHDR.controllen, segmented ? CONTROL_SPACE : 0, true);
    if (segmented) this.#control.setUint16(i * CONTROL_STRIDE + CMSGHDR.size, this.#size, true);
    this.#counts[i] = this.#count;
    this.#sizes[i] = this.#size;
    this.#starts[i] = this.#start;
  }

  /** A segmented message was refused: a packet that IP must fragment, or a device that cannot finish checksums. */
  #sendApart(message: number, errno: number): void {
    const { libc, fd, lost, gaveUp } = this.#parts;
    if (errno === ERRNO.EIO && this.#segments) {
      this.#segments = false;
      gaveUp();
    }
    const count = this.#counts[message] as number;
    const size = this.#sizes[message] as number;
    const start = this.#memoryAt + (this.#starts[message] as number);
    const total = this.#vectors.getUint32(message * IOVEC.size + IOVEC.len, true);
    const name = this.#namesAt + message * NAME_STRIDE;
    for (let i = 0; i < count; i++) {
      const length = Math.min(size, total - i * size);
      const sent = libc.sendto(fd, start + i * size, length, 0, name, SOCKADDR_IN6.size);
      if (sent !== length) lost(1);
    }
  }
}
