/** A tun in memory, whose other end is an IP stack in the same process: for the demo, tests and simulations. */
import type { Tun } from './port.ts';

export interface MemoryTunOptions {
  readonly name?: string;
  readonly mtu?: number;
}

export class MemoryTun implements Tun {
  readonly name: string;
  readonly mtu: number;
  readonly fd = -1;
  readonly offload = 'none';
  #toPath: ((packets: readonly Uint8Array[]) => void) | undefined;
  #toHost: ((packet: Uint8Array) => void) | undefined;
  #closed = false;

  constructor(options: MemoryTunOptions = {}) {
    this.name = options.name ?? 'memory0';
    this.mtu = options.mtu ?? 1400;
  }

  onPackets(listener: (packets: readonly Uint8Array[]) => void): void {
    this.#toPath = listener;
  }

  write(packets: readonly Uint8Array[]): number {
    if (this.#closed) return 0;
    // The views end with the call, the stack may keep what it gets.
    for (const packet of packets) this.#toHost?.(packet.slice());
    return packets.length;
  }

  close(): void {
    this.#closed = true;
    this.#toPath = undefined;
    this.#toHost = undefined;
  }

  /** The host's end: sends packets into the interface, as a stack would through its route. */
  push(...packets: readonly Uint8Array[]): void {
    if (!this.#closed) this.#toPath?.(packets);
  }

  /** The host's end: hears of packets that came out of the interface. The octets are the listener's. */
  onHostPacket(listener: (packet: Uint8Array) => void): void {
    this.#toHost = listener;
  }
}

/** A port that opens memory tuns. */
export const memoryTunPort: { open(request: { name: string; mtu: number }): Promise<MemoryTun> } = {
  open: async (request) => new MemoryTun({ name: request.name.replace('%d', '0'), mtu: request.mtu }),
};
