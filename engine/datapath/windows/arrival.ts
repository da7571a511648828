/**
 * One message as `WSARecvMsg` delivers it, into one place of the packet memory: there is no call for several. Where the
 * socket coalesces it may hold many datagrams of one size, of which only the last may be shorter.
 */

import { formatIp } from '../../base/ip.ts';
import { readAddress } from '../../base/sockaddr.ts';
import {
  IN_PKTINFO,
  IN6_PKTINFO,
  IP,
  IPPROTO,
  IPV6,
  SOCKADDR_IN6,
  UDP,
  WSABUF,
  WSACMSGHDR,
  WSAMSG,
} from '../../os/ffi/abi.win32.ts';
import type { Handle } from '../../os/ffi/kernel32.win32.ts';
import { addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import type { ReceiveMessage } from '../../os/ffi/winsock.win32.ts';
import { HEADROOM, LARGEST_PACKET, TAILROOM } from '../room.ts';

export const ARRIVAL_LENGTH: number = HEADROOM + LARGEST_PACKET + TAILROOM;
/** in6_pktinfo, in_pktinfo, the size of datagrams and their ECN field, each with its header. */
const CONTROL_LENGTH = 128;

export class Arrival {
  readonly #receive: ReceiveMessage;
  readonly #socket: Handle;
  readonly #message = fixedMemory(WSAMSG.size);
  readonly #messageAt = addressOf(this.#message);
  readonly #fields = new DataView(this.#message.buffer);
  /** The system refers to it by address alone. */
  readonly buffer: Uint8Array<ArrayBuffer> = fixedMemory(WSABUF.size);
  readonly #controlOctets = fixedMemory(CONTROL_LENGTH);
  readonly #control = new DataView(this.#controlOctets.buffer);
  readonly #received = new Uint32Array(fixedMemory(4).buffer);
  readonly #receivedAt = addressOf(new Uint8Array(this.#received.buffer));
  /** Where it came from, as `struct sockaddr_in6`. */
  readonly name: Uint8Array = fixedMemory(SOCKADDR_IN6.size);
  /** Where its octets begin in the packet memory. */
  readonly at: number = HEADROOM;
  /** Of the last message: its octets, and those of each datagram in it. */
  length = 0;
  size = 0;
  /** The ECN field of all of them, -1 where the system did not tell. */
  ecn = -1;

  constructor(receive: ReceiveMessage, socket: Handle, memory: Uint8Array) {
    this.#receive = receive;
    this.#socket = socket;
    const view = new DataView(this.buffer.buffer);
    view.setUint32(WSABUF.len, LARGEST_PACKET, true);
    view.setBigUint64(WSABUF.buf, BigInt(addressOf(memory) + this.at), true);
    const pointer = (field: number, to: Uint8Array): void =>
      this.#fields.setBigUint64(field, BigInt(addressOf(to)), true);
    pointer(WSAMSG.name, this.name);
    pointer(WSAMSG.buffers, this.buffer);
    this.#fields.setUint32(WSAMSG.count, 1, true);
    pointer(WSAMSG.control, this.#controlOctets);
  }

  /** Takes the next message without waiting. False when there is none, or it is none for us. */
  receive(): boolean {
    this.#fields.setUint32(WSAMSG.namelen, SOCKADDR_IN6.size, true);
    this.#fields.setUint32(WSAMSG.controllen, CONTROL_LENGTH, true);
    this.#fields.setUint32(WSAMSG.flags, 0, true);
    if (this.#receive(this.#socket, this.#messageAt, this.#receivedAt, 0, 0) !== 0) return false;
    this.length = this.#received[0] as number;
    this.#inspect();
    return true;
  }

  #inspect(): void {
    const control = this.#control;
    const end = this.#controlEnd;
    this.size = this.length;
    this.ecn = -1;
    for (let at = 0; at + WSACMSGHDR.size + 4 <= end; ) {
      const whole = control.getUint32(at + WSACMSGHDR.len, true);
      if (whole < WSACMSGHDR.size + 4 || at + whole > end) return;
      const level = control.getInt32(at + WSACMSGHDR.level, true);
      const type = control.getInt32(at + WSACMSGHDR.type, true);
      const value = control.getUint32(at + WSACMSGHDR.size, true);
      if (level === IPPROTO.UDP) {
        if (type === UDP.COALESCED_INFO && value > 0) this.size = value;
      } else if (level === IPPROTO.IP ? type === IP.ECN : level === IPPROTO.IPV6 && type === IPV6.ECN)
        this.ecn = value & 0x03;
      at += (whole + 7) & ~7;
    }
  }

  get #controlEnd(): number {
    return Math.min(this.#fields.getUint32(WSAMSG.controllen, true), CONTROL_LENGTH);
  }

  /** The local address of the last message, `undefined` when the system did not tell. */
  localAddress(): string | undefined {
    const six = this.#find(IPPROTO.IPV6, IPV6.PKTINFO, IN6_PKTINFO.size);
    if (six >= 0) return readAddress(this.#controlOctets, six + IN6_PKTINFO.addr);
    const four = this.#find(IPPROTO.IP, IP.PKTINFO, IN_PKTINFO.size);
    if (four < 0) return undefined;
    return formatIp(this.#controlOctets.subarray(four + IN_PKTINFO.addr, four + IN_PKTINFO.addr + 4));
  }

  /** Where the data of a control message is, or -1. */
  #find(level: number, type: number, length: number): number {
    const control = this.#control;
    const end = this.#controlEnd;
    for (let at = 0; at + WSACMSGHDR.size <= end; ) {
      const whole = control.getUint32(at + WSACMSGHDR.len, true);
      if (whole < WSACMSGHDR.size || at + whole > end) return -1;
      if (
        control.getInt32(at + WSACMSGHDR.level, true) === level &&
        control.getInt32(at + WSACMSGHDR.type, true) === type
      )
        return whole >= WSACMSGHDR.size + length ? at + WSACMSGHDR.size : -1;
      at += (whole + 7) & ~7;
    }
    return -1;
  }
}
