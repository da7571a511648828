/**
 * ESP packets whose SA we do not have yet. A gateway may send on a new SA as soon as it has answered, while its answer
 * is still being judged here: the latest packets of unknown SPIs are kept, as they came, until a pair with that SPI is
 * installed or others take their place. Bounded, and nothing is allocated for a packet.
 */
import { SOCKADDR_LENGTH } from '../base/sockaddr.ts';

const SLOTS = 512;
/** Larger packets are not kept: no path of ours carries them whole. */
const LARGEST = 2048;

/** The encoded address and the traffic class are of the datagram's IP header. */
export type GiveEarly = (packet: Uint8Array, from: Uint8Array, outerClass: number) => void;

export class EarlyPackets {
  /** Made with the first packet, for most data paths have none. */
  #octets: Uint8Array | undefined;
  readonly #from = new Uint8Array(SLOTS * SOCKADDR_LENGTH);
  readonly #spis = new Float64Array(SLOTS);
  readonly #lengths = new Uint16Array(SLOTS);
  readonly #classes = new Int16Array(SLOTS);
  #next = 0;

  /** Arguments as of `InboundPump.take`. */
  keep(
    spi: number,
    buffer: Uint8Array,
    at: number,
    length: number,
    from: Uint8Array,
    fromAt: number,
    outerClass: number,
  ): void {
    if (length > LARGEST) return;
    this.#octets ??= new Uint8Array(SLOTS * LARGEST);
    const slot = this.#next;
    this.#next = (slot + 1) % SLOTS;
    this.#spis[slot] = spi;
    this.#lengths[slot] = length;
    this.#classes[slot] = outerClass;
    copy(buffer, at, this.#octets, slot * LARGEST, length);
    copy(from, fromAt, this.#from, slot * SOCKADDR_LENGTH, SOCKADDR_LENGTH);
  }

  /** Gives away what came for an SPI, oldest first; both arrays are valid during the call. */
  drain(spi: number, give: GiveEarly): void {
    if (!this.#octets) return;
    for (let n = 0; n < SLOTS; n++) {
      const slot = (this.#next + n) % SLOTS;
      if (this.#spis[slot] !== spi) continue;
      this.#spis[slot] = 0;
      const [at, fromAt] = [slot * LARGEST, slot * SOCKADDR_LENGTH];
      give(
        this.#octets.subarray(at, at + (this.#lengths[slot] as number)),
        this.#from.subarray(fromAt, fromAt + SOCKADDR_LENGTH),
        this.#classes[slot] as number,
      );
    }
  }
}

/** `set` of a `subarray` would allocate. */
function copy(from: Uint8Array, at: number, to: Uint8Array, toAt: number, length: number): void {
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i] as number;
}
