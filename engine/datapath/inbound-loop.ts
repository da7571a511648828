/**
 * The inbound worker's loop: receives datagrams, opens them, gives packets to the tun. It waits in `poll` and
 * never returns to an event loop. Order of a turn: commands, datagrams, timers.
 *
 *     recvmmsg ─► datagrams side by side ─open in place─► merge ─writev─► tun
 */
import { readAddress, readEndpoint } from '../base/sockaddr.ts';
import { POLL } from '../os/ffi/abi.ts';
import type { DarwinLibc } from '../os/ffi/libc.darwin.ts';
import type { LinuxLibc } from '../os/ffi/libc.linux.ts';
import { monotonic } from './clock.ts';
import { DropAt } from './counters.ts';
import { Inbound, type InboundPump } from './inbound-pump.ts';
import { DarwinArrivals } from './offload/arrivals.darwin.ts';
import { Arrivals, arrivalsLength } from './offload/arrivals.ts';
import { HostWriter, type TunHeader } from './offload/host-writer.ts';
import { Merger } from './offload/merger.ts';
import type { PacketMemory } from './offload/sum-kernel.ts';
import { LONGEST_WAIT_MS } from './outbound-loop.ts';
import type { DatapathEvent } from './protocol.ts';
import { Waiter } from './waiter.ts';

const SLOTS = 64;
/** Slots that hold many datagrams each are fewer, so that what was received is still in the cache when it is opened. */
const WIDE_SLOTS = 8;

/** Darwin puts one datagram into a slot, however many it delivers at once. */
const slotsOf = (libc: LinuxLibc | DarwinLibc, coalesces: boolean): number =>
  coalesces && !('system' in libc) ? WIDE_SLOTS : SLOTS;

export const inboundMemory = (libc: LinuxLibc | DarwinLibc, coalesces: boolean): number =>
  arrivalsLength(slotsOf(libc, coalesces));

export interface InboundLoopParts {
  readonly libc: LinuxLibc | DarwinLibc;
  readonly pump: InboundPump;
  /** At least `inboundMemory` octets. */
  readonly memory: PacketMemory;
  readonly tunFd: number;
  /** Before each packet of the tun. Where that is a virtio header TCP is merged, and UDP with `mergesUdp`. */
  readonly header: TunHeader;
  readonly mergesUdp: boolean;
  readonly udpFd: number;
  readonly coalesces: boolean;
  readonly wakeFd: number;
  readonly localPort: number;
  readonly event: (event: DatapathEvent) => void;
  /** Carries out what the main thread has asked for. */
  readonly commands: () => void;
  readonly stopped: () => boolean;
}

export class InboundLoop {
  readonly #parts: InboundLoopParts;
  readonly #waiter: Waiter;
  readonly #arrivals: Arrivals | DarwinArrivals;
  readonly #writer: HostWriter;
  readonly #merger: Merger;
  readonly #octets: Uint8Array;

  constructor(parts: InboundLoopParts) {
    const { libc, pump, memory, tunFd, udpFd, wakeFd, header, mergesUdp, coalesces } = parts;
    this.#parts = parts;
    this.#octets = memory.octets;
    this.#waiter = new Waiter(libc, wakeFd, udpFd);
    this.#arrivals =
      'system' in libc
        ? new DarwinArrivals(libc, udpFd, memory.octets, 0, slotsOf(libc, coalesces), coalesces)
        : new Arrivals(libc, udpFd, memory.octets, 0, slotsOf(libc, coalesces));
    this.#writer = new HostWriter(libc, tunFd, memory.octets, header, () => pump.count(DropAt.tunFull));
    this.#merger = new Merger(memory, this.#writer, mergesUdp);
  }

  /** Returns when it is told to stop. @throws Error when the socket is gone */
  run(): void {
    const { pump, commands, stopped } = this.#parts;
    commands();
    while (!stopped()) {
      this.#waiter.wait(this.#timeout());
      if (this.#waiter.woken) commands();
      const { device } = this.#waiter;
      if ((device & POLL.NVAL) !== 0) throw new Error('the UDP socket is gone');
      if (device !== 0) this.#turn();
      const deadline = pump.nextDeadline();
      if (deadline !== undefined && deadline <= monotonic()) pump.tick();
    }
  }

  /** Takes what came for an SPI before its pair was installed. */
  early(spi: number): void {
    const { pump } = this.#parts;
    const at = this.#arrivals.atOf(0);
    pump.beginBatch();
    pump.early(spi, (packet, from, outerClass) => {
      this.#octets.set(packet, at);
      this.#arrived(pump.take(this.#octets, at, packet.length, from, 0, outerClass));
      this.#merger.flush();
    });
  }

  #timeout(): number {
    const deadline = this.#parts.pump.nextDeadline();
    if (deadline === undefined) return LONGEST_WAIT_MS;
    return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(deadline - monotonic())));
  }

  #turn(): void {
    const arrivals = this.#arrivals;
    this.#parts.pump.beginBatch();
    const count = arrivals.receive();
    for (let slot = 0; slot < count; slot++) {
      arrivals.inspect(slot);
      const { size } = arrivals;
      const end = arrivals.atOf(slot) + arrivals.lengthOf(slot);
      for (let at = arrivals.atOf(slot); at < end; at += size) this.#take(slot, at, Math.min(size, end - at));
    }
    this.#merger.flush();
    if (count > 0) arrivals.rearm(count);
  }

  #take(slot: number, at: number, length: number): void {
    const { pump } = this.#parts;
    const arrivals = this.#arrivals;
    const { names, trafficClass } = arrivals;
    const verdict = pump.take(this.#octets, at, length, names, arrivals.nameAt(slot), trafficClass);
    this.#arrived(verdict);
    if (verdict === Inbound.IKE) this.#ike(slot);
  }

  #arrived(verdict: Inbound): void {
    const { pump, header } = this.#parts;
    if (verdict !== Inbound.PACKET) return;
    if (header === 'virtio') this.#merger.add(pump.inner, pump.resultAt);
    else this.#writer.write(pump.resultAt, pump.resultLength);
  }

  #ike(slot: number): void {
    const { pump, event, localPort } = this.#parts;
    const local = this.#arrivals.localAddress(slot);
    event({
      kind: 'ike',
      bytes: this.#octets.slice(pump.resultAt, pump.resultAt + pump.resultLength),
      remote: readEndpoint(this.#arrivals.names, this.#arrivals.nameAt(slot)),
      local: { address: local ? readAddress(local, 0) : '::', port: localPort },
    });
  }
}
