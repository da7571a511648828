/**
 * What was found for a flow, so that a packet of a known flow costs the same with one selector and with a thousand.
 * Direct-mapped: two flows of one slot push each other out, which only costs a search. Nothing is allocated.
 */
import type { InnerHeader } from './inner.ts';

const SLOTS = 1024;
/** Two IPv6 addresses, ports, protocol. */
const WORDS = 10;

export class FlowCache<T> {
  readonly #keys = new Int32Array(SLOTS * WORDS);
  readonly #values: (T | undefined)[] = new Array(SLOTS).fill(undefined);
  readonly #key = new Int32Array(WORDS);
  #slot = 0;

  /** What was remembered for the packet's addresses, protocol and ports. */
  find(buffer: Uint8Array, inner: InnerHeader): T | undefined {
    const key = this.#key;
    const words = inner.addressLength >>> 1;
    let hash = 0;
    for (let i = 0, at = inner.sourceAt; i < words; i++, at += 4) {
      const word =
        ((buffer[at] as number) << 24) |
        ((buffer[at + 1] as number) << 16) |
        ((buffer[at + 2] as number) << 8) |
        (buffer[at + 3] as number);
      key[i] = word;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
    }
    const ports = (inner.sourcePort << 16) | (inner.destinationPort & 0xffff);
    // A packet without ports is not one with port 65535.
    const kind = (inner.protocol << 8) | (inner.sourcePort < 0 ? 0x80 : 0) | inner.version;
    key[words] = ports;
    key[words + 1] = kind;
    hash = Math.imul(hash ^ ports, 0x9e3779b1);
    hash = Math.imul(hash ^ kind ^ (hash >>> 15), 0x85ebca6b);
    const slot = (hash >>> 16) & (SLOTS - 1);
    this.#slot = slot;
    const value = this.#values[slot];
    if (value === undefined) return undefined;
    const base = slot * WORDS;
    // The version is part of the last word, so keys of different lengths differ.
    for (let i = words + 1; i >= 0; i--) if (this.#keys[base + i] !== key[i]) return undefined;
    return value;
  }

  /** Remembers a value for the packet of the last {@link find}. */
  remember(value: T): void {
    this.#keys.set(this.#key, this.#slot * WORDS);
    this.#values[this.#slot] = value;
  }

  /** Forgets everything: what selects has changed. */
  clear(): void {
    this.#values.fill(undefined);
  }
}
