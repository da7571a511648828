/**
 * ESP packets on their way to the socket: written one behind the other into one stretch of memory, sent by one
 * `sendmmsg`. Where the socket segments, neighbours of one size and traffic class to one peer are one message
 * (UDP_SEGMENT, udp(7)), of which only the last packet may be shorter. The order of packets is the order of `add`.
 */
import {
  AF,
  CMSGHDR,
  ERRNO,
  IOVEC,
  IP,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6,
  MMSGHDR,
  SOCKADDR_IN6,
  SOL_UDP,
  UDP,
} from '../../os/ffi/abi.ts';
import { type Address, addressOf, fixedMemory, type LinuxLibc } from '../../os/ffi/libc.linux.ts';
import type { Target } from '../targets.ts';

/** Messages a system call. */
const MESSAGES = 64;
/** UDP_MAX_SEGMENTS of the kernels before 6.9; newer ones take twice as many. */
const MOST_SEGMENTS = 64;
/** UDP payload of one message: what an IPv4 datagram can say of its length. */
const MOST_OCTETS = 65507;
const NAME_STRIDE = 32;
/** CMSG_SPACE of a uint16 as of an int. */
const CONTROL_SPACE = CMSGHDR.size + 8;
/** The segment size, then the traffic class: either alone is one stretch of octets as well. */
const CONTROL_STRIDE = 2 * CONTROL_SPACE;

export interface DeparturesParts {
  readonly libc: Pick<LinuxLibc, 'sendmmsg' | 'errno'>;
  readonly fd: number;
  /** The memory that packets are in, and the stretch of it that is for them. */
  readonly memory: Uint8Array;
  readonly at: number;
  readonly length: number;
  /** Whether the socket segments. */
  readonly segments: boolean;
  /** Whether it takes a traffic class with each message. */
  readonly marks: boolean;
  /** So many packets were refused by the system. */
  readonly lost: (packets: number) => void;
  /** The system does not segment toward this peer's network after all. */
  readonly gaveUp: () => void;
  /** It takes no traffic class after all. */
  readonly marksLost: () => void;
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
  readonly #controlAt: Address;
  #segments: boolean;
  #marks: boolean;
  #messages = 0;
  /** Of the last message: target, traffic class, first octet, packet size, packets; none may follow a shorter one. */
  #target: Target | undefined;
  #class = 0;
  #start = 0;
  #size = 0;
  #count = 0;
  #closed = true;
  readonly #counts = new Int32Array(MESSAGES);
  readonly #sizes = new Int32Array(MESSAGES);
  readonly #starts = new Int32Array(MESSAGES);
  readonly #classes = new Uint8Array(MESSAGES);
  /** Where the next packet begins. */
  next: number;

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
    this.#memoryAt = addressOf(parts.memory);
    this.next = parts.at;
    this.#end = parts.at + parts.length;
    this.#segments = parts.segments;
    this.#marks = parts.marks;
    this.#headers = fixedMemory(MESSAGES * MMSGHDR.size);
    this.#headersView = new DataView(this.#headers.buffer as ArrayBuffer);
    this.#headersAt = addressOf(this.#headers);
    const vectors = fixedMemory(MESSAGES * IOVEC.size);
    this.#vectors = new DataView(vectors.buffer);
    const control = fixedMemory(MESSAGES * CONTROL_STRIDE);
    this.#control = new DataView(control.buffer);
    const vectorsAt = addressOf(vectors);
    this.#controlAt = addressOf(control);
    for (let i = 0; i < MESSAGES; i++) {
      const header = i * MMSGHDR.size;
      const pointer = (field: number, value: Address): void =>
        this.#headersView.setBigUint64(header + field, BigInt(value), true);
      pointer(MMSGHDR.name, this.#namesAt + i * NAME_STRIDE);
      this.#headersView.setUint32(header + MMSGHDR.namelen, SOCKADDR_IN6.size, true);
      pointer(MMSGHDR.iov, vectorsAt + i * IOVEC.size);
      pointer(MMSGHDR.iovlen, 1);
      const message = i * CONTROL_STRIDE;
      this.#control.setUint32(message + CMSGHDR.len, CMSGHDR.size + 2, true);
      this.#control.setInt32(message + CMSGHDR.level, SOL_UDP, true);
      this.#control.setInt32(message + CMSGHDR.type, UDP.SEGMENT, true);
      this.#control.setUint32(message + CONTROL_SPACE + CMSGHDR.len, CMSGHDR.size + 4, true);
    }
  }

  get isEmpty(): boolean {
    return this.#messages === 0;
  }

  /** Whether another packet of `length` octets finds room before `flush`. */
  hasRoom(length: number): boolean {
    return this.next + length <= this.#end && this.#messages < MESSAGES;
  }

