/**
 * The outbound half of a data path: inner packets become ESP packets (RFC 4303 §3.3). It neither reads nor writes a
 * device. In order of a packet's way: `choose` (header, SA by selectors), `admits` (limits, size, MSS), `seal`. A
 * super-packet is chosen for once and sealed segment by segment. Nothing is allocated, logged or thrown per packet.
 */
import type { Instant } from '../base/brand.ts';
import { wipe } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import type { Marks } from '../base/marks.ts';
import type { CryptoProvider } from '../crypto/port.ts';
import { FlowCache } from '../esp/flow-cache.ts';
import { InnerHeader, IpProtocol } from '../esp/inner.ts';
import { LimitState, VolumeMeter } from '../esp/limits.ts';
import { clampMss } from '../esp/mss.ts';
import { HeaderCopy } from '../esp/outer-header.ts';
import type { EspSaPair } from '../esp/params.ts';
import { type FillRandom, OutboundSa } from '../esp/sa.ts';
import { TrafficSelectors } from '../esp/selectors.ts';
import { DATAGRAMS_OUT, DropAt, type Head, SlotAt, slotBase } from './counters.ts';
import { Pacer } from './pacer.ts';
import type { DatapathEvent, PeerPath, TrapSelectors } from './protocol.ts';
import { type Target, Targets } from './targets.ts';
import { mustNotFragment, tooBigReply } from './too-big.ts';
import { Traps } from './traps.ts';

export interface OutboundParts {
  readonly crypto: Pick<CryptoProvider, 'cipher'>;
  readonly fillRandom: FillRandom;
  readonly clock: () => Instant;
  /** Counter block of `counters.ts`, and where this half has its head in it. */
  readonly counters: Float64Array;
  readonly head: Head;
  readonly event: (event: DatapathEvent) => void;
  /** A packet of our own for the host, outside any batch. */
  readonly toHost: (packet: Uint8Array) => void;
  /** What the socket can say of the outer header; all of it when left out. */
  readonly marks?: Marks;
}

interface Entry {
  readonly id: number;
  readonly selectors: TrafficSelectors;
  readonly sa: OutboundSa;
  readonly meter: VolumeMeter;
  readonly copy: HeaderCopy;
  readonly slot: number;
  target: Target;
  told: LimitState;
}

export class OutboundPump {
  readonly #parts: OutboundParts;
  readonly #block: Float64Array;
  readonly #byId = new Map<number, Entry>();
  /** The most recently activated first (RFC 4301 §4.4.2), so that a rekeyed pair takes over without a gap. */
  readonly #active: Entry[] = [];
  readonly #flows = new FlowCache<Entry>();
  readonly #targets = new Targets();
  readonly #traps = new Traps();
  readonly #tooBig = new Pacer(1000, 20);
  #innerMtu = 0;
  #now: Instant;
  #entry: Entry | undefined;
  /** The packet that was last chosen for. */
  readonly inner: InnerHeader = new InnerHeader();

  constructor(parts: OutboundParts) {
    this.#parts = parts;
    this.#block = parts.counters;
    this.#now = parts.clock();
  }

  /** Reads the clock; carriers call it once a batch. */
  beginBatch(): void {
    this.#now = this.#parts.clock();
  }

  /** Takes the keys of the outbound side and zeroes them. @throws CryptoError, RangeError */
  install(pair: EspSaPair, path: PeerPath, slot: number): void {
    if (this.#byId.has(pair.id)) throw new RangeError(`SA pair ${pair.id} exists`);
    const { crypto, fillRandom, marks } = this.#parts;
    const { outEncr, outInteg } = pair.keys;
    const selectors = new TrafficSelectors(pair.local, pair.remote);
    const cipher = crypto.cipher(pair.suite, outEncr, outInteg);
    wipe(outEncr, outInteg);
    const entry: Entry = {
      id: pair.id,
      selectors,
      sa: new OutboundSa(pair.spiOut, cipher, pair.esn, fillRandom),
      meter: new VolumeMeter(pair.limits),
      copy: new HeaderCopy(pair.copyDscp, pair.copyEcn, marks),
      slot: slotBase(slot),
      target: this.#targets.take(path.remote),
      told: LimitState.BELOW,
    };
    this.#byId.set(pair.id, entry);
    if (pair.outbound === 'now') this.#putFirst(entry);
  }

  activate(id: number): void {
    const entry = this.#byId.get(id);
    if (entry) this.#putFirst(entry);
  }

  /** Ends the pair's outbound side at once. */
  remove(id: number): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#deactivate(entry);
    this.#byId.delete(id);
    this.#targets.release(entry.target);
    entry.sa.destroy();
    if (this.#entry === entry) this.#entry = undefined;
  }

  setPath(id: number, path: PeerPath): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    const before = entry.target;
    entry.target = this.#targets.take(path.remote);
    this.#targets.release(before);
  }

  trap(id: number, selectors: TrapSelectors | undefined): void {
    this.#traps.set(id, selectors);
  }

  keepalive(remote: Endpoint, seconds: number): void {
    this.#targets.keepalive(remote, seconds * 1000, this.#parts.clock());
  }

  setInnerMtu(mtu: number): void {
    this.#innerMtu = mtu;
  }

