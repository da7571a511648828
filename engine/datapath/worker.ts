/** Entry of a data path's thread: one direction with the fastest provider of ciphers there is. */
import { parentPort } from 'node:worker_threads';
import { nodeProvider } from '../os/crypto/node.ts';
import { openSslProvider } from '../os/crypto/openssl.ts';
import { loadLinuxLibc } from '../os/ffi/libc.linux.ts';
import { packetMemory } from './offload/sum-kernel.ts';
import type { WorkerSetup } from './worker-messages.ts';
import { runWorker } from './worker-run.ts';

// While it waits for a data path it uses everything once: the first time costs a millisecond or two of a connection.
loadLinuxLibc();
packetMemory(1);
openSslProvider(null)
  ?.cipher({ encr: 20, keyBits: 128, integ: 0 }, new Uint8Array(20), new Uint8Array(0))
  .destroy();

// Contexts belong to the thread that made them, so each thread has a provider of its own.
parentPort?.once('message', (setup: WorkerSetup) =>
  runWorker(setup, openSslProvider(setup.openSslPath) ?? nodeProvider),
);
