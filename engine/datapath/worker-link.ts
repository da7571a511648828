/** One worker thread of a data path, seen from the main thread: messages down with a wake-up, messages up. */
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import type { Kernel32 } from '../os/ffi/kernel32.win32.ts';
import type { DarwinLibc } from '../os/ffi/libc.darwin.ts';
import type { LinuxLibc } from '../os/ffi/libc.linux.ts';
import { openWake, type Wake } from '../os/ffi/wake.ts';
import { takeWorker } from './spare-worker.ts';
import {
  CONTROL_BYTE_LENGTH,
  Control,
  type Downward,
  type Upward,
  type WorkerSetup,
} from './worker-messages.ts';

export interface WorkerLinkParts {
  readonly libc: LinuxLibc | DarwinLibc | Kernel32;
  readonly workerUrl: URL;
  /** What the link itself does not know. */
  readonly setup: Omit<WorkerSetup, 'port' | 'wakeFd' | 'control'>;
  readonly onMessage: (message: Exclude<Upward, { kind: 'ready' }>) => void;
  /** The thread has failed or ended, asked or not. */
  readonly onGone: (reason: string) => void;
}

/** How long a worker may take to end before it is terminated. */
const PATIENCE_MS = 3000;

export class WorkerLink {
  /** Rejects when the worker ends before it is ready. */
  readonly ready: Promise<void>;
  readonly #wake: Wake;
  readonly #control: Int32Array;
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #onProcessExit = (): void => this.#stop();
  #released = false;

  /** @throws Error when the system has no more descriptors */
  constructor({ libc, workerUrl, setup, onMessage, onGone }: WorkerLinkParts) {
    this.#wake = openWake(libc);
    const control = new SharedArrayBuffer(CONTROL_BYTE_LENGTH);
    this.#control = new Int32Array(control);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#worker = takeWorker(workerUrl);
    const whole: WorkerSetup = { ...setup, port: port2, wakeFd: this.#wake.fd, control };
    this.#worker.postMessage(whole, [port2]);
    // A worker ended by the process's own exit must not sit out its wait.
    process.once('exit', this.#onProcessExit);
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.ready = new Promise((resolve, reject) => {
      this.#port.on('message', (message: Upward) => {
        if (message.kind === 'ready') resolve();
        else onMessage(message);
      });
      const gone = (reason: string): void => {
        reject(new Error(reason));
        onGone(reason);
      };
      this.#worker.on('error', (error) => gone(`the data path's worker failed: ${error.message}`));
      this.#worker.once('exit', (code) => gone(`the data path's worker ended with code ${code}`));
    });
    // Whoever waits for it hears of it; nobody may be left to wait when the other worker has failed first.
    this.ready.catch(() => undefined);
  }

  tell(message: Downward, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#released) return;
    this.#port.postMessage(message, transfer);
    this.#rouse();
  }

  /** An event of the worker's was dealt with: it may post another. */
  taken(): void {
    Atomics.add(this.#control, Control.TAKEN, 1);
  }

  /** Ends the thread and resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#stop();
    const impatient = setTimeout(() => this.#worker.terminate(), PATIENCE_MS);
    await this.#exited;
    clearTimeout(impatient);
    if (this.#released) return;
    this.#released = true;
    process.removeListener('exit', this.#onProcessExit);
    this.#port.close();
    this.#wake.close();
  }

  #stop(): void {
    Atomics.store(this.#control, Control.STOP, 1);
    this.#rouse();
  }

  #rouse(): void {
    if (!this.#released) this.#wake.wake();
  }
}
