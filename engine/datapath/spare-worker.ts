/**
 * Worker threads that have loaded their code and wait for a data path: loading takes longer than a handshake, so
 * the engine keeps one ready.
 */
import { Worker } from 'node:worker_threads';

let spare: { readonly url: string; readonly worker: Worker } | undefined;

function start(url: URL): Worker {
  return new Worker(url, { name: 'culvert-datapath' });
}

/** Makes sure that a worker is waiting. It does not keep the process alive. */
export function warmWorker(url: URL): void {
  if (spare) return;
  const worker = start(url);
  worker.unref();
  const forget = (): void => {
    if (spare?.worker === worker) spare = undefined;
  };
  // What is wrong with it shows when a data path is to be opened, in a worker of its own.
  worker.once('error', forget);
  worker.once('exit', forget);
  spare = { url: url.href, worker };
}

/** The waiting worker, or a new one; it begins with its first message. */
export function takeWorker(url: URL): Worker {
  if (spare?.url !== url.href) return start(url);
  const { worker } = spare;
  spare = undefined;
  worker.removeAllListeners();
  worker.ref();
  return worker;
}
