/**
 * The data path in two worker threads, one a direction, seen from the main thread. Commands go down as messages with
 * a wake-up, events come up as messages, counters are read from shared memory, and IKE leaves directly by the shared
 * socket. Each worker owns its half of every SA, so that the two share no state but the counters, of which each
 * number has one writer.
 */
import { wipe } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import { describeMarks, type Marks } from '../base/marks.ts';
import type { EspSaPair } from '../esp/params.ts';
import type { DarwinLibc } from '../os/ffi/libc.darwin.ts';
import type { LinuxLibc } from '../os/ffi/libc.linux.ts';
import type { Tun } from '../os/tun/port.ts';
import type { RawUdp } from '../os/udp/raw.ts';
import { monotonic } from './clock.ts';
import { COUNTERS_BYTE_LENGTH, clearSlot, readSlot, readTotals, SlotTable } from './counters.ts';
import { NON_ESP_MARKER_LENGTH } from './inbound-pump.ts';
import { LimitEvents } from './limit-events.ts';
import type { Datapath, DatapathEvent, PeerPath, TrapSelectors } from './protocol.ts';
import type { WindowsLibrary } from './windows/calls.ts';
import { WorkerLink } from './worker-link.ts';
import type { Direction, Downward, Upward } from './worker-messages.ts';

export interface WorkerOptions {
  readonly libc: LinuxLibc | DarwinLibc | WindowsLibrary;
  /** With a file descriptor. Closed, like the socket, with the data path. */
  readonly tun: Tun;
  readonly udp: RawUdp;
  /** The workers' entry: `boot.mjs` beside this file, or the bundle's own. */
  readonly workerUrl: URL;
  /** Library whose exports OpenSSL is taken from; `null` is the running executable. */
  readonly openSslPath: string | null;
}

/** What sending and receiving many datagrams at once is called. */
const IN_BULK = {
  linux: ['UDP GSO', 'UDP GRO'],
  darwin: ['sendmsg_x', 'recvmsg_x'],
  windows: ['UDP USO', 'UDP URO'],
} as const;
const MARKER = new Uint8Array(NON_ESP_MARKER_LENGTH);
const NONE = new Uint8Array(0);
const DIRECTIONS: readonly Direction[] = ['outbound', 'inbound'];

/** @throws Error when a worker does not start; tun and socket stay open then */
export async function openWorkerDatapath(options: WorkerOptions): Promise<Datapath> {
  const path = new WorkerDatapath(options);
  await path.start();
  return path;
}

class WorkerDatapath implements Datapath {
  readonly local: Endpoint;
  readonly #options: WorkerOptions;
  readonly #counters = new SharedArrayBuffer(COUNTERS_BYTE_LENGTH);
  readonly #block = new Float64Array(this.#counters);
  readonly #slots = new SlotTable();
  readonly #limits = new LimitEvents();
  /** Pairs of which one direction is gone. */
  readonly #half = new Set<number>();
  readonly #links: readonly WorkerLink[];
  readonly #listeners: ((event: DatapathEvent) => void)[] = [];
  #segments: boolean;
  #says: Marks;
  #started = false;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    const { libc, tun, udp, workerUrl, openSslPath } = options;
    this.#options = options;
    this.local = udp.local;
    this.#segments = udp.segments;
    this.#says = udp.says;
    const links: WorkerLink[] = [];
    for (const direction of DIRECTIONS) {
      const link: WorkerLink = new WorkerLink({
        libc,
        workerUrl,
        setup: {
          direction,
          tunFd: tun.fd,
          system: 'system' in libc ? libc.system : 'linux',
          library: 'system' in libc ? libc.library : null,
          tunOffload: tun.offload,
          udpFd: udp.fd,
          segments: udp.segments,
          coalesces: udp.coalesces,
          says: udp.says,
          tells: udp.tells,
          counters: this.#counters,
          localPort: udp.local.port,
          openSslPath,
        },
        onMessage: (message) => this.#message(message, link),
        onGone: (reason) => this.#failed(reason),
      });
      links.push(link);
    }
    this.#links = links;
  }

  /** The tun, what is done in bulk, and what is carried of the outer header: that depends on the kernel. */
  get description(): string {
    const { libc, tun, udp } = this.#options;
    const [sending, receiving] = 'system' in libc ? IN_BULK[libc.system] : IN_BULK.linux;
    const bulk = [
      ...(tun.offload === 'none' ? [] : ['TSO']),
      ...(tun.offload === 'uso' ? ['USO'] : []),
      ...(this.#segments ? [sending] : []),
      ...(udp.coalesces ? [receiving] : []),
    ];
    const inBulk = bulk.length === 0 ? 'no offload' : bulk.join(' ');
    return `workers, ${tun.name}, ${inBulk}, ${describeMarks(this.#says, udp.tells)}`;
  }

  async start(): Promise<void> {
    try {
      await Promise.all(this.#links.map((link) => link.ready));
      this.#started = true;
    } catch (error) {
      this.#closing = Promise.resolve();
      await Promise.all(this.#links.map((link) => link.close()));
      throw error;
    }
  }

  install(pair: EspSaPair, path: PeerPath): void {
    const slot = this.#slots.take(pair.id);
    clearSlot(this.#block, slot);
    const { inEncr, inInteg, outEncr, outInteg } = pair.keys;
    const own = {
      outbound: { inEncr: NONE, inInteg: NONE, outEncr: outEncr.slice(), outInteg: outInteg.slice() },
      inbound: { inEncr: inEncr.slice(), inInteg: inInteg.slice(), outEncr: NONE, outInteg: NONE },
    };
    for (const [i, direction] of DIRECTIONS.entries()) {
      const keys = own[direction];
      const moved = Object.values(keys).filter((key) => key !== NONE);
      this.#links[i]?.tell(
        { kind: 'install', pair: { ...pair, keys }, path, slot },
        moved.map((key) => key.buffer as ArrayBuffer),
      );
    }
    wipe(inEncr, inInteg, outEncr, outInteg);
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

  trap(id: number, selectors?: TrapSelectors): void {
    this.#tell({ kind: 'trap', id, selectors });
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
    await Promise.all(this.#links.map((link) => link.close()));
    this.#options.udp.close();
    this.#options.tun.close();
  }

  #tell(message: Downward): void {
    if (!this.#closing) for (const link of this.#links) link.tell(message);
  }

  #message(message: Exclude<Upward, { kind: 'ready' }>, link: WorkerLink): void {
    switch (message.kind) {
      case 'released':
        this.#released(message.id);
        return;
      case 'segments-lost':
        this.#segments = false;
        return;
      case 'says':
        this.#says = message.marks;
        return;
      case 'failed':
        this.#failed(message.reason);
        return;
      case 'event':
        link.taken();
        if (!this.#closing && this.#limits.isNews(message.event)) this.#emit(message.event);
    }
  }

  /** A pair's counters are free once neither direction counts any more. */
  #released(id: number): void {
    if (!this.#half.delete(id)) {
      this.#half.add(id);
      return;
    }
    this.#slots.release(id);
    this.#limits.forget(id);
  }

  /** A worker is gone or going: whoever asked for that hears nothing, all others once. */
  #failed(reason: string): void {
    if (this.#closing || !this.#started) return;
    this.#closing = this.#close();
    this.#emit({ kind: 'failed', reason });
  }

  #emit(event: DatapathEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