  /** The packet of `length` octets that was written at `next` is to go to `target` with that traffic class. */
  add(length: number, target: Target, trafficClass: number): void {
    if (
      this.#segments &&
      !this.#closed &&
      target === this.#target &&
      trafficClass === this.#class &&
      length <= this.#size &&
      this.#count < MOST_SEGMENTS &&
      this.next + length - this.#start <= MOST_OCTETS
    ) {
      this.#count++;
      if (length < this.#size) this.#closed = true;
    } else {
      this.#closeMessage();
      this.#target = target;
      this.#class = trafficClass;
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
    const { libc, lost, at } = this.#parts;
    for (let done = 0; done < count; ) {
      const sent = this.#send(done, count - done);
      if (sent > 0) done += sent;
      else if (sent === 0 || libc.errno() !== ERRNO.EINTR) {
        // The first of the rest was refused; the others may have another destination.
        if (this.#isPlain(done)) lost(1);
        else this.#sendPlainly(done, libc.errno());
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
    this.#setVector(i, this.#start, this.next - this.#start);
    const { sockaddr, version } = this.#target as Target;
    const name = i * NAME_STRIDE;
    for (let k = 2; k < SOCKADDR_IN6.size; k++) this.#names[name + k] = sockaddr[k] as number;
    this.#names[name] = AF.INET6;
    const control = i * CONTROL_STRIDE;
    this.#control.setUint16(control + CMSGHDR.size, this.#size, true);
    const trafficClass = this.#marks ? this.#class : 0;
    if (trafficClass !== 0) {
      const mark = control + CONTROL_SPACE;
      this.#control.setInt32(mark + CMSGHDR.level, version === 4 ? IPPROTO_IP : IPPROTO_IPV6, true);
      this.#control.setInt32(mark + CMSGHDR.type, version === 4 ? IP.TOS : IPV6.TCLASS, true);
      this.#control.setInt32(mark + CMSGHDR.size, trafficClass, true);
    }
    this.#setControl(i, this.#count > 1, trafficClass !== 0);
    this.#counts[i] = this.#count;
    this.#sizes[i] = this.#size;
    this.#starts[i] = this.#start;
    this.#classes[i] = trafficClass;
  }

  #send(message: number, count: number): number {
    return this.#parts.libc.sendmmsg(this.#parts.fd, this.#headersAt + message * MMSGHDR.size, count, 0);
  }

  #setVector(message: number, at: number, length: number): void {
    const address = this.#memoryAt + at;
    const vector = message * IOVEC.size;
    this.#vectors.setUint32(vector, address, true);
    this.#vectors.setUint32(vector + 4, address / 0x1_0000_0000, true);
    this.#vectors.setUint32(vector + IOVEC.len, length, true);
  }

  /** Which of the two control messages go with the message. */
  #setControl(message: number, segmented: boolean, marked: boolean): void {
    const address = this.#controlAt + message * CONTROL_STRIDE + (segmented ? 0 : CONTROL_SPACE);
    const header = message * MMSGHDR.size;
    this.#headersView.setUint32(header + MMSGHDR.control, address, true);
    this.#headersView.setUint32(header + MMSGHDR.control + 4, address / 0x1_0000_0000, true);
    const length = (segmented ? CONTROL_SPACE : 0) + (marked ? CONTROL_SPACE : 0);
    this.#headersView.setUint32(header + MMSGHDR.controllen, length, true);
  }

  #isPlain(message: number): boolean {
    return this.#counts[message] === 1 && this.#classes[message] === 0;
  }

  /**
   * A message was refused for what was asked with it: segments that IP must fragment, a device that cannot finish
   * their checksums, a kernel that takes no traffic class. Its packets go one by one.
   */
  #sendPlainly(message: number, errno: number): void {
    const { lost, gaveUp } = this.#parts;
    const count = this.#counts[message] as number;
    if (errno === ERRNO.EIO && count > 1 && this.#segments) {
      this.#segments = false;
      gaveUp();
    }
    const size = this.#sizes[message] as number;
    const start = this.#starts[message] as number;
    const total = this.#vectors.getUint32(message * IOVEC.size + IOVEC.len, true);
    for (let i = 0; i < count; i++) {
      this.#setVector(message, start + i * size, Math.min(size, total - i * size));
      if (!this.#sendOne(message)) lost(1);
    }
  }

  /** One packet as a message of its own; without its traffic class where only that was wrong. */
  #sendOne(message: number): boolean {
    const { errno } = this.#parts.libc;
    if (this.#marks && this.#classes[message] !== 0) {
      this.#setControl(message, false, true);
      if (this.#send(message, 1) === 1) return true;
      if (errno() !== ERRNO.EINVAL) return false;
    }
    this.#setControl(message, false, false);
    if (this.#send(message, 1) !== 1) return false;
    if (this.#marks && this.#classes[message] !== 0) {
      this.#marks = false;
      this.#parts.marksLost();
    }
    return true;
  }
}
