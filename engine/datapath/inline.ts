/**
 * The data path on the event loop, with node:dgram: for the unprivileged demo with a memory tun, for systems
 * without a worker, and as fall-back. The same pump as the worker's.
 */
import type { Instant } from '../base/brand.ts';
import { type Endpoint, parseIp } from '../base/ip.ts';
import { SOCKADDR_LENGTH, writeSockaddr } from '../base/sockaddr.ts';
import type { CryptoProvider } from '../crypto/port.ts';
import type { FillRandom } from '../esp/sa.ts';
import type { Tun } from '../os/tun/port.ts';
import { COUNTERS_BYTE_LENGTH, DropAt, readSlot, readTotals, SlotTable } from './counters.ts';
import { Inbound, NON_ESP_MARKER_LENGTH } from './inbound-pump.ts';
import type { Datapath, DatapathEvent } from './protocol.ts';
import { Pump } from './pump.ts';
import { HEADROOM, LARGEST_PACKET, TAILROOM } from './room.ts';

/** The socket that IKE and ESP share; `done` tells when the octets may be used again. */
export interface DatagramSocket {
  readonly local: Endpoint;
  send(bytes: Uint8Array, remote: Endpoint, done?: (sent: boolean) => void): void;
  onDatagram(listener: (bytes: Uint8Array, remote: Endpoint) => void): void;
  close(): void;
}

export interface InlineOptions {
  readonly tun: Tun;
  /** Already bound. The data path closes it, and the tun, with itself. */
  readonly udp: DatagramSocket;
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly fillRandom: FillRandom;
  readonly clock: () => Instant;
  /** The host's own address toward a peer, for `ike` events of a socket that is bound to every address. */
  readonly localAddressFor: (remote: string) => Promise<string | undefined>;
}

/** Datagrams that may wait for the system at once; more are lost as on a full queue. */
const SLOTS = 256;
/** Answers of `localAddressFor` that are kept, and for how long in milliseconds. */
const MOST_LOCALS = 256;
const LOCAL_VALID_MS = 1000;
const KEEPALIVE = Uint8Array.of(0xff);

export async function openInlineDatapath(options: InlineOptions): Promise<Datapath> {
  return new InlineDatapath(options);
}

