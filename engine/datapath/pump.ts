/**
 * Both halves of a data path in one thread, for carriers that hold a packet at a time: `outbound` seals in place,
 * `inbound` opens in place.
 */
import type { Instant } from '../base/brand.ts';
import type { Endpoint } from '../base/ip.ts';
import type { EspSaPair } from '../esp/params.ts';
import { clearSlot, Head } from './counters.ts';
import { type Inbound, InboundPump } from './inbound-pump.ts';
import { LimitEvents } from './limit-events.ts';
import { type OutboundParts, OutboundPump } from './outbound-pump.ts';
import type { PeerPath, TrapSelectors } from './protocol.ts';
import type { Target } from './targets.ts';

export interface PumpParts extends Omit<OutboundParts, 'head'> {
  /** A pair is gone for good and its counter slot free. */
  readonly released: (id: number) => void;
}

export class Pump {
  readonly #out: OutboundPump;
  readonly #in: InboundPump;
  readonly #block: Float64Array;
  /** Of the last `outbound` or `inbound`. */
  resultAt = 0;
  resultLength = 0;
  target: Target | undefined;

  constructor(parts: PumpParts) {
    const limits = new LimitEvents();
    const event: PumpParts['event'] = (event) => {
      if (limits.isNews(event)) parts.event(event);
    };
    const released = (id: number): void => {
      limits.forget(id);
      parts.released(id);
    };
    this.#block = parts.counters;
    this.#out = new OutboundPump({ ...parts, head: Head.OUTBOUND, event });
    this.#in = new InboundPump({ ...parts, head: Head.INBOUND, event, released });
  }

  /** Reads the clock; carriers call it once a batch. */
  beginBatch(): void {
    this.#out.beginBatch();
    this.#in.beginBatch();
  }

  /** Takes the pair's keys and zeroes them. `slot` is its place among the counters. @throws CryptoError, RangeError */
  install(pair: EspSaPair, path: PeerPath, slot: number): void {
    this.#in.install(pair, path, slot);
    this.#out.install(pair, path, slot);
    clearSlot(this.#block, slot);
  }

  activateOutbound(id: number): void {
    this.#out.activate(id);
    this.#in.activated(id);
  }

  remove(id: number, lingerMs: number): void {
    this.#out.remove(id);
    this.#in.remove(id, lingerMs);
  }

  setPath(id: number, path: PeerPath): void {
    this.#out.setPath(id, path);
    this.#in.setPath(id, path);
  }

  trap(id: number, selectors?: TrapSelectors): void {
    this.#out.trap(id, selectors);
  }

  keepalive(remote: Endpoint, seconds: number): void {
    this.#out.keepalive(remote, seconds);
  }

  setInnerMtu(mtu: number): void {
    this.#out.setInnerMtu(mtu);
    this.#in.setInnerMtu(mtu);
  }

  /** Gives away what came for an SPI before its pair was installed, for `inbound` to take it now. */
  early(...[spi, give]: Parameters<InboundPump['early']>): void {
    this.#in.early(spi, give);
  }

  /** The earliest moment at which {@link tick} has something to do. */
  nextDeadline(): Instant | undefined {
    const [out, arriving] = [this.#out.nextDeadline(), this.#in.nextDeadline()];
    if (out === undefined) return arriving;
    return arriving === undefined || out < arriving ? out : arriving;
  }

  /** Ends what has lingered long enough and calls `send` for every peer that is due a keepalive. */
  tick(send: (target: Target) => void): void {
    this.#in.tick();
    this.#out.tick(send);
  }

  /** Zeroes every key. */
  close(): void {
    this.#out.close();
    this.#in.close();
  }

  count(drop: number, n = 1): void {
    this.#out.count(drop, n);
  }

  /**
   * Seals the packet of `length` octets at `at` in place; HEADROOM before it and TAILROOM behind it are the
   * pump's. True when a datagram for `target` is at `resultAt`, `resultLength` octets.
   */
  outbound(buffer: Uint8Array, at: number, length: number): boolean {
    const out = this.#out;
    if (!out.choose(buffer, at, length)) return false;
    const innerLength = out.inner.length;
    if (!out.fits(buffer, at, innerLength)) return false;
    out.clamp(buffer, at);
    const sealed = out.seal(buffer, at, innerLength);
    if (sealed === 0) return false;
    this.target = out.target;
    this.resultAt = at - out.headroom;
    this.resultLength = sealed;
    return true;
  }

  /**
   * Takes the datagram at `at` from the encoded address at `fromAt`; decrypts in place. `outerClass` is the traffic
   * class of its IP header, where the socket tells.
   */
  inbound(
    buffer: Uint8Array,
    at: number,
    length: number,
    from: Uint8Array,
    fromAt: number,
    outerClass?: number,
  ): Inbound {
    const verdict = this.#in.take(buffer, at, length, from, fromAt, outerClass);
    this.resultAt = this.#in.resultAt;
    this.resultLength = this.#in.resultLength;
    return verdict;
  }
}
