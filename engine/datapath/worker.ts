/** Entry of a data path's thread: one direction with the fastest provider of ciphers there is. */
import { parentPort } from 'node:worker_threads';
import { nodeProvider } from '../os/crypto/node.ts';
import { openSslProvider } from '../os/crypto/openssl.ts';
import type { WorkerSetup } from './worker-messages.ts';
import { runWorker } from './worker-run.ts';

// Contexts belong to the thread that made them, so each thread has a provider of its own.
parentPort?.once('message', (setup: WorkerSetup) =>
  runWorker(setup, openSslProvider(setup.openSslPath) ?? nodeProvider),
);
