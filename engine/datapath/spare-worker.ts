/**
 * Worker threads that have loaded their code and wait for a data path: loading takes longer than a handshake, so
 * the engine keeps a pair ready.
 */
import { Worker } from 'node:worker_threads';

/** One for each direction. */
const SPARES = 2;

let spares: readonly { readonly url: string; readonly worker: Worker }[] = [];

function start(url: URL): Worker {
  return new Worker(url, { name: 'culvert-datapath' });
}

/** Makes sure that workers are waiting. They do not keep the process alive. */
export function warmWorkers(url: URL): void {
  while (spares.length < SPARES) {
    const worker = start(url);
    worker.unref();
    const forget = (): void => {
      spares = spares.filter((spare) => spare.worker !== worker);
    };
    // What is wrong with it shows when a data path is to be opened, in a worker of its own.
    worker.once('error', forget);
    worker.once('exit', forget);
    spares = [...spares, { url: url.href, worker }];
  }
}

/** A waiting worker, or a new one; it begins with its first message. */
export function takeWorker(url: URL): Worker {
  const spare = spares.find((each) => each.url === url.href);
  if (!spare) return start(url);
  spares = spares.filter((each) => each !== spare);
  const { worker } = spare;
  worker.removeAllListeners();
  worker.ref();
  return worker;
}
