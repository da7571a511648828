/** A bounded reader over octets that came from the network: no access ever leaves its window. */
import { readU16, readU32 } from '../base/bytes.ts';
import { WireError, type WireErrorCode } from './error.ts';

export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  /**
   * Reads `bytes` from `start` to before `end`. Offsets, also those in errors, count from the start of `bytes`.
   * @throws RangeError when the window does not lie within `bytes`
   */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    if (start < 0 || start > end || end > bytes.length) throw new RangeError('window outside of the octets');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Offset of the next octet. */
  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  u8(field: string): number {
    return this.#bytes[this.#take(1, field)] as number;
  }

  u16(field: string): number {
    return readU16(this.#bytes, this.#take(2, field));
  }

  u32(field: string): number {
    return readU32(this.#bytes, this.#take(4, field));
  }

  /** A copy: values outlive the datagram's buffer. */
  octets(length: number, field: string): Uint8Array {
    const at = this.#take(length, field);
    return this.#bytes.slice(at, at + length);
  }

  /** A copy of all that is left. */
  rest(): Uint8Array {
    return this.octets(this.remaining, '');
  }

  /** A view of all that is left, for octets that will be opened in place. */
  restView(): Uint8Array {
    const at = this.#take(this.remaining, '');
    return this.#bytes.subarray(at, this.#end);
  }

  /** Passes over reserved octets, whose value a receiver ignores (RFC 7296 §2.5). */
  skip(length: number, field: string): void {
    this.#take(length, field);
  }

  /** A reader of the next `length` octets only. */
  window(length: number, field: string): Reader {
    const at = this.#take(length, field);
    return new Reader(this.#bytes, at, at + length);
  }

  /** @throws WireError `trailing` unless everything has been read */
  expectEnd(field: string): void {
    if (this.remaining > 0) throw this.error('trailing', field);
  }

  /** An error at the octet `back` octets before the next one. */
  error(code: WireErrorCode, field: string, back = 0): WireError {
    return new WireError(code, this.#at - back, field);
  }

  #take(length: number, field: string): number {
    const at = this.#at;
    if (length > this.#end - at) throw new WireError('truncated', at, field);
    this.#at = at + length;
    return at;
  }
}
