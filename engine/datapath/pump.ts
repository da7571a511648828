/**
 * The core of every data path: inner packets become ESP datagrams, datagrams become inner packets, IKE or
 * nothing (RFC 3948 §2, RFC 4303 §3). It neither reads nor writes a device. In order of a packet's way:
 * `outbound` (header, SA by selectors, limits, size, MSS, seal), `inbound` (demux, SA by SPI, open, limits,
 * events). Nothing is allocated, logged or thrown per packet.
 */
import type { Instant } from '../base/brand.ts';
import { readU32, wipe } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import { readEndpoint, sameSockaddr } from '../base/sockaddr.ts';
import type { CryptoProvider } from '../crypto/port.ts';
import { InnerHeader, IpProtocol } from '../esp/inner.ts';
import { LimitState, VolumeMeter } from '../esp/limits.ts';
import { clampMss } from '../esp/mss.ts';
import type { EspSaPair } from '../esp/params.ts';
import { ReplayWindow } from '../esp/replay.ts';
import { type FillRandom, InboundSa, Opened, OutboundSa } from '../esp/sa.ts';
import { Sad } from '../esp/sad.ts';
import { TrafficSelectors } from '../esp/selectors.ts';
import { clearSlot, DATAGRAMS_IN, DATAGRAMS_OUT, DropAt, SlotAt, slotBase } from './counters.ts';
import { Pacer } from './pacer.ts';
import type { DatapathEvent, PeerPath } from './protocol.ts';
import { type Target, Targets } from './targets.ts';
import { mustNotFragment, tooBigReply } from './too-big.ts';

/** Octets that a carrier keeps free before an inner packet: ESP header and the longest IV. */
export const HEADROOM = 32;
/** Octets that it keeps free behind: padding, trailer and the longest ICV. */
export const TAILROOM = 64;

/** One octet 0xFF (RFC 3948 §2.3). */
const KEEPALIVE_OCTET = 0xff;
/** Zero octets that mark IKE on the shared port (RFC 3948 §2.2). */
export const NON_ESP_MARKER_LENGTH = 4;

export const Inbound = {
  /** Nothing to hand on. */
  NONE: 0,
  /** An inner packet at `resultAt`, `resultLength` octets. */
  PACKET: 1,
  /** An IKE message at `resultAt`, marker removed. */
  IKE: 2,
} as const;
export type Inbound = (typeof Inbound)[keyof typeof Inbound];

export interface PumpParts {
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly fillRandom: FillRandom;
  readonly clock: () => Instant;
  /** Counter block of `counters.ts`. */
  readonly counters: Float64Array;
  readonly event: (event: DatapathEvent) => void;
  /** A packet of our own for the host, outside any batch. */
  readonly toHost: (packet: Uint8Array) => void;
  /** A pair is gone for good and its counter slot free. */
  readonly released: (id: number) => void;
}

interface Entry {
  readonly id: number;
  readonly spiIn: number;
  readonly selectors: TrafficSelectors;
  readonly in: InboundSa;
  readonly out: OutboundSa;
  readonly meterIn: VolumeMeter;
  readonly meterOut: VolumeMeter;
  readonly slot: number;
  target: Target;
  /** Announce the first inbound packet. */
  waiting: boolean;
  softTold: boolean;
  hardTold: boolean;
  readonly moved: Pacer;
  removeAt: Instant | undefined;
}

export class Pump {
  readonly #parts: PumpParts;
  readonly #block: Float64Array;
  readonly #sad = new Sad<Entry>();
  readonly #targets = new Targets();
  readonly #inner = new InnerHeader();
  readonly #unknownSpi = new Pacer(1000, 5);
  readonly #tooBig = new Pacer(1000, 20);
  #innerMtu = 0;
  #now: Instant;
  /** Of the last `outbound` or `inbound`. */
  resultAt = 0;
  resultLength = 0;
  target: Target | undefined;

  constructor(parts: PumpParts) {
    this.#parts = parts;
    this.#block = parts.counters;
    this.#now = parts.clock();
  }

  /** Reads the clock; carriers call it once a batch. */
  beginBatch(): void {
    this.#now = this.#parts.clock();
  }

