/** Gives packets to a tun's descriptor, with an empty virtio header before each where the tun wants one. */
import { VIRTIO_NET_HDR } from '../../os/ffi/abi.ts';
import { type Address, addressOf, fixedMemory, type LinuxLibc } from '../../os/ffi/libc.linux.ts';
import { LARGEST_PACKET } from '../room.ts';

export class HostWriter {
  readonly #libc: Pick<LinuxLibc, 'write' | 'writev'>;
  readonly #fd: number;
  readonly #memory: Uint8Array;
  readonly #memoryAt: Address;
  readonly #header: number;
  readonly #refused: () => void;
  /** For packets from outside the packet memory, which are rare. */
  #own: Uint8Array | undefined;

  /** `refused` hears of every packet that the tun does not take. */
  constructor(
    libc: Pick<LinuxLibc, 'write' | 'writev'>,
    fd: number,
    memory: Uint8Array,
    virtio: boolean,
    refused: () => void,
  ) {
    this.#libc = libc;
    this.#fd = fd;
    this.#memory = memory;
    this.#memoryAt = addressOf(memory);
    this.#header = virtio ? VIRTIO_NET_HDR.size : 0;
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
    const total = this.#header + packet.length;
    if (this.#libc.write(this.#fd, addressOf(this.#own), total) !== total) this.#refused();
  }
}
