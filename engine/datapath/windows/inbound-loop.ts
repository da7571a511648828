/**
 * The inbound worker's loop on Windows: receives datagrams, opens them, gives packets to wintun's ring. It waits for
 * events and never returns to an event loop. Order of a turn: commands, datagrams, timers.
 *
 *     WSARecvMsg ─► datagrams side by side ─open in place─► ring
 */
import { readEndpoint } from '../../base/sockaddr.ts';
import { FD_READ, WSAE } from '../../os/ffi/abi.win32.ts';
import type { Handle } from '../../os/ffi/kernel32.win32.ts';
import { monotonic } from '../clock.ts';
import { DropAt } from '../counters.ts';
import { Inbound, type InboundPump } from '../inbound-pump.ts';
import type { PacketMemory } from '../offload/sum-kernel.ts';
import { LONGEST_WAIT_MS } from '../outbound-loop.ts';
import type { DatapathEvent } from '../protocol.ts';
import { ARRIVAL_LENGTH, Arrival } from './arrival.ts';
import { EventWaiter, type WindowsCalls } from './calls.ts';
import { RingWriter } from './ring-writer.ts';

/** Messages between two looks at the clock and for commands. */
const TURN = 64;
export const WINDOWS_INBOUND_MEMORY: number = ARRIVAL_LENGTH;

export interface WindowsInboundParts {
  readonly calls: WindowsCalls;
  readonly pump: InboundPump;
  /** At least WINDOWS_INBOUND_MEMORY octets. */
  readonly memory: PacketMemory;
  readonly session: Handle;
  readonly socket: Handle;
  readonly wake: Handle;
  readonly localPort: number;
  readonly event: (event: DatapathEvent) => void;
  /** Carries out what the main thread has asked for. */
  readonly commands: () => void;
  readonly stopped: () => boolean;
}

export class WindowsInboundLoop {
  readonly #parts: WindowsInboundParts;
  readonly #readable: Handle;
  readonly #waiter: EventWaiter;
  readonly #arrival: Arrival;
  readonly #writer: RingWriter;
  readonly #octets: Uint8Array;

  /** @throws Error when the socket cannot be waited for */
  constructor(parts: WindowsInboundParts) {
    const { calls, pump, memory, session, socket, wake } = parts;
    const { kernel, winsock } = calls;
    this.#parts = parts;
    this.#octets = memory.octets;
    const receive = winsock.receiveMessage(socket);
    if (!receive) throw new Error('the socket has no WSARecvMsg');
    this.#readable = kernel.createEvent(false);
    if (winsock.selectEvents(socket, this.#readable, FD_READ) !== 0)
      throw new Error(`WSAEventSelect: error ${winsock.lastError()}`);
    this.#waiter = new EventWaiter(kernel, wake, this.#readable);
    this.#arrival = new Arrival(receive, socket, memory.octets);
    this.#writer = new RingWriter(calls, session, memory.octets, () => pump.count(DropAt.tunFull));
  }

  /** Returns when it is told to stop. @throws Error when the socket is gone */
  run(): void {
    const { calls, socket, pump, commands, stopped } = this.#parts;
    commands();
    // What came before the event was asked for sets none.
    let more = true;
    try {
      while (!stopped()) {
        this.#waiter.wait(more ? 0 : this.#timeout());
        if (this.#waiter.woken) commands();
        if (more || this.#waiter.device) more = this.#turn();
        const deadline = pump.nextDeadline();
        if (deadline !== undefined && deadline <= monotonic()) pump.tick();
      }
    } finally {
      calls.winsock.selectEvents(socket, this.#readable, 0);
      calls.kernel.closeHandle(this.#readable);
    }
  }

  /** Takes what came for an SPI before its pair was installed. */
  early(spi: number): void {
    const { pump } = this.#parts;
    const { at } = this.#arrival;
    pump.beginBatch();
    pump.early(spi, (packet, from, outerClass) => {
      this.#octets.set(packet, at);
      this.#arrived(pump.take(this.#octets, at, packet.length, from, 0, outerClass));
    });
  }

  #timeout(): number {
    const deadline = this.#parts.pump.nextDeadline();
    if (deadline === undefined) return LONGEST_WAIT_MS;
    return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(deadline - monotonic())));
  }

  /** True when there may be more. */
  #turn(): boolean {
    const { pump } = this.#parts;
    const arrival = this.#arrival;
    pump.beginBatch();
    for (let i = 0; i < TURN; i++) {
      if (!arrival.receive()) {
        if (this.#isDry()) return false;
        continue;
      }
      const { size } = arrival;
      const end = arrival.at + arrival.length;
      for (let at = arrival.at; at < end; at += size) this.#take(at, Math.min(size, end - at));
    }
    return true;
  }

  /** After a receive that gave nothing: whether there is nothing; errors of one datagram are passed over. */
  #isDry(): boolean {
    const error = this.#parts.calls.winsock.lastError();
    if (error === WSAE.NOTSOCK) throw new Error('the UDP socket is gone');
    return error !== WSAE.CONNRESET && error !== WSAE.NETRESET && error !== WSAE.MSGSIZE;
  }

  #take(at: number, length: number): void {
    const { name, ecn } = this.#arrival;
    const verdict = this.#parts.pump.take(this.#octets, at, length, name, 0, ecn);
    this.#arrived(verdict);
    if (verdict === Inbound.IKE) this.#ike();
  }

  #arrived(verdict: Inbound): void {
    const { pump } = this.#parts;
    if (verdict === Inbound.PACKET) this.#writer.write(pump.resultAt, pump.resultLength);
  }

  #ike(): void {
    const { pump, event, localPort } = this.#parts;
    event({
      kind: 'ike',
      bytes: this.#octets.slice(pump.resultAt, pump.resultAt + pump.resultLength),
      remote: readEndpoint(this.#arrival.name, 0),
      local: { address: this.#arrival.localAddress() ?? '::', port: localPort },
    });
  }
}