  /** The earliest moment at which {@link tick} has something to do. */
  nextDeadline(): Instant | undefined {
    return this.#targets.nextDeadline();
  }

  /** Calls `send` for every peer that is due a keepalive. */
  tick(send: (target: Target) => void): void {
    this.beginBatch();
    this.#targets.due(this.#now, send);
  }

  /** Zeroes every key. */
  close(): void {
    for (const id of [...this.#byId.keys()]) this.remove(id);
  }

  count(drop: number, n = 1): void {
    const at = this.#parts.head + drop;
    this.#block[at] = (this.#block[at] as number) + n;
  }

  /** Finds the SA for the packet of at most `length` octets at `at`; counts it as dropped where there is none. */
  choose(buffer: Uint8Array, at: number, length: number): boolean {
    const inner = this.inner;
    this.#entry = undefined;
    if (!inner.read(buffer, at, length)) return this.#dropped(DropAt.malformed);
    const known = this.#flows.find(buffer, inner);
    if (known) {
      this.#entry = known;
      return true;
    }
    for (const entry of this.#active)
      if (entry.selectors.takesOutbound(buffer, inner)) {
        this.#flows.remember(entry);
        this.#entry = entry;
        return true;
      }
    if (!this.#traps.isEmpty) this.#spring(buffer);
    return this.#dropped(DropAt.noRoute);
  }

  /** Of the SA that was chosen: where its packets go. */
  get target(): Target {
    return (this.#entry as Entry).target;
  }

  /** Of the SA that was chosen: octets before the inner packet. */
  get headroom(): number {
    return (this.#entry as Entry).sa.headroom;
  }

  /** Of the SA that was chosen: the traffic class of the outer header of the packet at `at`. */
  trafficClass(buffer: Uint8Array, at: number): number {
    return (this.#entry as Entry).copy.outer(buffer, at);
  }

  /** Of the SA that was chosen: octets of the ESP packet around `length` octets. */
  sealedLength(length: number): number {
    const { sa } = this.#entry as Entry;
    return sa.headroom + length + sa.tailroom(length);
  }

  /** Whether a packet of `length` octets may go out whole; if not, it is counted and the sender told. */
  fits(buffer: Uint8Array, at: number, length: number): boolean {
    if (this.#innerMtu === 0 || length <= this.#innerMtu || !mustNotFragment(buffer, at, this.inner))
      return true;
    if (this.#tooBig.allows(this.#now)) {
      const reply = tooBigReply(buffer, at, this.inner, this.#innerMtu);
      if (reply) this.#parts.toHost(reply);
    }
    return this.#dropped(DropAt.tooBig);
  }

  /** Lowers the MSS of a SYN, which `inner` still describes, to what fits. */
  clamp(buffer: Uint8Array, at: number): void {
    if (this.#innerMtu > 0) clampMss(buffer, at, this.inner, this.#innerMtu);
  }

  /**
   * Seals the packet of exactly `length` octets at `at` in place for the SA that was chosen; `headroom` octets before
   * it and TAILROOM behind it are the pump's. Returns the octets of the ESP packet, 0 when the SA may not send.
   */
  seal(buffer: Uint8Array, at: number, length: number): number {
    const entry = this.#entry as Entry;
    if (entry.sa.exhausted || entry.meter.exceeds(length)) return this.#expired(entry);
    const next = this.inner.version === 4 ? IpProtocol.IPV4 : IpProtocol.IPV6;
    const sealed = entry.sa.seal(buffer, at, length, next);
    if (sealed === 0) return this.#expired(entry);
    entry.meter.add(length);
    const block = this.#block;
    const slot = entry.slot;
    block[slot + SlotAt.bytesOut] = (block[slot + SlotAt.bytesOut] as number) + length;
    block[slot + SlotAt.packetsOut] = (block[slot + SlotAt.packetsOut] as number) + 1;
    block[slot + SlotAt.lastOut] = this.#now;
    const out = this.#parts.head + DATAGRAMS_OUT;
    block[out] = (block[out] as number) + 1;
    const state = entry.meter.state();
    if (state !== LimitState.BELOW) this.#tellLimit(entry, state);
    entry.target.lastSent = this.#now;
    return sealed;
  }

  #spring(buffer: Uint8Array): void {
    const id = this.#traps.spring(buffer, this.inner);
    if (id !== undefined) this.#parts.event({ kind: 'trapped', id });
  }

  #putFirst(entry: Entry): void {
    this.#deactivate(entry);
    this.#active.unshift(entry);
  }

  #deactivate(entry: Entry): void {
    this.#flows.clear();
    const at = this.#active.indexOf(entry);
    if (at >= 0) this.#active.splice(at, 1);
  }

  #expired(entry: Entry): 0 {
    this.#tellLimit(entry, LimitState.HARD);
    this.count(DropAt.expired);
    return 0;
  }

  #tellLimit(entry: Entry, state: LimitState): void {
    if (state <= entry.told) return;
    entry.told = state;
    this.#parts.event({ kind: state === LimitState.HARD ? 'hard-limit' : 'soft-limit', id: entry.id });
  }

  #dropped(drop: number): false {
    this.count(drop);
    return false;
  }
}
