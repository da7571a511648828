/**
 * ESP packets on their way to the socket on Windows: written one behind the other into one stretch of memory. Where the
 * socket segments, neighbours of one size to one peer are one message (UDP_SEND_MSG_SIZE), of which only the last
 * packet may be shorter. There is no call for several messages, so each leaves when the next begins. The order of
 * packets is the order of `add`.
 */
import { AF, IPPROTO, SOCKADDR_IN6, UDP, WSABUF, WSACMSGHDR, WSAMSG } from '../../os/ffi/abi.win32.ts';
import type { Handle } from '../../os/ffi/kernel32.win32.ts';
import { type Address, addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import type { Target } from '../targets.ts';
import type { WindowsCalls } from './calls.ts';

/** Windows takes 512; more than this make no difference. */
const MOST_SEGMENTS = 128;
/** UDP payload of one message: what an IPv4 datagram can say of its length. */
const MOST_OCTETS = 65_507;
const CONTROL_LENGTH = WSACMSGHDR.size + 4;
const CONTROL_SPACE = WSACMSGHDR.size + 8;

export interface DeparturesParts {
  readonly winsock: Pick<WindowsCalls['winsock'], 'sendMessage' | 'sendto'>;
  readonly socket: Handle;
  /** The memory that packets are in, and the stretch of it that is for them. */
  readonly memory: Uint8Array;
  readonly at: number;
  readonly length: number;
  /** Whether the socket segments. */
  readonly segments: boolean;
  /** So many packets were refused by the system. */
  readonly lost: (packets: number) => void;
  /** The system does not segment after all. */
  readonly gaveUp: () => void;
}

export class WindowsDepartures {
  readonly #parts: DeparturesParts;
  readonly #memoryAt: Address;
  readonly #end: number;
  readonly #message = fixedMemory(WSAMSG.size);
  readonly #messageAt = addressOf(this.#message);
  readonly #fields = new DataView(this.#message.buffer);
  readonly #buffer = new DataView(fixedMemory(WSABUF.size).buffer);
  readonly #control = new DataView(fixedMemory(CONTROL_SPACE).buffer);
  readonly #name = fixedMemory(SOCKADDR_IN6.size);
  readonly #nameAt = addressOf(this.#name);
  readonly #sent = fixedMemory(4);
  readonly #sentAt = addressOf(this.#sent);
  #segments: boolean;
  /** Of the message that is being put together: its target, first octet, packet size, packets. */
  #target: Target | undefined;
  #start = 0;
  #size = 0;
  #count = 0;
  /** No packet may follow a shorter one. */
  #closed = true;
  /** Where the next packet begins. */
  next: number;

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
    this.#memoryAt = addressOf(parts.memory);
    this.next = parts.at;
    this.#end = parts.at + parts.length;
    this.#segments = parts.segments;
    const pointer = (field: number, value: Address): void =>
      this.#fields.setBigUint64(field, BigInt(value), true);
    pointer(WSAMSG.name, this.#nameAt);
    this.#fields.setUint32(WSAMSG.namelen, SOCKADDR_IN6.size, true);
    pointer(WSAMSG.buffers, addressOf(new Uint8Array(this.#buffer.buffer)));
    this.#fields.setUint32(WSAMSG.count, 1, true);
    pointer(WSAMSG.control, addressOf(new Uint8Array(this.#control.buffer)));
    this.#control.setBigUint64(WSACMSGHDR.len, BigInt(CONTROL_LENGTH), true);
    this.#control.setInt32(WSACMSGHDR.level, IPPROTO.UDP, true);
    this.#control.setInt32(WSACMSGHDR.type, UDP.SEND_MSG_SIZE, true);
    this.#name[SOCKADDR_IN6.family] = AF.INET6;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Whether another packet of `length` octets finds room before `flush`. */
  hasRoom(length: number): boolean {
    return this.next + length <= this.#end;
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
      this.#send();
      this.#target = target;
      this.#start = this.next;
      this.#size = length;
      this.#count = 1;
      this.#closed = false;
    }
    this.next += length;
  }

  /** Sends what is left, and begins at the beginning. */
  flush(): void {
    this.#send();
    this.next = this.#parts.at;
  }

  #send(): void {
    const count = this.#count;
    if (count === 0) return;
    const { winsock, socket, lost } = this.#parts;
    const total = this.next - this.#start;
    const { sockaddr } = this.#target as Target;
    for (let k = SOCKADDR_IN6.port; k < SOCKADDR_IN6.size; k++) this.#name[k] = sockaddr[k] as number;
    this.#buffer.setUint32(WSABUF.len, total, true);
    const address = this.#memoryAt + this.#start;
    this.#buffer.setUint32(WSABUF.buf, address, true);
    this.#buffer.setUint32(WSABUF.buf + 4, address / 0x1_0000_0000, true);
    this.#fields.setUint32(WSAMSG.controllen, count > 1 ? CONTROL_SPACE : 0, true);
    this.#control.setUint32(WSACMSGHDR.size, this.#size, true);
    if (winsock.sendMessage(socket, this.#messageAt, 0, this.#sentAt, 0, 0) !== 0) {
      if (count > 1) this.#sendApart(address, total);
      else lost(1);
    }
    this.#count = 0;
    this.#target = undefined;
    this.#closed = true;
  }

  /** A segmented message was refused: its packets go one by one; when they go, it was for the segments. */
  #sendApart(from: Address, total: number): void {
    const { winsock, socket, lost, gaveUp } = this.#parts;
    let went = 0;
    for (let at = 0; at < total; at += this.#size) {
      const length = Math.min(this.#size, total - at);
      if (winsock.sendto(socket, from + at, length, 0, this.#nameAt, SOCKADDR_IN6.size) === length) went++;
      else lost(1);
    }
    if (went !== this.#count) return;
    this.#segments = false;
    gaveUp();
  }
}
