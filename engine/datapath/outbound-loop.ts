/**
 * The outbound worker's loop: takes packets from the tun, seals them, sends them. It waits in `poll` and never
 * returns to an event loop. Order of a turn: commands, packets, timers.
 *
 *     tun ─read─► super-packet ─copy, checksum─► ESP packets side by side ─seal in place─► sendmmsg
 */
import type { Marks } from '../base/marks.ts';
import * as darwin from '../os/ffi/abi.darwin.ts';
import { AF, MSG_DONTWAIT, POLL, VIRTIO_NET_HDR } from '../os/ffi/abi.ts';
import type { DarwinLibc } from '../os/ffi/libc.darwin.ts';
import type { LinuxLibc } from '../os/ffi/libc.linux.ts';
import { addressOf, fixedMemory } from '../os/ffi/memory.ts';
import { monotonic } from './clock.ts';
import { DropAt } from './counters.ts';
import { DarwinDepartures } from './offload/departures.darwin.ts';
import { Departures } from './offload/departures.ts';
import { TUN_HEADER_LENGTH, type TunHeader } from './offload/host-writer.ts';
import type { PacketMemory } from './offload/sum-kernel.ts';
import { SuperPacket } from './offload/super-packet.ts';
import type { OutboundPump } from './outbound-pump.ts';
import { HEADROOM, LARGEST_PACKET, TAILROOM } from './room.ts';
import type { Target } from './targets.ts';
import { Waiter } from './waiter.ts';

/** No wait is longer, so that ending the thread never hangs on a lost wake-up. */
export const LONGEST_WAIT_MS = 1000;
/** Packets of the tun between two looks at the clock and for commands. */
const TURN = 256;
const READ_LENGTH = VIRTIO_NET_HDR.size + LARGEST_PACKET;
/** Room for two super-packets as ESP. */
const DEPARTURES_LENGTH = 192 * 1024;
const DEPARTURES_AT = 72 * 1024;
export const OUTBOUND_MEMORY: number = DEPARTURES_AT + DEPARTURES_LENGTH + HEADROOM;

export interface OutboundLoopParts {
  readonly libc: LinuxLibc | DarwinLibc;
  readonly pump: OutboundPump;
  /** At least OUTBOUND_MEMORY octets. */
  readonly memory: PacketMemory;
  readonly tunFd: number;
  /** Before each packet of the tun. */
  readonly header: TunHeader;
  readonly udpFd: number;
  readonly segments: boolean;
  /** What the socket takes of a traffic class with each message: all or nothing. */
  readonly says: Marks;
  readonly wakeFd: number;
  /** Carries out what the main thread has asked for. */
  readonly commands: () => void;
  readonly stopped: () => boolean;
  /** The system does not segment after all. */
  readonly segmentsLost: () => void;
  /** The socket says no more than this of a traffic class after all. */
  readonly saysOnly: (marks: Marks) => void;
}

export class OutboundLoop {
  readonly #parts: OutboundLoopParts;
  readonly #waiter: Waiter;
  readonly #packet: SuperPacket;
  readonly #departures: Departures | DarwinDepartures;
  readonly #octets: Uint8Array;
  readonly #readAt: number;
  readonly #keepalive = fixedMemory(64);
  /** Of the outer headers of the packet that was last taken. */
  #trafficClass = 0;

  constructor(parts: OutboundLoopParts) {
    const { libc, pump, memory, udpFd, tunFd, wakeFd, segments, says, segmentsLost, saysOnly } = parts;
    this.#parts = parts;
    this.#octets = memory.octets;
    this.#readAt = addressOf(memory.octets);
    this.#waiter = new Waiter(libc, wakeFd, tunFd);
    this.#packet = new SuperPacket(memory);
    const departures = {
      fd: udpFd,
      memory: memory.octets,
      at: DEPARTURES_AT,
      length: DEPARTURES_LENGTH,
      segments,
      marks: says !== 'none',
      lost: (packets: number): void => pump.count(DropAt.udpError, packets),
      gaveUp: segmentsLost,
      marksLost: (): void => saysOnly('none'),
    };
    this.#departures =
      'system' in libc
        ? new DarwinDepartures({ ...departures, libc })
        : new Departures({ ...departures, libc });
    this.#keepalive[0] = 0xff;
  }

  /** Returns when it is told to stop. @throws Error when the tun is gone */
  run(): void {
    const { pump, commands, stopped } = this.#parts;
    commands();
    while (!stopped()) {
      this.#waiter.wait(this.#timeout());
      if (this.#waiter.woken) commands();
      const { device } = this.#waiter;
      if ((device & (POLL.ERR | POLL.NVAL | POLL.HUP)) !== 0) throw new Error('the tun is gone');
      if (device !== 0) this.#turn();
      const deadline = pump.nextDeadline();
      if (deadline !== undefined && deadline <= monotonic())
        pump.tick((target) => this.#sendKeepalive(target));
    }
  }

  #timeout(): number {
    const deadline = this.#parts.pump.nextDeadline();
    if (deadline === undefined) return LONGEST_WAIT_MS;
    return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(deadline - monotonic())));
  }

  #turn(): void {
    const { libc, pump, tunFd } = this.#parts;
    pump.beginBatch();
    for (let i = 0; i < TURN; i++) {
      const length = libc.read(tunFd, this.#readAt, READ_LENGTH);
      if (length <= 0) break;
      this.#take(length);
    }
    if (!this.#departures.isEmpty) this.#departures.flush();
  }

  /** One packet of the tun, at the beginning of the packet memory. */
  #take(length: number): void {
    const { pump, header } = this.#parts;
    const packet = this.#packet;
    const before = TUN_HEADER_LENGTH[header];
    if (header !== 'virtio') packet.readBare(before, Math.max(0, length - before));
    else if (!packet.read(0, length)) {
      pump.count(DropAt.malformed);
      return;
    }
    const { at } = packet;
    if (!pump.choose(this.#octets, at, packet.length)) return;
    if (!packet.split(pump.inner)) {
      pump.count(DropAt.malformed);
      return;
    }
    if (!pump.fits(this.#octets, at, packet.lengthOf(0))) return;
    if (packet.count === 1) pump.clamp(this.#octets, at);
    this.#trafficClass = pump.trafficClass(this.#octets, at);
    for (let i = 0; i < packet.count; i++) if (!this.#seal(i)) return;
  }

  /** Writes, seals and adds the i-th packet of a super-packet. False when the SA may send no more. */
  #seal(i: number): boolean {
    const { pump } = this.#parts;
    const departures = this.#departures;
    const length = this.#packet.lengthOf(i);
    if (!departures.hasRoom(HEADROOM + length + TAILROOM)) departures.flush();
    const inner = departures.next + pump.headroom;
    this.#packet.write(i, inner);
    const sealed = pump.seal(this.#octets, inner, length);
    if (sealed === 0) return false;
    departures.add(sealed, pump.target, this.#trafficClass);
    return true;
  }

  #sendKeepalive(target: Target): void {
    const { libc, udpFd } = this.#parts;
    this.#keepalive.set(target.sockaddr, 32);
    const at = addressOf(this.#keepalive);
    if ('system' in libc) {
      this.#keepalive[32] = target.sockaddr.length;
      this.#keepalive[33] = darwin.AF.INET6;
      libc.sendto(udpFd, at, 1, darwin.MSG_DONTWAIT, at + 32, target.sockaddr.length);
    } else {
      this.#keepalive[32] = AF.INET6;
      libc.sendto(udpFd, at, 1, MSG_DONTWAIT, at + 32, target.sockaddr.length);
    }
  }
}
