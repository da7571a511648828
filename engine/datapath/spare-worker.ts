/**
 * Worker threads that have loaded their code and wait for a data path: loading takes longer than a handshake, so
 * the engine keeps a pair ready while none is at work. Each costs some 8 MiB.
 */
import { type ResourceLimits, Worker } from 'node:worker_threads';

/** One for each direction. */
const PAIR = 2;
/** A worker makes little garbage and keeps next to nothing; left alone V8 lets its heap grow before it collects. */
const HEAP: ResourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 48 };

let spares: readonly { readonly url: string; readonly worker: Worker }[] = [];
let busy = 0;
/** Whose workers are kept warm. */
let warm: URL | undefined;

function start(url: URL): Worker {
  return new Worker(url, { name: 'culvert-datapath', resourceLimits: HEAP });
}

/** From now on a pair is waiting whenever none is at work. It does not keep the process alive. */
export function warmWorkers(url: URL): void {
  warm = url;
  while (spares.length + busy < PAIR) {
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

/** No more workers are to be waiting: the process is about to end. */
export function coolWorkers(): void {
  warm = undefined;
}

/** A waiting worker, or a new one; it begins with its first message. */
export function takeWorker(url: URL): Worker {
  const spare = spares.find((each) => each.url === url.href);
  spares = spares.filter((each) => each !== spare);
  const worker = spare?.worker ?? start(url);
  worker.removeAllListeners();
  worker.ref();
  busy++;
  worker.once('exit', () => {
    busy--;
    if (warm) warmWorkers(warm);
  });
  return worker;
}
