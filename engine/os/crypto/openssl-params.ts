/** OSSL_PARAM(3) records in memory of our own: 40 octets each, ended by a record without a key. */
import { type Address, addressOf } from '../ffi/openssl.ts';

export const PARAM_UTF8 = 4;
export const PARAM_OCTETS = 5;

const RECORD = 40;

/** Memory with a fixed address: the backing store of a short `new Uint8Array(n)` may still be on V8's moving heap. */
export const fixedMemory = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(length));

export interface Param {
  /** Pass it where OpenSSL takes `OSSL_PARAM[]`. */
  readonly address: Address;
  /** Points the record at other data. */
  setData(data: Address): void;
  /** What the address refers to; keep it as long as the address is in use. */
  readonly memory: readonly Uint8Array[];
}

/** A list of one record. */
export function oneParam(key: string, type: number, data: Address, length: number): Param {
  const name = fixedMemory(key.length + 1);
  for (let i = 0; i < key.length; i++) name[i] = key.charCodeAt(i);
  const record = fixedMemory(2 * RECORD);
  const words = new Uint32Array(record.buffer);
  const setPointer = (word: number, pointer: Address): void => {
    words[word] = pointer;
    words[word + 1] = pointer / 2 ** 32;
  };
  setPointer(0, addressOf(name));
  words[2] = type;
  setPointer(4, data);
  setPointer(6, length);
  // return_size starts as OSSL_PARAM_UNMODIFIED, all ones.
  words[8] = 0xffffffff;
  words[9] = 0xffffffff;
  return {
    address: addressOf(record),
    setData: (pointer) => setPointer(4, pointer),
    memory: [name, record],
  };
}
