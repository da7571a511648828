/**
 * A growing buffer for messages. Every octet of the result is written by a call: what the buffer held
 * before never shows. A value that does not fit its field is a programmer's error, hence RangeError.
 */
import { writeU16, writeU32 } from '../base/bytes.ts';

export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  /** `scratch` is taken over and overwritten; it grows as needed. */
  constructor(scratch: Uint8Array = new Uint8Array(512)) {
    this.#bytes = scratch;
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number, field: string): void {
    check(value, 0xff, field);
    const at = this.#grow(1);
    this.#bytes[at] = value;
  }

  u16(value: number, field: string): void {
    check(value, 0xffff, field);
    const at = this.#grow(2);
    writeU16(this.#bytes, at, value);
  }

  u32(value: number, field: string): void {
    check(value, 0xffff_ffff, field);
    const at = this.#grow(4);
    writeU32(this.#bytes, at, value);
  }

  octets(value: Uint8Array): void {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
  }

  /** Reserved octets, zero on sending (RFC 7296 §2.5). */
  zeros(count: number): void {
    const at = this.#grow(count);
    this.#bytes.fill(0, at, at + count);
  }

  /** Overwrites an octet that has been written. */
  setU8(at: number, value: number, field: string): void {
    check(value, 0xff, field);
    this.#bytes[at] = value;
  }

  /** Overwrites two octets that have been written. */
  setU16(at: number, value: number, field: string): void {
    check(value, 0xffff, field);
    writeU16(this.#bytes, at, value);
  }

  /** Overwrites four octets that have been written. */
  setU32(at: number, value: number, field: string): void {
    check(value, 0xffff_ffff, field);
    writeU32(this.#bytes, at, value);
  }

  /** A copy of what has been written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#length = needed;
    return at;
  }
}

function check(value: number, max: number, field: string): void {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${field}: ${value} is not within 0..${max}`);
}
