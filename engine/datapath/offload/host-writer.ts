/**
 * Gives packets to a tun's descriptor, before each what the tun wants there: nothing, an empty virtio header (Linux),
 * or the protocol family (Darwin's utun).
 */
import { UTUN_HEADER_LENGTH, utunFamily } from '../../os/ffi/abi.darwin.ts';
import { VIRTIO_NET_HDR } from '../../os/ffi/abi.ts';
import { type Address, addressOf, fixedMemory, type LinuxLibc } from '../../os/ffi/libc.linux.ts';
import { LARGEST_PACKET } from '../room.ts';

/** What stands before each packet of a tun. */
export type TunHeader = 'none' | 'virtio' | 'family';

export const TUN_HEADER_LENGTH: Readonly<Record<TunHeader, number>> = {
  none: 0,
  virtio: VIRTIO_NET_HDR.size,
  family: UTUN_HEADER_LENGTH,
};

export class HostWriter {
  readonly #libc: Pick<LinuxLibc, 'write' | 'writev'>;
  readonly #fd: number;
  readonly #memory: Uint8Array;
  readonly #memoryAt: Address;
  readonly #header: number;
  readonly #family: boolean;
  readonly #refused: () => void;
  /** For packets from outside the packet memory, which are rare. */
  #own: Uint8Array | undefined;

  /** `refused` hears of every packet that the tun does not take. */
  constructor(
    libc: Pick<LinuxLibc, 'write' | 'writev'>,
    fd: number,
    memory: Uint8Array,
    header: TunHeader,
    refused: () => void,
  ) {
    this.#libc = libc;
    this.#fd = fd;
    this.#memory = memory;
    this.#memoryAt = addressOf(memory);
    this.#header = TUN_HEADER_LENGTH[header];
    this.#family = header === 'family';
    this.#refused = refused;
  }

  /** Octets before a packet that are overwritten when it is written. */
  get headerLength(): number {
    return this.#header;
  }

  /** A whole packet in the packet memory. */
  write(at: number, length: number): void {
    const header = this.#header;
    const memory = this.#memory;
    for (let i = at - header; i < at; i++) memory[i] = 0;
    if (this.#family) memory[at - 1] = utunFamily(memory[at] as number);
    const total = header + length;
    if (this.#libc.write(this.#fd, this.#memoryAt + at - header, total) !== total) this.#refused();
  }

  /** `count` I/O vectors that hold a virtio header and a super-packet for `packets`. */
  writeVectors(vectors: Address, count: number, packets: number): void {
    if (this.#libc.writev(this.#fd, vectors, count) < 0) for (let i = 0; i < packets; i++) this.#refused();
  }

  /** A packet from elsewhere. */
  copy(packet: Uint8Array): void {
    this.#own ??= fixedMemory(VIRTIO_NET_HDR.size + LARGEST_PACKET);
    this.#own.set(packet, this.#header);
    if (this.#family) this.#own[this.#header - 1] = utunFamily(packet[0] ?? 0);
    const total = this.#header + packet.length;
    if (this.#libc.write(this.#fd, addressOf(this.#own), total) !== total) this.#refused();
  }
}
