/** A secret octet string that prints as `***` wherever it ends up, and can be zeroed. */
import { wipe } from './bytes.ts';

export class Secret {
  readonly #bytes: Uint8Array;

  /** Takes a copy; the caller wipes its own. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.slice();
  }

  /** The octets themselves, not a copy: do not keep them. */
  expose(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  wipe(): void {
    wipe(this.#bytes);
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }
}