class InlineDatapath implements Datapath {
  readonly local: Endpoint;
  readonly description: string;
  readonly #options: InlineOptions;
  readonly #block = new Float64Array(COUNTERS_BYTE_LENGTH / 8);
  readonly #slots = new SlotTable();
  readonly #pump: Pump;
  readonly #listeners: ((event: DatapathEvent) => void)[] = [];
  readonly #arenas: Uint8Array[] = [];
  readonly #slotLength: number;
  #arenasMade = 0;
  readonly #received = new Uint8Array(LARGEST_PACKET + 1);
  readonly #from = new Uint8Array(SOCKADDR_LENGTH);
  readonly #hostBatch: Uint8Array[] = [];
  readonly #locals = new Map<string, { until: number; address: Promise<string | undefined> }>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: InlineOptions) {
    this.#options = options;
    const { tun, udp, crypto, fillRandom, clock } = options;
    this.local = udp.local;
    this.description = `inline, ${tun.name}`;
    this.#slotLength = HEADROOM + Math.max(2048, tun.mtu) + TAILROOM;
    this.#pump = new Pump({
      crypto,
      fillRandom,
      clock,
      counters: this.#block,
      event: (event) => this.#emit(event),
      toHost: (packet) => this.#toHost(packet),
      released: (id) => this.#slots.release(id),
    });
    udp.onDatagram((bytes, remote) => this.#datagram(bytes, remote));
    tun.onPackets((packets) => this.#packets(packets));
  }

  install(...[pair, path]: Parameters<Datapath['install']>): void {
    const slot = this.#slots.take(pair.id);
    try {
      this.#pump.install(pair, path, slot);
    } catch (error) {
      this.#slots.release(pair.id);
      throw error;
    }
    this.#pump.early(pair.spiIn, (packet, from) => this.#take(packet, from));
  }

  activateOutbound(id: number): void {
    this.#pump.activateOutbound(id);
  }

  remove(id: number, lingerMs: number): void {
    this.#pump.remove(id, lingerMs);
    this.#arm();
  }

  setPath(...[id, path]: Parameters<Datapath['setPath']>): void {
    this.#pump.setPath(id, path);
  }

  sendIke(bytes: Uint8Array, remote: Endpoint): void {
    const marked = new Uint8Array(NON_ESP_MARKER_LENGTH + bytes.length);
    marked.set(bytes, NON_ESP_MARKER_LENGTH);
    this.#options.udp.send(marked, remote);
  }

  trap(...[id, selectors]: Parameters<Datapath['trap']>): void {
    this.#pump.trap(id, selectors);
  }

  keepalive(remote: Endpoint, seconds: number): void {
    this.#pump.keepalive(remote, seconds);
    this.#arm();
  }

  setInnerMtu(mtu: number): void {
    this.#pump.setInnerMtu(mtu);
  }

  counters(id: number): ReturnType<Datapath['counters']> {
    const slot = this.#slots.of(id);
    return slot === undefined ? undefined : readSlot(this.#block, slot, this.#options.clock());
  }

  totals(): ReturnType<Datapath['totals']> {
    return readTotals(this.#block);
  }

  onEvent(listener: (event: DatapathEvent) => void): void {
    this.#listeners.push(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#pump.close();
    this.#options.udp.close();
    this.#options.tun.close();
  }

  #emit(event: DatapathEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #toHost(packet: Uint8Array): void {
    this.#hostBatch.length = 0;
    this.#hostBatch.push(packet);
    if (this.#options.tun.write(this.#hostBatch) === 0) this.#pump.count(DropAt.tunFull);
  }

  #packets(packets: readonly Uint8Array[]): void {
    if (this.#closed) return;
    this.#pump.beginBatch();
    for (const packet of packets) this.#seal(packet);
  }

  #seal(packet: Uint8Array): void {
    const arena = this.#arenas.pop() ?? this.#newArena();
    if (!arena) {
      this.#pump.count(DropAt.udpError);
      return;
    }
    if (packet.length > arena.length - HEADROOM - TAILROOM) {
      this.#arenas.push(arena);
      this.#pump.count(DropAt.tooBig);
      return;
    }
    arena.set(packet, HEADROOM);
    const pump = this.#pump;
    if (!pump.outbound(arena, HEADROOM, packet.length) || !pump.target) {
      this.#arenas.push(arena);
      return;
    }
    const datagram = arena.subarray(pump.resultAt, pump.resultAt + pump.resultLength);
    // The system may take the octets later, so an arena is free again only when it says so.
    this.#options.udp.send(datagram, pump.target.remote, (sent) => {
      if (!sent) pump.count(DropAt.udpError);
      this.#arenas.push(arena);
    });
  }

  #newArena(): Uint8Array | undefined {
    if (this.#arenasMade === SLOTS) return undefined;
    this.#arenasMade++;
    return new Uint8Array(this.#slotLength);
  }

  #datagram(bytes: Uint8Array, remote: Endpoint): void {
    if (this.#closed || bytes.length > this.#received.length || !parseIp(remote.address)) return;
    writeSockaddr(remote, this.#from, 0);
    if (this.#take(bytes, this.#from) !== Inbound.IKE) return;
    const { resultAt, resultLength } = this.#pump;
    this.#ike(this.#received.slice(resultAt, resultAt + resultLength), remote);
  }

  #take(bytes: Uint8Array, from: Uint8Array): Inbound {
    const pump = this.#pump;
    pump.beginBatch();
    this.#received.set(bytes);
    const verdict = pump.inbound(this.#received, 0, bytes.length, from, 0);
    if (verdict === Inbound.PACKET)
      this.#toHost(this.#received.subarray(pump.resultAt, pump.resultAt + pump.resultLength));
    return verdict;
  }

  #ike(bytes: Uint8Array, remote: Endpoint): void {
    const { address, port } = this.local;
    const any = address === '0.0.0.0' || address === '::';
    const local = any ? this.#localFor(remote.address) : Promise.resolve(address);
    local.then((found) => {
      if (!this.#closed)
        this.#emit({ kind: 'ike', bytes, remote, local: { address: found ?? address, port } });
    });
  }

  #localFor(remote: string): Promise<string | undefined> {
    const now = this.#options.clock();
    const known = this.#locals.get(remote);
    if (known && known.until > now) return known.address;
    if (this.#locals.size >= MOST_LOCALS) this.#locals.clear();
    const address = this.#options.localAddressFor(remote);
    this.#locals.set(remote, { until: now + LOCAL_VALID_MS, address });
    return address;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = this.#closed ? undefined : this.#pump.nextDeadline();
    if (deadline === undefined) return;
    const wait = Math.max(1, Math.ceil(deadline - this.#options.clock()));
    this.#timer = setTimeout(() => {
      this.#pump.tick((target) => this.#options.udp.send(KEEPALIVE, target.remote));
      this.#arm();
    }, wait);
    this.#timer.unref();
  }
}
