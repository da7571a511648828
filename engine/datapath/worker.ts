/** Entry of the data path's thread: builds the pump over shared counters and runs the blocking loop until told to stop. */
import { randomFillSync } from 'node:crypto';
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { nodeProvider } from '../os/crypto/node.ts';
import { openSslProvider } from '../os/crypto/openssl.ts';
import { loadLinuxLibc } from '../os/ffi/libc.linux.ts';
import { BlockingLoop, TunWriter } from './blocking-loop.ts';
import { monotonic } from './clock.ts';
import { DropAt } from './counters.ts';
import type { DatapathEvent } from './protocol.ts';
import { Pump } from './pump.ts';
import { Control, type Downward, MOST_WAITING, type Upward, type WorkerSetup } from './worker-messages.ts';

function run(setup: WorkerSetup): void {
  const { port, tunFd, udpFd, wakeFd, localPort } = setup;
  const libc = loadLinuxLibc();
  if (!libc) throw new Error('the system calls cannot be bound');
  const control = new Int32Array(setup.control);
  const post = (message: Upward): void => port.postMessage(message);
  const event = (event: DatapathEvent): void => {
    const waiting = (Atomics.load(control, Control.POSTED) - Atomics.load(control, Control.TAKEN)) | 0;
    // What only hints may be lost; what happens once for an SA may not.
    if (waiting >= MOST_WAITING && (event.kind === 'ike' || event.kind === 'unknown-spi')) return;
    Atomics.add(control, Control.POSTED, 1);
    post({ kind: 'event', event });
  };
  const tun = new TunWriter(libc, tunFd);
  const pump: Pump = new Pump({
    // Contexts belong to the thread that made them, so the thread has a provider of its own.
    crypto: openSslProvider(setup.openSslPath) ?? nodeProvider,
    fillRandom: (into) => randomFillSync(into),
    clock: monotonic,
    counters: new Float64Array(setup.counters),
    event,
    toHost: (packet) => {
      if (!tun.copy(packet)) pump.count(DropAt.tunFull);
    },
    released: (id) => post({ kind: 'released', id }),
  });
  const commands = (): void => {
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port))
      carryOut(pump, next.message as Downward);
  };
  const stopped = (): boolean => Atomics.load(control, Control.STOP) !== 0;
  const loop = new BlockingLoop(
    { libc, pump, tunFd, udpFd, wakeFd, localPort, event, commands, stopped },
    tun,
  );
  post({ kind: 'ready' });
  try {
    loop.run();
  } catch (error) {
    post({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
  } finally {
    pump.close();
    port.close();
  }
}

function carryOut(pump: Pump, command: Downward): void {
  switch (command.kind) {
    case 'install':
      pump.install(command.pair, command.path, command.slot);
      return;
    case 'activate':
      pump.activateOutbound(command.id);
      return;
    case 'remove':
      pump.remove(command.id, command.lingerMs);
      return;
    case 'path':
      pump.setPath(command.id, command.path);
      return;
    case 'keepalive':
      pump.keepalive(command.remote, command.seconds);
      return;
    case 'mtu':
      pump.setInnerMtu(command.mtu);
      return;
  }
}

parentPort?.once('message', (setup: WorkerSetup) => run(setup));
