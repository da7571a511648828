/**
 * ESP packets on their way to the socket on Windows: written one behind the other into one stretch of memory. Where the
 * socket segments, neighbours of one size and mark to one peer are one message (UDP_SEND_MSG_SIZE), of which only the
 * last packet may be shorter. There is no call for several messages, so each leaves when the next begins. The order of
 * packets is the order of `add`.
 *
 * A message's mark is a control message: the whole traffic class (IP_TOS, IPV6_TCLASS) on releases that take that, the
 * ECN field alone (IP_ECN, IPV6_ECN) on others. Windows lets nobody send Congestion Experienced ("Winsock explicit
 * congestion notification"), so such a packet goes as ECT(0), the full-functionality way of RFC 3168 §9.1.1: whatever
 * comes of the outer field, the peer takes the packet out with its own CE (RFC 6040 figure 4).
 */
import { type Marks, markBits } from '../../base/marks.ts';
import {
  AF,
  IP,
  IPPROTO,
  IPV6,
  SOCKADDR_IN6,
  UDP,
  WSABUF,
  WSACMSGHDR,
  WSAE,
  WSAMSG,
} from '../../os/ffi/abi.win32.ts';
import type { Handle } from '../../os/ffi/kernel32.win32.ts';
import { type Address, addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import type { Target } from '../targets.ts';
import type { WindowsCalls } from './calls.ts';

/** Windows takes 512; more than this make no difference. */
const MOST_SEGMENTS = 128;
/** UDP payload of one message: what an IPv4 datagram can say of its length. */
const MOST_OCTETS = 65_507;
/** A DWORD or an INT behind its header, and with what fills it up. */
const CONTROL_LENGTH = WSACMSGHDR.size + 4;
const CONTROL_SPACE = WSACMSGHDR.size + 8;
/** RFC 3168 §5. */
const [ECT0, CE] = [2, 3] as const;
/** What a message may be refused with for its mark. */
const OF_A_MARK: readonly number[] = [WSAE.INVAL, WSAE.NOPROTOOPT, WSAE.OPNOTSUPP];

export interface DeparturesParts {
  readonly winsock: Pick<WindowsCalls['winsock'], 'sendMessage' | 'sendto' | 'lastError'>;
  readonly socket: Handle;
  /** The memory that packets are in, and the stretch of it that is for them. */
  readonly memory: Uint8Array;
  readonly at: number;
  readonly length: number;
  /** Whether the socket segments. */
  readonly segments: boolean;
  /** What it takes of a traffic class with each message. */
  readonly says: Marks;
  /** So many packets were refused by the system. */
  readonly lost: (packets: number) => void;
  /** The system does not segment after all. */
  readonly gaveUp: () => void;
  /** It takes no more than this of a traffic class after all. */
  readonly saysOnly: (marks: Marks) => void;
}

export class WindowsDepartures {
  readonly #parts: DeparturesParts;
  readonly #memoryAt: Address;
  readonly #end: number;
  readonly #message = fixedMemory(WSAMSG.size);
  readonly #messageAt = addressOf(this.#message);
  readonly #fields = new DataView(this.#message.buffer);
  readonly #buffer = new DataView(fixedMemory(WSABUF.size).buffer);
  /** The size of segments, then the mark: either alone is one stretch of octets as well. */
  readonly #control = new DataView(fixedMemory(2 * CONTROL_SPACE).buffer);
  readonly #controlAt = addressOf(new Uint8Array(this.#control.buffer));
  readonly #name = fixedMemory(SOCKADDR_IN6.size);
  readonly #nameAt = addressOf(this.#name);
  readonly #sent = fixedMemory(4);
  readonly #sentAt = addressOf(this.#sent);
  #segments: boolean;
  #says: Marks;
  #bits: number;
  /** Of the message that is being put together: its target, mark, first octet, packet size, packets. */
  #target: Target | undefined;
  #mark = 0;
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
    this.#says = parts.says;
    this.#bits = markBits(parts.says);
    const pointer = (field: number, value: Address): void =>
      this.#fields.setBigUint64(field, BigInt(value), true);
    pointer(WSAMSG.name, this.#nameAt);
    this.#fields.setUint32(WSAMSG.namelen, SOCKADDR_IN6.size, true);
    pointer(WSAMSG.buffers, addressOf(new Uint8Array(this.#buffer.buffer)));
    this.#fields.setUint32(WSAMSG.count, 1, true);
    for (const at of [0, CONTROL_SPACE])
      this.#control.setBigUint64(at + WSACMSGHDR.len, BigInt(CONTROL_LENGTH), true);
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

  /** The packet of `length` octets that was written at `next` is to go to `target` with that traffic class. */
  add(length: number, target: Target, trafficClass: number): void {
    const mark = this.#markOf(trafficClass);
    if (
      this.#segments &&
      !this.#closed &&
      target === this.#target &&
      mark === this.#mark &&
      length <= this.#size &&
      this.#count < MOST_SEGMENTS &&
      this.next + length - this.#start <= MOST_OCTETS
    ) {
      this.#count++;
      if (length < this.#size) this.#closed = true;
    } else {
      this.#send();
      this.#target = target;
      this.#mark = this.#markOf(trafficClass);
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

  #markOf(trafficClass: number): number {
    const mark = trafficClass & this.#bits;
    return (mark & CE) === CE ? (mark & ~CE) | ECT0 : mark;
  }

  #send(): void {
    if (this.#count === 0) return;
    const total = this.next - this.#start;
    const { sockaddr } = this.#target as Target;
    for (let k = SOCKADDR_IN6.port; k < SOCKADDR_IN6.size; k++) this.#name[k] = sockaddr[k] as number;
    this.#control.setUint32(WSACMSGHDR.size, this.#size, true);
    this.#writeMark();
    if (!this.#sendMessage(this.#start, total, this.#count > 1)) {
      if (this.#count > 1) this.#sendApart(total);
      else this.#parts.lost(1);
    }
    this.#count = 0;
    this.#target = undefined;
    this.#closed = true;
  }

  #writeMark(): void {
    if (this.#mark === 0) return;
    const four = (this.#target as Target).version === 4;
    const whole = this.#says === 'class';
    const type = four ? (whole ? IP.TOS : IP.ECN) : whole ? IPV6.TCLASS : IPV6.ECN;
    this.#control.setInt32(CONTROL_SPACE + WSACMSGHDR.level, four ? IPPROTO.IP : IPPROTO.IPV6, true);
    this.#control.setInt32(CONTROL_SPACE + WSACMSGHDR.type, type, true);
    this.#control.setInt32(CONTROL_SPACE + WSACMSGHDR.size, this.#mark, true);
  }

  /** Sends octets of the packet memory to the target; without their mark where only that was wrong. */
  #sendMessage(at: number, length: number, segmented: boolean): boolean {
    if (this.#trySend(at, length, segmented)) return true;
    const mark = this.#mark;
    if (mark === 0 || !OF_A_MARK.includes(this.#parts.winsock.lastError())) return false;
    this.#mark = 0;
    if (this.#trySend(at, length, segmented)) {
      this.#stepDown();
      return true;
    }
    this.#mark = mark;
    return false;
  }

  #trySend(at: number, length: number, segmented: boolean): boolean {
    const { winsock, socket } = this.#parts;
    const octets = this.#memoryAt + at;
    this.#buffer.setUint32(WSABUF.len, length, true);
    this.#buffer.setUint32(WSABUF.buf, octets, true);
    this.#buffer.setUint32(WSABUF.buf + 4, octets / 0x1_0000_0000, true);
    const control = this.#controlAt + (segmented ? 0 : CONTROL_SPACE);
    this.#fields.setUint32(WSAMSG.control, control, true);
    this.#fields.setUint32(WSAMSG.control + 4, control / 0x1_0000_0000, true);
    const messages = (segmented ? 1 : 0) + (this.#mark === 0 ? 0 : 1);
    this.#fields.setUint32(WSAMSG.controllen, messages * CONTROL_SPACE, true);
    return winsock.sendMessage(socket, this.#messageAt, 0, this.#sentAt, 0, 0) === 0;
  }

  #stepDown(): void {
    this.#says = this.#says === 'class' ? 'ecn' : 'none';
    this.#bits = markBits(this.#says);
    this.#parts.saysOnly(this.#says);
  }

  /** A segmented message was refused: its packets go one by one; when they go, it was for the segments. */
  #sendApart(total: number): void {
    const { lost, gaveUp } = this.#parts;
    let went = 0;
    for (let at = 0; at < total; at += this.#size) {
      if (this.#sendOne(this.#start + at, Math.min(this.#size, total - at))) went++;
      else lost(1);
    }
    if (went !== this.#count) return;
    this.#segments = false;
    gaveUp();
  }

  #sendOne(at: number, length: number): boolean {
    if (this.#mark !== 0) return this.#sendMessage(at, length, false);
    const { winsock, socket } = this.#parts;
    const from = this.#memoryAt + at;
    return winsock.sendto(socket, from, length, 0, this.#nameAt, SOCKADDR_IN6.size) === length;
  }
}
