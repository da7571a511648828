/**
 * The outbound worker's loop on Windows: takes packets from wintun's ring, seals them, sends them. It waits for events
 * and never returns to an event loop. Order of a turn: commands, packets, timers.
 *
 *     ring ─copy─► ESP packets side by side ─seal in place─► WSASendMsg
 */
import type { Marks } from '../../base/marks.ts';
import { AF } from '../../os/ffi/abi.win32.ts';
import type { Handle } from '../../os/ffi/kernel32.win32.ts';
import { addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import { monotonic } from '../clock.ts';
import { DropAt } from '../counters.ts';
import type { PacketMemory } from '../offload/sum-kernel.ts';
import { LONGEST_WAIT_MS } from '../outbound-loop.ts';
import type { OutboundPump } from '../outbound-pump.ts';
import { HEADROOM, LARGEST_PACKET, TAILROOM } from '../room.ts';
import type { Target } from '../targets.ts';
import { EventWaiter, type WindowsCalls } from './calls.ts';
import { WindowsDepartures } from './departures.ts';

/** Packets of the ring between two looks at the clock and for commands. */
const TURN = 256;
/** Room for what one message may carry, and for the longest packet behind it. */
const DEPARTURES_LENGTH = 192 * 1024;
export const WINDOWS_OUTBOUND_MEMORY: number = DEPARTURES_LENGTH + HEADROOM;

export interface WindowsOutboundParts {
  readonly calls: WindowsCalls;
  readonly pump: OutboundPump;
  /** At least WINDOWS_OUTBOUND_MEMORY octets. */
  readonly memory: PacketMemory;
  readonly session: Handle;
  readonly socket: Handle;
  readonly segments: boolean;
  /** What the socket takes of a traffic class with each message. */
  readonly says: Marks;
  readonly wake: Handle;
  /** Carries out what the main thread has asked for. */
  readonly commands: () => void;
  readonly stopped: () => boolean;
  /** The system does not segment after all. */
  readonly segmentsLost: () => void;
  /** The socket says no more than this of a traffic class after all. */
  readonly saysOnly: (marks: Marks) => void;
}

export class WindowsOutboundLoop {
  readonly #parts: WindowsOutboundParts;
  readonly #waiter: EventWaiter;
  readonly #departures: WindowsDepartures;
  readonly #octets: Uint8Array;
  readonly #memoryAt: number;
  readonly #length = new Uint32Array(fixedMemory(4).buffer);
  readonly #lengthAt = addressOf(new Uint8Array(this.#length.buffer));
  readonly #keepalive = fixedMemory(64);
  /** Octets before the inner packet of the SA that was last chosen: most packets go the way of the one before. */
  #headroom = 0;

  constructor(parts: WindowsOutboundParts) {
    const { calls, pump, memory, session, socket, wake, segments, says, segmentsLost, saysOnly } = parts;
    this.#parts = parts;
    this.#octets = memory.octets;
    this.#memoryAt = addressOf(memory.octets);
    this.#waiter = new EventWaiter(calls.kernel, wake, calls.wintun.readWaitEvent(session));
    this.#departures = new WindowsDepartures({
      winsock: calls.winsock,
      socket,
      memory: memory.octets,
      at: HEADROOM,
      length: DEPARTURES_LENGTH,
      segments,
      says,
      lost: (packets) => pump.count(DropAt.udpError, packets),
      gaveUp: segmentsLost,
      saysOnly,
    });
    this.#keepalive[0] = 0xff;
  }

  /** Returns when it is told to stop. @throws Error when waiting fails */
  run(): void {
    const { pump, commands, stopped } = this.#parts;
    commands();
    let more = false;
    while (!stopped()) {
      this.#waiter.wait(more ? 0 : this.#timeout());
      if (this.#waiter.woken) commands();
      // A wait takes the event, so what a turn leaves behind is gone for without another.
      if (more || this.#waiter.device) more = this.#turn();
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

  /** True when there may be more. */
  #turn(): boolean {
    const { calls, pump, session } = this.#parts;
    pump.beginBatch();
    let taken = 0;
    for (; taken < TURN; taken++) {
      const packet = calls.wintun.receive(session, this.#lengthAt);
      if (packet === 0) break;
      this.#take(packet, this.#length[0] as number);
    }
    this.#departures.flush();
    return taken === TURN;
  }

  /** One packet of the ring: copied to where it is to be sealed, and given back. */
  #take(packet: number, length: number): void {
    const { calls, pump, session } = this.#parts;
    const departures = this.#departures;
    const octets = this.#octets;
    const fits = length <= LARGEST_PACKET;
    if (fits && !departures.hasRoom(HEADROOM + length + TAILROOM)) departures.flush();
    let at = departures.next + this.#headroom;
    if (fits) calls.kernel.copy(this.#memoryAt + at, packet, length);
    calls.wintun.release(session, packet);
    if (!fits) {
      pump.count(DropAt.malformed);
      return;
    }
    if (!pump.choose(octets, at, length)) return;
    if (pump.headroom !== this.#headroom) {
      this.#headroom = pump.headroom;
      const right = departures.next + this.#headroom;
      octets.copyWithin(right, at, at + length);
      at = right;
    }
    const inner = pump.inner.length;
    if (!pump.fits(octets, at, inner)) return;
    pump.clamp(octets, at);
    const trafficClass = pump.trafficClass(octets, at);
    const sealed = pump.seal(octets, at, inner);
    if (sealed > 0) departures.add(sealed, pump.target, trafficClass);
  }

  #sendKeepalive(target: Target): void {
    const { calls, socket } = this.#parts;
    this.#keepalive.set(target.sockaddr, 32);
    this.#keepalive[32] = AF.INET6;
    this.#keepalive[33] = 0;
    const at = addressOf(this.#keepalive);
    calls.winsock.sendto(socket, at, 1, 0, at + 32, target.sockaddr.length);
  }
}
