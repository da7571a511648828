/** Gives packets to the ring of a wintun session. */
import type { Handle } from '../../os/ffi/kernel32.win32.ts';
import { type Address, addressOf, fixedMemory } from '../../os/ffi/memory.ts';
import { LARGEST_PACKET } from '../room.ts';
import type { WindowsCalls } from './calls.ts';

export class RingWriter {
  readonly #calls: WindowsCalls;
  readonly #session: Handle;
  readonly #memoryAt: Address;
  readonly #refused: () => void;
  /** For packets from outside the packet memory, which are rare. */
  #own: Uint8Array | undefined;

  /** `refused` hears of every packet for which the ring has no room. */
  constructor(calls: WindowsCalls, session: Handle, memory: Uint8Array, refused: () => void) {
    this.#calls = calls;
    this.#session = session;
    this.#memoryAt = addressOf(memory);
    this.#refused = refused;
  }

  /** A whole packet in the packet memory. */
  write(at: number, length: number): void {
    this.#send(this.#memoryAt + at, length);
  }

  /** A packet from elsewhere. */
  copy(packet: Uint8Array): void {
    this.#own ??= fixedMemory(LARGEST_PACKET);
    this.#own.set(packet);
    this.#send(addressOf(this.#own), packet.length);
  }

  #send(from: Address, length: number): void {
    const { wintun, kernel } = this.#calls;
    const room = wintun.allocate(this.#session, length);
    if (room === 0) {
      this.#refused();
      return;
    }
    kernel.copy(room, from, length);
    wintun.send(this.#session, room);
  }
}
