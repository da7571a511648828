/** A data path's thread: builds one direction over shared counters and runs its loop until told to stop. */
import { randomFillSync } from 'node:crypto';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { CryptoProvider } from '../crypto/port.ts';
import { monotonic } from './clock.ts';
import { DropAt, Head } from './counters.ts';
import { InboundPump } from './inbound-pump.ts';
import { type Loops, loopsOf } from './loops.ts';
import { OutboundPump } from './outbound-pump.ts';
import type { DatapathEvent } from './protocol.ts';
import { Control, type Downward, MOST_WAITING, type Upward, type WorkerSetup } from './worker-messages.ts';

/** What both directions are built from. */
interface Frame {
  readonly setup: WorkerSetup;
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly loops: Loops;
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
  const control = new Int32Array(setup.control);
  const post = (message: Upward): void => port.postMessage(message);
  const frame: Frame = {
    setup,
    crypto,
    loops: loopsOf(setup),
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

function outbound(frame: Frame): Runner {
  const { setup, loops, post, event, stopped, commands } = frame;
  const memory = loops.outboundMemory();
  const toHost = loops.toHost(memory, () => pump.count(DropAt.tunFull));
  const pump: OutboundPump = new OutboundPump({
    crypto: frame.crypto,
    fillRandom: (into) => randomFillSync(into),
    clock: monotonic,
    counters: new Float64Array(setup.counters),
    head: Head.OUTBOUND,
    event,
    toHost,
    marks: setup.says,
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
  const loop = loops.outbound({
    pump,
    memory,
    stopped,
    commands: () => commands(carryOut),
    segmentsLost: () => post({ kind: 'segments-lost' }),
    saysOnly: (marks) => post({ kind: 'says', marks }),
  });
  return { run: () => loop.run(), close: () => pump.close() };
}

function inbound(frame: Frame): Runner {
  const { setup, loops, post, event, stopped, commands } = frame;
  const pump = new InboundPump({
    crypto: frame.crypto,
    clock: monotonic,
    counters: new Float64Array(setup.counters),
    head: Head.INBOUND,
    event,
    released: (id) => post({ kind: 'released', id }),
    marks: setup.tells,
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
  const loop: ReturnType<Loops['inbound']> = loops.inbound({
    pump,
    event,
    stopped,
    commands: () => commands(carryOut),
  });
  return { run: () => loop.run(), close: () => pump.close() };
}
