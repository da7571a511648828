/**
 * The SA database: inbound by SPI, outbound by selectors, the most recently activated SA first (RFC 4301 §4.4.2),
 * so that a rekeyed pair takes over from its predecessor without a gap.
 */
import type { InnerHeader } from './inner.ts';
import type { TrafficSelectors } from './selectors.ts';

export interface SadEntry {
  readonly id: number;
  readonly spiIn: number;
  readonly selectors: TrafficSelectors;
}

export class Sad<E extends SadEntry> {
  readonly #bySpi = new Map<number, E>();
  readonly #byId = new Map<number, E>();
  readonly #active: E[] = [];

  /** @throws RangeError when the identifier or the SPI is taken */
  add(entry: E): void {
    if (this.#byId.has(entry.id)) throw new RangeError(`SA pair ${entry.id} exists`);
    if (this.#bySpi.has(entry.spiIn)) throw new RangeError(`inbound SPI ${entry.spiIn} is taken`);
    this.#byId.set(entry.id, entry);
    this.#bySpi.set(entry.spiIn, entry);
  }

  /** Puts the entry in front of all others for outbound packets. */
  activate(entry: E): void {
    this.deactivate(entry);
    this.#active.unshift(entry);
  }

  deactivate(entry: E): void {
    const at = this.#active.indexOf(entry);
    if (at >= 0) this.#active.splice(at, 1);
  }

  delete(entry: E): void {
    this.deactivate(entry);
    this.#byId.delete(entry.id);
    this.#bySpi.delete(entry.spiIn);
  }

  byId(id: number): E | undefined {
    return this.#byId.get(id);
  }

  inbound(spi: number): E | undefined {
    return this.#bySpi.get(spi);
  }

  outbound(buffer: Uint8Array, inner: InnerHeader): E | undefined {
    for (const entry of this.#active) if (entry.selectors.takesOutbound(buffer, inner)) return entry;
    return undefined;
  }

  entries(): IterableIterator<E> {
    return this.#byId.values();
  }
}
