/**
 * The data path in a worker thread, seen from the main thread. Commands go down as messages with a wake-up, events
 * come up as messages, counters are read from shared memory, and IKE leaves directly by the shared socket.
 */
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { wipe } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import type { EspSaPair } from '../esp/params.ts';
import { EFD } from '../os/ffi/abi.ts';
import { addressOf, fixedMemory, type LinuxLibc } from '../os/ffi/libc.linux.ts';
import type { Tun } from '../os/tun/port.ts';
import type { RawUdp } from '../os/udp/udp.linux.ts';
import { monotonic } from './clock.ts';
import { COUNTERS_BYTE_LENGTH, readSlot, readTotals, SlotTable } from './counters.ts';
import type { Datapath, DatapathEvent, PeerPath } from './protocol.ts';
import { NON_ESP_MARKER_LENGTH } from './pump.ts';
import { takeWorker } from './spare-worker.ts';
import {
  CONTROL_BYTE_LENGTH,
  Control,
  type Downward,
  type Upward,
  type WorkerSetup,
} from './worker-messages.ts';

export interface WorkerOptions {
  readonly libc: LinuxLibc;
  /** With a file descriptor. Closed, like the socket, with the data path. */
  readonly tun: Tun;
  readonly udp: RawUdp;
  /** The worker's entry: `boot.mjs` beside this file, or the bundle's own. */
  readonly workerUrl: URL;
  /** Library whose exports OpenSSL is taken from; `null` is the running executable. */
  readonly openSslPath: string | null;
}

/** How long a worker may take to end before it is terminated. */
const PATIENCE_MS = 3000;
const MARKER = new Uint8Array(NON_ESP_MARKER_LENGTH);

/** @throws Error when the worker does not start; tun and socket stay open then */
export async function openWorkerDatapath(options: WorkerOptions): Promise<Datapath> {
  const wakeFd = options.libc.eventfd(0, EFD.CLOEXEC | EFD.NONBLOCK);
  if (wakeFd < 0) throw new Error(`eventfd: errno ${options.libc.errno()}`);
  const path = new WorkerDatapath(options, wakeFd);
  await path.ready;
  return path;
}

class WorkerDatapath implements Datapath {
  readonly local: Endpoint;
  readonly description: string;
  readonly ready: Promise<void>;
  readonly #options: WorkerOptions;
  readonly #wakeFd: number;
  readonly #one = fixedMemory(8);
  readonly #oneAt = addressOf(this.#one);
  readonly #counters = new SharedArrayBuffer(COUNTERS_BYTE_LENGTH);
  readonly #block = new Float64Array(this.#counters);
  readonly #controlBuffer = new SharedArrayBuffer(CONTROL_BYTE_LENGTH);
  readonly #control = new Int32Array(this.#controlBuffer);
  readonly #slots = new SlotTable();
  readonly #port: MessagePort;
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #listeners: ((event: DatapathEvent) => void)[] = [];
  readonly #onProcessExit = (): void => this.#stop();
  #started = false;
  #ended = false;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions, wakeFd: number) {
    const { tun, udp, workerUrl, openSslPath } = options;
    this.#options = options;
    this.#wakeFd = wakeFd;
    this.#one[0] = 1;
    this.local = udp.local;
    this.description = `worker, ${tun.name}`;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const setup: WorkerSetup = {
      port: port2,
      tunFd: tun.fd,
      udpFd: udp.fd,
      wakeFd,
      counters: this.#counters,
      control: this.#controlBuffer,
      localPort: udp.local.port,
      openSslPath,
    };
    this.#worker = takeWorker(workerUrl);
    this.#worker.postMessage(setup, [port2]);
    // A worker ended by the process's own exit must not sit out its wait.
    process.once('exit', this.#onProcessExit);
    this.#exited = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    this.ready = new Promise((resolve, reject) => {
      this.#port.on('message', (message: Upward) => {
        if (message.kind === 'ready') {
          this.#started = true;
          resolve();
        } else this.#message(message);
      });
      const gone = (reason: string): void => {
        reject(new Error(reason));
        this.#failed(reason);
      };
      this.#worker.on('error', (error) => gone(`the data path's worker failed: ${error.message}`));
      this.#worker.once('exit', (code) => gone(`the data path's worker ended with code ${code}`));
    });
  }

  install(pair: EspSaPair, path: PeerPath): void {
    const slot = this.#slots.take(pair.id);
    const { keys } = pair;
    const own = {
      inEncr: keys.inEncr.slice(),
      inInteg: keys.inInteg.slice(),
      outEncr: keys.outEncr.slice(),
      outInteg: keys.outInteg.slice(),
    };
    const moved = Object.values(own).map((key) => key.buffer as ArrayBuffer);
    this.#tell({ kind: 'install', pair: { ...pair, keys: own }, path, slot }, moved);
    wipe(keys.inEncr, keys.inInteg, keys.outEncr, keys.outInteg);
  }

  activateOutbound(id: number): void {
    this.#tell({ kind: 'activate', id });
  }

  remove(id: number, lingerMs: number): void {
    this.#tell({ kind: 'remove', id, lingerMs });
  }

  setPath(id: number, path: PeerPath): void {
    this.#tell({ kind: 'path', id, path });
  }

  sendIke(bytes: Uint8Array, remote: Endpoint): void {
    this.#options.udp.send(MARKER, bytes, remote);
  }

  keepalive(remote: Endpoint, seconds: number): void {
    this.#tell({ kind: 'keepalive', remote, seconds });
  }

  setInnerMtu(mtu: number): void {
    this.#tell({ kind: 'mtu', mtu });
  }

  counters(id: number): ReturnType<Datapath['counters']> {
    const slot = this.#slots.of(id);
    return slot === undefined ? undefined : readSlot(this.#block, slot, monotonic());
  }

  totals(): ReturnType<Datapath['totals']> {
    return readTotals(this.#block);
  }

  onEvent(listener: (event: DatapathEvent) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop();
    const impatient = setTimeout(() => this.#worker.terminate(), PATIENCE_MS);
    await this.#exited;
    clearTimeout(impatient);
    this.#release();
    this.#options.udp.close();
    this.#options.tun.close();
  }

  #stop(): void {
    Atomics.store(this.#control, Control.STOP, 1);
    this.#wake();
  }

  #wake(): void {
    if (!this.#ended) this.#options.libc.write(this.#wakeFd, this.#oneAt, 8);
  }

  #tell(message: Downward, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#ended || this.#closing) return;
    this.#port.postMessage(message, transfer);
    this.#wake();
  }

  #message(message: Exclude<Upward, { kind: 'ready' }>): void {
    if (message.kind === 'released') this.#slots.release(message.id);
    else if (message.kind === 'failed') this.#failed(message.reason);
    else {
      Atomics.add(this.#control, Control.TAKEN, 1);
      if (!this.#closing) this.#emit(message.event);
    }
  }

  /** The worker is gone or going: whoever asked for that hears nothing, all others once. */
  #failed(reason: string): void {
    if (this.#ended) return;
    if (this.#closing || !this.#started) {
      if (!this.#closing) this.#release();
      return;
    }
    this.#closing = this.#close();
    this.#emit({ kind: 'failed', reason });
  }

  #release(): void {
    if (this.#ended) return;
    this.#ended = true;
    process.removeListener('exit', this.#onProcessExit);
    this.#port.close();
    this.#options.libc.close(this.#wakeFd);
  }

  #emit(event: DatapathEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
