/** A data path's thread: builds one direction over shared counters and runs its loop until told to stop. */
import { randomFillSync } from 'node:crypto';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { CryptoProvider } from '../crypto/port.ts';
import { type DarwinLibc, loadDarwinLibc } from '../os/ffi/libc.darwin.ts';
import { type LinuxLibc, loadLinuxLibc } from '../os/ffi/libc.linux.ts';
import { monotonic } from './clock.ts';
import { DropAt, Head } from './counters.ts';
import { InboundLoop, inboundMemory } from './inbound-loop.ts';
import { InboundPump } from './inbound-pump.ts';
import { HostWriter, type TunHeader } from './offload/host-writer.ts';
import { packetMemory } from './offload/sum-kernel.ts';
import { OUTBOUND_MEMORY, OutboundLoop } from './outbound-loop.ts';
import { OutboundPump } from './outbound-pump.ts';
import type { DatapathEvent } from './protocol.ts';
import { Control, type Downward, MOST_WAITING, type Upward, type WorkerSetup } from './worker-messages.ts';

/** What both directions are built from. */
interface Frame {
  readonly setup: WorkerSetup;
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly libc: LinuxLibc | DarwinLibc;
  readonly post: (message: Upward) => void;
  readonly event: (event: DatapathEvent) => void;
  readonly stopped: () => boolean;
  /** Gives each waiting command to `carryOut`. */
  readonly commands: (carryOut: (command: Downward) => void) => void;
}

interface Runner {
  run(): void;
  close(): void;
}

/** Returns when it was told to stop. */
export function runWorker(setup: WorkerSetup, crypto: Pick<CryptoProvider, 'cipher'>): void {
  const { port } = setup;
  const libc = setup.system === 'darwin' ? loadDarwinLibc(setup.library) : loadLinuxLibc();
  if (!libc) throw new Error('the system calls cannot be bound');
  const control = new Int32Array(setup.control);
  const post = (message: Upward): void => port.postMessage(message);
  const frame: Frame = {
    setup,
    crypto,
    libc,
    post,
    event: (event) => {
      const waiting = (Atomics.load(control, Control.POSTED) - Atomics.load(control, Control.TAKEN)) | 0;
      // What only hints may be lost; what happens once for an SA may not.
      if (waiting >= MOST_WAITING && (event.kind === 'ike' || event.kind === 'unknown-spi')) return;
      Atomics.add(control, Control.POSTED, 1);
      post({ kind: 'event', event });
    },
    stopped: () => Atomics.load(control, Control.STOP) !== 0,
    commands: (carryOut) => {
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
        carryOut(next.message as Downward);
    },
  };
  const runner = setup.direction === 'outbound' ? outbound(frame) : inbound(frame);
  post({ kind: 'ready' });
  try {
    runner.run();
  } catch (error) {
    post({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  } finally {
    runner.close();
    port.close();
  }
}

const headerOf = ({ system, tunOffload }: WorkerSetup): TunHeader =>
  system === 'darwin' ? 'family' : tunOffload === 'none' ? 'none' : 'virtio';

function outbound(frame: Frame): Runner {
  const { setup, libc, post, event, stopped, commands } = frame;
  const { tunFd, udpFd, wakeFd, segments, marks } = setup;
  const header = headerOf(setup);
  const memory = packetMemory(OUTBOUND_MEMORY);
  const writer = new HostWriter(libc, tunFd, memory.octets, header, () => pump.count(DropAt.tunFull));
  const pump: OutboundPump = new OutboundPump({
    crypto: frame.crypto,
    fillRandom: (into) => randomFillSync(into),
    clock: monotonic,
    counters: new Float64Array(setup.counters),
    head: Head.OUTBOUND,
    event,
    toHost: (packet) => writer.copy(packet),
  });
  const carryOut = (command: Downward): void => {
    switch (command.kind) {
      case 'install':
        pump.install(command.pair, command.path, command.slot);
        return;
      case 'activate':
        pump.activate(command.id);
        return;
      case 'remove':
        pump.remove(command.id);
        post({ kind: 'released', id: command.id });
        return;
      case 'path':
        pump.setPath(command.id, command.path);
        return;
      case 'trap':
        pump.trap(command.id, command.selectors);
        return;
      case 'keepalive':
        pump.keepalive(command.remote, command.seconds);
        return;
      case 'mtu':
        pump.setInnerMtu(command.mtu);
        return;
    }
  };
  const loop = new OutboundLoop({
    libc,
    pump,
    memory,
    tunFd,
    header,
    udpFd,
    segments,
    marks,
    wakeFd,
    stopped,
    commands: () => commands(carryOut),
    segmentsLost: () => post({ kind: 'segments-lost' }),
  });
  return { run: () => loop.run(), close: () => pump.close() };
}

function inbound(frame: Frame): Runner {
  const { setup, libc, post, event, stopped, commands } = frame;
  const { tunFd, udpFd, wakeFd, coalesces, localPort, tunOffload } = setup;
  const pump = new InboundPump({
    crypto: frame.crypto,
    clock: monotonic,
    counters: new Float64Array(setup.counters),
    head: Head.INBOUND,
    event,
    released: (id) => post({ kind: 'released', id }),
  });
  const carryOut = (command: Downward): void => {
    switch (command.kind) {
      case 'install':
        pump.install(command.pair, command.path, command.slot);
        loop.early(command.pair.spiIn);
        return;
      case 'activate':
        pump.activated(command.id);
        return;
      case 'remove':
        pump.remove(command.id, command.lingerMs);
        return;
      case 'path':
        pump.setPath(command.id, command.path);
        return;
      case 'keepalive':
      case 'trap':
        return;
      case 'mtu':
        pump.setInnerMtu(command.mtu);
        return;
    }
  };
  const loop: InboundLoop = new InboundLoop({
    libc,
    pump,
    memory: packetMemory(inboundMemory(libc, coalesces)),
    tunFd,
    header: headerOf(setup),
    mergesUdp: tunOffload === 'uso',
    udpFd,
    coalesces,
    wakeFd,
    localPort,
    event,
    stopped,
    commands: () => commands(carryOut),
  });
  return { run: () => loop.run(), close: () => pump.close() };
}
