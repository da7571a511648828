/**
 * The inbound half of a data path: datagrams become inner packets, IKE or nothing (RFC 3948 §2, RFC 4303 §3.4). It
 * neither reads nor writes a device. In order of a datagram's way: demux, SA by SPI, limits, open, events. Nothing is
 * allocated, logged or thrown per packet.
 */
import type { Instant } from '../base/brand.ts';
import { readU32, wipe } from '../base/bytes.ts';
import type { Marks } from '../base/marks.ts';
import { readEndpoint, SOCKADDR_LENGTH, sameSockaddr, writeSockaddr } from '../base/sockaddr.ts';
import type { CryptoProvider } from '../crypto/port.ts';
import { FlowCache } from '../esp/flow-cache.ts';
import { InnerHeader } from '../esp/inner.ts';
import { LimitState, VolumeMeter } from '../esp/limits.ts';
import { clampMss } from '../esp/mss.ts';
import { HeaderCopy } from '../esp/outer-header.ts';
import type { EspSaPair } from '../esp/params.ts';
import { ReplayWindow } from '../esp/replay.ts';
import { InboundSa, Opened } from '../esp/sa.ts';
import { TrafficSelectors } from '../esp/selectors.ts';
import { DATAGRAMS_IN, DropAt, type Head, SlotAt, slotBase } from './counters.ts';
import { EarlyPackets, type GiveEarly } from './early-packets.ts';
import { Pacer } from './pacer.ts';
import type { DatapathEvent, PeerPath } from './protocol.ts';

/** One octet 0xFF (RFC 3948 §2.3). */
const KEEPALIVE_OCTET = 0xff;
/** Zero octets that mark IKE on the shared port (RFC 3948 §2.2). */
export const NON_ESP_MARKER_LENGTH = 4;

export const Inbound = {
  /** Nothing to hand on. */
  NONE: 0,
  /** An inner packet at `resultAt`, `resultLength` octets, described by `inner`. */
  PACKET: 1,
  /** An IKE message at `resultAt`, marker removed. */
  IKE: 2,
} as const;
export type Inbound = (typeof Inbound)[keyof typeof Inbound];

export interface InboundParts {
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly clock: () => Instant;
  /** Counter block of `counters.ts`, and where this half has its head in it. */
  readonly counters: Float64Array;
  readonly head: Head;
  readonly event: (event: DatapathEvent) => void;
  /** The inbound side of a pair is gone for good. */
  readonly released: (id: number) => void;
  /** What the socket tells of the outer header; all of it when left out. */
  readonly marks?: Marks;
}

interface Entry {
  readonly id: number;
  readonly spi: number;
  readonly sa: InboundSa;
  readonly meter: VolumeMeter;
  readonly copy: HeaderCopy;
  readonly slot: number;
  /** Where the peer is expected. */
  readonly from: Uint8Array;
  /** Announce the first inbound packet. */
  waiting: boolean;
  told: LimitState;
  readonly moved: Pacer;
  removeAt: Instant | undefined;
}

export class InboundPump {
  readonly #parts: InboundParts;
  readonly #block: Float64Array;
  readonly #bySpi = new Map<number, Entry>();
  readonly #byId = new Map<number, Entry>();
  readonly #unknownSpi = new Pacer(1000, 5);
  readonly #early = new EarlyPackets();
  readonly #flows = new FlowCache<InboundSa>();
  #last: Entry | undefined;
  #innerMtu = 0;
  #now: Instant;
  readonly inner: InnerHeader = new InnerHeader();
  /** Of the last `take`. */
  resultAt = 0;
  resultLength = 0;

  constructor(parts: InboundParts) {
    this.#parts = parts;
    this.#block = parts.counters;
    this.#now = parts.clock();
  }

  /** Reads the clock; carriers call it once a batch. */
  beginBatch(): void {
    this.#now = this.#parts.clock();
  }

