/** Memory that system calls are given by its address, on every system. */
import koffi from 'koffi';

/** User space has 47 bits, so a plain number holds an address, and an offset is an addition. */
export type Address = number;

/** Memory that never moves, so that its address may be kept. */
export const fixedMemory = (length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(new ArrayBuffer(length));

/** Address of memory from {@link fixedMemory}; valid as long as that is referenced. */
export const addressOf = (memory: Uint8Array): Address => Number(koffi.address(memory));

/** Whether the bindings' tables of offsets hold here: 64 bits, little-endian. */
export const isKnownMachine = (): boolean =>
  koffi.sizeof('void *') === 8 && new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