  /** Takes the pair's keys and zeroes them. `slot` is its place among the counters. @throws CryptoError, RangeError */
  install(pair: EspSaPair, path: PeerPath, slot: number): void {
    const { crypto, fillRandom } = this.#parts;
    const selectors = new TrafficSelectors(pair.local, pair.remote);
    const { keys } = pair;
    const cipherIn = crypto.cipher(pair.suite, keys.inEncr, keys.inInteg);
    const cipherOut = crypto.cipher(pair.suite, keys.outEncr, keys.outInteg);
    wipe(keys.inEncr, keys.inInteg, keys.outEncr, keys.outInteg);
    const entry: Entry = {
      id: pair.id,
      spiIn: pair.spiIn,
      selectors,
      in: new InboundSa(
        pair.spiIn,
        cipherIn,
        pair.esn,
        new ReplayWindow(pair.replayWindow, pair.esn),
        selectors,
      ),
      out: new OutboundSa(pair.spiOut, cipherOut, pair.esn, fillRandom),
      meterIn: new VolumeMeter(pair.limits),
      meterOut: new VolumeMeter(pair.limits),
      slot: slotBase(slot),
      target: this.#targets.take(path.remote),
      waiting: pair.outbound === 'later',
      softTold: false,
      hardTold: false,
      moved: new Pacer(1000, 1),
      removeAt: undefined,
    };
    clearSlot(this.#block, slot);
    this.#sad.add(entry);
    if (pair.outbound === 'now') this.#sad.activate(entry);
  }

  activateOutbound(id: number): void {
    const entry = this.#sad.byId(id);
    if (!entry || entry.removeAt !== undefined) return;
    entry.waiting = false;
    this.#sad.activate(entry);
  }

  remove(id: number, lingerMs: number): void {
    const entry = this.#sad.byId(id);
    if (!entry) return;
    this.#sad.deactivate(entry);
    entry.waiting = false;
    if (lingerMs > 0) entry.removeAt = (this.#parts.clock() + lingerMs) as Instant;
    else this.#release(entry);
  }

  setPath(id: number, path: PeerPath): void {
    const entry = this.#sad.byId(id);
    if (!entry) return;
    const before = entry.target;
    entry.target = this.#targets.take(path.remote);
    this.#targets.release(before);
  }

  keepalive(remote: Endpoint, seconds: number): void {
    this.#targets.keepalive(remote, seconds * 1000, this.#parts.clock());
  }

  setInnerMtu(mtu: number): void {
    this.#innerMtu = mtu;
  }

  /** The earliest moment at which {@link tick} has something to do. */
  nextDeadline(): Instant | undefined {
    let first = this.#targets.nextDeadline();
    for (const { removeAt } of this.#sad.entries())
      if (removeAt !== undefined && (first === undefined || removeAt < first)) first = removeAt;
    return first;
  }

  /** Ends what has lingered long enough and calls `send` for every peer that is due a keepalive. */
  tick(send: (target: Target) => void): void {
    this.beginBatch();
    for (const entry of [...this.#sad.entries()])
      if (entry.removeAt !== undefined && entry.removeAt <= this.#now) this.#release(entry);
    this.#targets.due(this.#now, send);
  }

  /** Zeroes every key. */
  close(): void {
    for (const entry of [...this.#sad.entries()]) this.#release(entry);
  }

  count(drop: number, n = 1): void {
    this.#block[drop] = (this.#block[drop] as number) + n;
  }

  /**
   * Seals the packet of `length` octets at `at` in place; HEADROOM before it and TAILROOM behind it are the
   * pump's. True when a datagram for `target` is at `resultAt`, `resultLength` octets.
   */
  outbound(buffer: Uint8Array, at: number, length: number): boolean {
    const inner = this.#inner;
    if (!inner.read(buffer, at, length)) return this.#dropped(DropAt.malformed);
    const entry = this.#sad.outbound(buffer, inner);
    if (!entry) return this.#dropped(DropAt.noRoute);
    const innerLength = inner.length;
    if (entry.out.exhausted || entry.meterOut.exceeds(innerLength)) {
      this.#tellLimit(entry, LimitState.HARD);
      return this.#dropped(DropAt.expired);
    }
    if (this.#innerMtu > 0) {
      if (innerLength > this.#innerMtu && mustNotFragment(buffer, at, inner)) return this.#refuse(buffer, at);
      clampMss(buffer, at, inner, this.#innerMtu);
    }
    const sealed = entry.out.seal(
      buffer,
      at,
      innerLength,
      inner.version === 4 ? IpProtocol.IPV4 : IpProtocol.IPV6,
    );
    if (sealed === 0) {
      this.#tellLimit(entry, LimitState.HARD);
      return this.#dropped(DropAt.expired);
    }
    entry.meterOut.add(innerLength);
    this.#add(entry.slot + SlotAt.bytesOut, innerLength);
    this.#add(entry.slot + SlotAt.packetsOut, 1);
    this.#block[entry.slot + SlotAt.lastOut] = this.#now;
    this.#add(DATAGRAMS_OUT, 1);
    const state = entry.meterOut.state();
    if (state !== LimitState.BELOW) this.#tellLimit(entry, state);
    entry.target.lastSent = this.#now;
    this.target = entry.target;
    this.resultAt = at - entry.out.headroom;
    this.resultLength = sealed;
    return true;
  }

  /** Takes the datagram at `at` from the encoded address at `fromAt`; decrypts in place. */
  inbound(buffer: Uint8Array, at: number, length: number, from: Uint8Array, fromAt: number): Inbound {
    this.#add(DATAGRAMS_IN, 1);
    if (length === 1 && buffer[at] === KEEPALIVE_OCTET) return Inbound.NONE;
    if (length < 8) return this.#lost(DropAt.malformed);
    const spi = readU32(buffer, at);
    if (spi === 0) {
      this.resultAt = at + NON_ESP_MARKER_LENGTH;
      this.resultLength = length - NON_ESP_MARKER_LENGTH;
      return Inbound.IKE;
    }
    const entry = this.#sad.inbound(spi);
    if (!entry) {
      if (this.#unknownSpi.allows(this.#now))
        this.#parts.event({ kind: 'unknown-spi', spi, remote: readEndpoint(from, fromAt) });
      return this.#lost(DropAt.noSa);
    }
    // What the limit counts is known only after decryption; the ESP packet is never shorter than that.
    if (entry.meterIn.exceeds(0)) return this.#lost(DropAt.expired);
    const opened = entry.in.open(buffer, at, length, this.#inner);
    if (entry.in.authentic) this.#authentic(entry, from, fromAt);
    switch (opened) {
      case Opened.OK:
        return this.#arrived(entry, buffer);
      case Opened.DUMMY:
        return Inbound.NONE;
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

  #authentic(entry: Entry, from: Uint8Array, fromAt: number): void {
    this.#block[entry.slot + SlotAt.lastIn] = this.#now;
    if (entry.waiting) {
      entry.waiting = false;
      this.#parts.event({ kind: 'first-inbound', id: entry.id });
    }
    if (!sameSockaddr(entry.target.sockaddr, 0, from, fromAt) && entry.moved.allows(this.#now))
      this.#parts.event({ kind: 'peer-moved', id: entry.id, remote: readEndpoint(from, fromAt) });
  }

  #arrived(entry: Entry, buffer: Uint8Array): Inbound {
    const inner = this.#inner;
    entry.meterIn.add(inner.length);
    this.#add(entry.slot + SlotAt.bytesIn, inner.length);
    this.#add(entry.slot + SlotAt.packetsIn, 1);
    const state = entry.meterIn.state();
    if (state !== LimitState.BELOW) this.#tellLimit(entry, state);
    if (this.#innerMtu > 0) clampMss(buffer, entry.in.innerAt, inner, this.#innerMtu);
    this.resultAt = entry.in.innerAt;
    this.resultLength = inner.length;
    return Inbound.PACKET;
  }

  #refuse(buffer: Uint8Array, at: number): boolean {
    if (this.#tooBig.allows(this.#now)) {
      const reply = tooBigReply(buffer, at, this.#inner, this.#innerMtu);
      if (reply) this.#parts.toHost(reply);
    }
    return this.#dropped(DropAt.tooBig);
  }

  #tellLimit(entry: Entry, state: LimitState): void {
    if (state === LimitState.HARD && !entry.hardTold) {
      entry.hardTold = true;
      entry.softTold = true;
      this.#parts.event({ kind: 'hard-limit', id: entry.id });
    } else if (state === LimitState.SOFT && !entry.softTold) {
      entry.softTold = true;
      this.#parts.event({ kind: 'soft-limit', id: entry.id });
    }
  }

  #release(entry: Entry): void {
    this.#sad.delete(entry);
    this.#targets.release(entry.target);
    entry.in.destroy();
    entry.out.destroy();
    this.#parts.released(entry.id);
  }

  #add(at: number, n: number): void {
    this.#block[at] = (this.#block[at] as number) + n;
  }

  #dropped(drop: number): false {
    this.count(drop);
    return false;
  }

  #lost(drop: number): Inbound {
    this.count(drop);
    return Inbound.NONE;
  }
}