  /** Takes the keys of the inbound side and zeroes them. @throws CryptoError, RangeError */
  install(pair: EspSaPair, path: PeerPath, slot: number): void {
    const { id, spiIn, esn } = pair;
    if (this.#byId.has(id)) throw new RangeError(`SA pair ${id} exists`);
    if (this.#bySpi.has(spiIn)) throw new RangeError(`inbound SPI ${spiIn} is taken`);
    const { inEncr, inInteg } = pair.keys;
    const selectors = new TrafficSelectors(pair.local, pair.remote);
    const window = new ReplayWindow(pair.replayWindow, esn);
    const from = new Uint8Array(SOCKADDR_LENGTH);
    writeSockaddr(path.remote, from, 0);
    const cipher = this.#parts.crypto.cipher(pair.suite, inEncr, inInteg);
    wipe(inEncr, inInteg);
    const entry: Entry = {
      id,
      spi: spiIn,
      sa: new InboundSa(spiIn, cipher, esn, window, selectors, this.#flows),
      meter: new VolumeMeter(pair.limits),
      copy: new HeaderCopy(pair.copyDscp, pair.copyEcn, this.#parts.marks),
      slot: slotBase(slot),
      from,
      waiting: pair.outbound === 'later',
      told: LimitState.BELOW,
      moved: new Pacer(1000, 1),
      removeAt: undefined,
    };
    this.#byId.set(id, entry);
    this.#bySpi.set(spiIn, entry);
  }

  /** The outbound side carries: the first packet is no news any more. */
  activated(id: number): void {
    const entry = this.#byId.get(id);
    if (entry) entry.waiting = false;
  }

  remove(id: number, lingerMs: number): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    entry.waiting = false;
    if (lingerMs > 0) entry.removeAt = (this.#parts.clock() + lingerMs) as Instant;
    else this.#release(entry);
  }

  setPath(id: number, path: PeerPath): void {
    const entry = this.#byId.get(id);
    if (entry) writeSockaddr(path.remote, entry.from, 0);
  }

  setInnerMtu(mtu: number): void {
    this.#innerMtu = mtu;
  }

  /** The earliest moment at which {@link tick} has something to do. */
  nextDeadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const { removeAt } of this.#byId.values())
      if (removeAt !== undefined && (first === undefined || removeAt < first)) first = removeAt;
    return first;
  }

  /** Ends what has lingered long enough. */
  tick(): void {
    this.beginBatch();
    for (const entry of [...this.#byId.values()])
      if (entry.removeAt !== undefined && entry.removeAt <= this.#now) this.#release(entry);
  }

  /** Zeroes every key. */
  close(): void {
    for (const entry of [...this.#byId.values()]) this.#release(entry);
  }

  count(drop: number, n = 1): void {
    const at = this.#parts.head + drop;
    this.#block[at] = (this.#block[at] as number) + n;
  }

  /**
   * Takes the datagram at `at` from the encoded address at `fromAt`; decrypts in place. `outerClass` is what the socket
   * told of the traffic class that its IP header had, -1 where it did not.
   */
  take(
    buffer: Uint8Array,
    at: number,
    length: number,
    from: Uint8Array,
    fromAt: number,
    outerClass = -1,
  ): Inbound {
    const received = this.#parts.head + DATAGRAMS_IN;
    this.#block[received] = (this.#block[received] as number) + 1;
    if (length === 1 && buffer[at] === KEEPALIVE_OCTET) return Inbound.NONE;
    if (length < 8) return this.#lost(DropAt.malformed);
    const spi = readU32(buffer, at);
    if (spi === 0) {
      this.resultAt = at + NON_ESP_MARKER_LENGTH;
      this.resultLength = length - NON_ESP_MARKER_LENGTH;
      return Inbound.IKE;
    }
    let entry = this.#last;
    if (entry === undefined || entry.spi !== spi) {
      entry = this.#bySpi.get(spi);
      if (!entry) {
        this.#early.keep(spi, buffer, at, length, from, fromAt, outerClass);
        return this.#unknown(spi, from, fromAt);
      }
      this.#last = entry;
    }
    // What the limit counts is known only after decryption; the ESP packet is never shorter than that.
    if (entry.meter.exceeds(0)) return this.#lost(DropAt.expired);
    const opened = entry.sa.open(buffer, at, length, this.inner);
    if (entry.sa.authentic) this.#authentic(entry, from, fromAt);
    switch (opened) {
      case Opened.OK:
        return this.#arrived(entry, buffer, outerClass);
      case Opened.DUMMY:
        return this.#lost(DropAt.dummy);
      case Opened.REPLAY:
        return this.#lost(DropAt.replay);
      case Opened.INTEGRITY:
        return this.#lost(DropAt.integrity);
      case Opened.SELECTOR:
        return this.#lost(DropAt.selector);
      default:
        return this.#lost(DropAt.malformed);
    }
  }

  /** Gives away what came for an SPI before its pair was installed, for `take` to take it now. */
  early(spi: number, give: GiveEarly): void {
    this.#early.drain(spi, (packet, from, outerClass) => {
      this.count(DropAt.noSa, -1);
      this.count(DATAGRAMS_IN, -1);
      give(packet, from, outerClass);
    });
  }

  #unknown(spi: number, from: Uint8Array, fromAt: number): Inbound {
    if (this.#unknownSpi.allows(this.#now))
      this.#parts.event({ kind: 'unknown-spi', spi, remote: readEndpoint(from, fromAt) });
    return this.#lost(DropAt.noSa);
  }

  #authentic(entry: Entry, from: Uint8Array, fromAt: number): void {
    this.#block[entry.slot + SlotAt.lastIn] = this.#now;
    if (entry.waiting) {
      entry.waiting = false;
      this.#parts.event({ kind: 'first-inbound', id: entry.id });
    }
    if (!sameSockaddr(entry.from, 0, from, fromAt) && entry.moved.allows(this.#now))
      this.#parts.event({ kind: 'peer-moved', id: entry.id, remote: readEndpoint(from, fromAt) });
  }

  #arrived(entry: Entry, buffer: Uint8Array, outerClass: number): Inbound {
    if (outerClass >= 0 && !entry.copy.inward(buffer, entry.sa.innerAt, outerClass))
      return this.#lost(DropAt.congestion);
    const { length } = this.inner;
    entry.meter.add(length);
    const block = this.#block;
    const slot = entry.slot;
    block[slot + SlotAt.bytesIn] = (block[slot + SlotAt.bytesIn] as number) + length;
    block[slot + SlotAt.packetsIn] = (block[slot + SlotAt.packetsIn] as number) + 1;
    const state = entry.meter.state();
    if (state !== LimitState.BELOW) this.#tellLimit(entry, state);
    if (this.#innerMtu > 0) clampMss(buffer, entry.sa.innerAt, this.inner, this.#innerMtu);
    this.resultAt = entry.sa.innerAt;
    this.resultLength = length;
    return Inbound.PACKET;
  }

  #tellLimit(entry: Entry, state: LimitState): void {
    if (state <= entry.told) return;
    entry.told = state;
    this.#parts.event({ kind: state === LimitState.HARD ? 'hard-limit' : 'soft-limit', id: entry.id });
  }

  #release(entry: Entry): void {
    this.#byId.delete(entry.id);
    this.#bySpi.delete(entry.spi);
    if (this.#last === entry) this.#last = undefined;
    this.#flows.clear();
    entry.sa.destroy();
    this.#parts.released(entry.id);
  }

  #lost(drop: number): Inbound {
    this.count(drop);
    return Inbound.NONE;
  }
}
