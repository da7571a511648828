/**
 * The worker's loop on Linux: waits in `poll` for the tun, the socket and the main thread's wake-up, moves a batch
 * each way, and never returns to an event loop. Order of a turn: commands, tun to UDP, UDP to tun, timers.
 */
import { readAddress, readEndpoint } from '../base/sockaddr.ts';
import { AF, ERRNO, MMSGHDR, MSG_DONTWAIT, POLL, POLLFD } from '../os/ffi/abi.ts';
import { addressOf, fixedMemory, type LinuxLibc } from '../os/ffi/libc.linux.ts';
import { DatagramBatch, LARGEST_DATAGRAM, STRIDE } from './batch.ts';
import { monotonic } from './clock.ts';
import { DropAt } from './counters.ts';
import type { DatapathEvent } from './protocol.ts';
import { HEADROOM, Inbound, type Pump } from './pump.ts';
import type { Target } from './targets.ts';

const BATCH = 64;
/** No wait is longer, so that ending the thread never hangs on a lost wake-up. */
const LONGEST_WAIT_MS = 1000;

export interface LoopParts {
  readonly libc: LinuxLibc;
  readonly pump: Pump;
  readonly tunFd: number;
  readonly udpFd: number;
  readonly wakeFd: number;
  readonly localPort: number;
  readonly event: (event: DatapathEvent) => void;
  /** Carries out what the main thread has asked for. */
  readonly commands: () => void;
  readonly stopped: () => boolean;
}

/** Gives packets to a tun descriptor; keeps its own memory for those from outside the arenas. */
export class TunWriter {
  readonly #libc: LinuxLibc;
  readonly #fd: number;
  readonly #memory = fixedMemory(LARGEST_DATAGRAM);
  readonly #memoryAt = addressOf(this.#memory);

  constructor(libc: LinuxLibc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  write(address: number, length: number): boolean {
    return this.#libc.write(this.#fd, address, length) === length;
  }

  copy(packet: Uint8Array): boolean {
    this.#memory.set(packet);
    return this.write(this.#memoryAt, packet.length);
  }
}

export class BlockingLoop {
  readonly #parts: LoopParts;
  readonly #sending = new DatagramBatch(BATCH, false);
  readonly #receiving = new DatagramBatch(BATCH, true);
  readonly #poll: Int16Array;
  readonly #pollAt: number;
  readonly #wakeWord = fixedMemory(8);
  readonly #wakeAt = addressOf(this.#wakeWord);
  readonly #keepalive = fixedMemory(64);
  readonly #tun: TunWriter;

  constructor(parts: LoopParts, tun: TunWriter) {
    this.#parts = parts;
    this.#tun = tun;
    this.#keepalive[0] = 0xff;
    const memory = fixedMemory(3 * POLLFD.size);
    this.#poll = new Int16Array(memory.buffer);
    this.#pollAt = addressOf(memory);
    const view = new DataView(memory.buffer);
    for (const [i, fd] of [parts.wakeFd, parts.tunFd, parts.udpFd].entries()) {
      view.setInt32(i * POLLFD.size + POLLFD.fd, fd, true);
      view.setInt16(i * POLLFD.size + POLLFD.events, POLL.IN, true);
    }
  }

  /** Returns when it is told to stop. @throws Error when the tun or the socket is gone */
  run(): void {
    const { libc, pump, commands, stopped, wakeFd } = this.#parts;
    const pollAt = this.#pollAt;
    commands();
    while (!stopped()) {
      const ready = libc.poll(pollAt, 3, this.#timeout());
      if (ready < 0 && libc.errno() !== ERRNO.EINTR) throw new Error(`poll: errno ${libc.errno()}`);
      if (ready > 0) {
        const [wake, tun, udp] = [this.#revents(0), this.#revents(1), this.#revents(2)];
        if ((tun & (POLL.ERR | POLL.NVAL | POLL.HUP)) !== 0) throw new Error('the tun is gone');
        if ((udp & POLL.NVAL) !== 0) throw new Error('the UDP socket is gone');
        if (wake !== 0) {
          libc.read(wakeFd, this.#wakeAt, 8);
          commands();
        }
        pump.beginBatch();
        if (tun !== 0) this.#tunToUdp();
        if (udp !== 0) this.#udpToTun();
      }
      const deadline = pump.nextDeadline();
      if (deadline !== undefined && deadline <= monotonic())
        pump.tick((target) => this.#sendKeepalive(target));
    }
  }

  #revents(which: number): number {
    return this.#poll[(which * POLLFD.size + POLLFD.revents) / 2] as number;
  }

  #timeout(): number {
    const deadline = this.#parts.pump.nextDeadline();
    if (deadline === undefined) return LONGEST_WAIT_MS;
    return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(deadline - monotonic())));
  }

  #tunToUdp(): void {
    const { libc, pump, tunFd } = this.#parts;
    const batch = this.#sending;
    let count = 0;
    for (let reads = 0; reads < BATCH; reads++) {
      const at = count * STRIDE + HEADROOM;
      const length = libc.read(tunFd, batch.arenaAt + at, LARGEST_DATAGRAM);
      if (length <= 0) break;
      if (!pump.outbound(batch.arena, at, length) || !pump.target) continue;
      batch.setVector(count, pump.resultAt, pump.resultLength);
      batch.setName(count, pump.target.sockaddr, AF.INET6);
      count++;
    }
    if (count > 0) this.#send(batch, count);
  }

  #send(batch: DatagramBatch, count: number): void {
    const { libc, pump, udpFd } = this.#parts;
    for (let done = 0; done < count; ) {
      const sent = libc.sendmmsg(udpFd, batch.headersAt + done * MMSGHDR.size, count - done, 0);
      if (sent > 0) done += sent;
      else if (sent === 0 || libc.errno() !== ERRNO.EINTR) {
        // The first of the rest was refused; the others may have another destination.
        pump.count(DropAt.udpError);
        done++;
      }
    }
  }

  #udpToTun(): void {
    const { libc, pump, udpFd } = this.#parts;
    const batch = this.#receiving;
    batch.rearm(BATCH);
    const count = libc.recvmmsg(udpFd, batch.headersAt, BATCH, MSG_DONTWAIT, 0);
    for (let i = 0; i < count; i++) {
      const verdict = pump.inbound(
        batch.arena,
        i * STRIDE + HEADROOM,
        batch.length(i),
        batch.names,
        batch.nameAt(i),
      );
      if (verdict === Inbound.PACKET) {
        if (!this.#tun.write(batch.arenaAt + pump.resultAt, pump.resultLength)) pump.count(DropAt.tunFull);
      } else if (verdict === Inbound.IKE) this.#ike(batch, i);
    }
  }

  #ike(batch: DatagramBatch, slot: number): void {
    const { pump, event, localPort } = this.#parts;
    const local = batch.localAddress(slot);
    event({
      kind: 'ike',
      bytes: batch.arena.slice(pump.resultAt, pump.resultAt + pump.resultLength),
      remote: readEndpoint(batch.names, batch.nameAt(slot)),
      local: { address: local ? readAddress(local, 0) : '::', port: localPort },
    });
  }

  #sendKeepalive(target: Target): void {
    const { libc, udpFd } = this.#parts;
    this.#keepalive.set(target.sockaddr, 32);
    this.#keepalive[32] = AF.INET6;
    const at = addressOf(this.#keepalive);
    libc.sendto(udpFd, at, 1, MSG_DONTWAIT, at + 32, target.sockaddr.length);
  }
}
