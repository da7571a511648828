/**
 * Putting the fragments of one message together (RFC 7383 §2.6). Each is authenticated before it comes here.
 * A message split anew into more fragments replaces the one before.
 */
import { concat, wipe } from '../../base/bytes.ts';

/** Octets of one message in reassembly. */
const MOST_OCTETS = 256 * 1024;
const MOST_FRAGMENTS = 512;

export interface WholeMessage {
  readonly firstInner: number;
  readonly plaintext: Uint8Array;
}

export class Reassembly {
  #total = 0;
  #octets = 0;
  #firstInner = 0;
  readonly #parts = new Map<number, Uint8Array>();

  /** Whether a fragment is worth the work of opening it. */
  wants(number: number, total: number): boolean {
    if (total > MOST_FRAGMENTS || number < 1 || number > total) return false;
    return total > this.#total || (total === this.#total && !this.#parts.has(number));
  }

  /** Takes an authentic fragment and gives the message when it was the last one missing. */
  add(number: number, total: number, firstInner: number, plaintext: Uint8Array): WholeMessage | undefined {
    if (!this.wants(number, total)) return undefined;
    if (total > this.#total) {
      this.clear();
      this.#total = total;
    }
    if (this.#octets + plaintext.length > MOST_OCTETS) return undefined;
    this.#parts.set(number, plaintext);
    this.#octets += plaintext.length;
    if (number === 1) this.#firstInner = firstInner;
    if (this.#parts.size < total) return undefined;
    const parts = Array.from({ length: total }, (_, i) => this.#parts.get(i + 1) as Uint8Array);
    const whole = { firstInner: this.#firstInner, plaintext: concat(...parts) };
    this.clear();
    return whole;
  }

  clear(): void {
    wipe(...this.#parts.values());
    this.#parts.clear();
    this.#total = 0;
    this.#octets = 0;
    this.#firstInner = 0;
  }
}
