/**
 * The two directions of a tunnel-mode ESP SA (RFC 4303 §2 and §3), working in place on caller's buffers:
 *
 *     [ SPI | sequence | IV | inner packet | padding 1,2,3… | pad length | next header | ICV ]
 *      ^espAt                ^innerAt = espAt + 8 + ivLength
 *
 * Nothing is allocated and nothing throws per packet; results are numbers and fields.
 */
import type { Spi32 } from '../base/brand.ts';
import { readU32, writeU32 } from '../base/bytes.ts';
import type { PacketCipher } from '../crypto/port.ts';
import type { FlowCache } from './flow-cache.ts';
import { type InnerHeader, IpProtocol } from './inner.ts';
import type { ReplayWindow } from './replay.ts';
import type { TrafficSelectors } from './selectors.ts';

/** SPI and sequence number. */
export const ESP_HEADER_LENGTH = 8;
/** Pad length and next header. */
const TRAILER_LENGTH = 2;
/** ESP packets end on a multiple of four octets (RFC 4303 §2.4). */
const ESP_ALIGNMENT = 4;

/** Fills its argument with unpredictable octets. */
export type FillRandom = (into: Uint8Array) => void;

/** IVs that are drawn at once. */
const IV_POOL_LENGTH = 4096;

export class OutboundSa {
  readonly spi: Spi32;
  /** Octets before the inner packet. */
  readonly headroom: number;
  readonly #cipher: PacketCipher;
  readonly #esn: boolean;
  readonly #align: number;
  readonly #fillRandom: FillRandom;
  readonly #ivPool: Uint8Array;
  #ivAt: number;
  #high = 0;
  #low = 0;
  #exhausted = false;

  constructor(spi: Spi32, cipher: PacketCipher, esn: boolean, fillRandom: FillRandom) {
    this.spi = spi;
    this.headroom = ESP_HEADER_LENGTH + cipher.ivLength;
    this.#cipher = cipher;
    this.#esn = esn;
    this.#align = Math.max(ESP_ALIGNMENT, cipher.blockLength);
    this.#fillRandom = fillRandom;
    const pooled = cipher.ivKind === 'random' ? Math.floor(IV_POOL_LENGTH / cipher.ivLength) : 0;
    this.#ivPool = new Uint8Array(pooled * cipher.ivLength);
    this.#ivAt = this.#ivPool.length;
  }

  /** No sequence number is left: the SA must not send any more (RFC 4303 §3.3.3). */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** Octets that {@link seal} writes behind an inner packet. */
  tailroom(innerLength: number): number {
    return this.#padding(innerLength) + TRAILER_LENGTH + this.#cipher.icvLength;
  }

  /** The largest inner packet whose ESP packet has at most `espLength` octets. */
  largestInner(espLength: number): number {
    const room = espLength - this.headroom - this.#cipher.icvLength;
    return room - (room % this.#align) - TRAILER_LENGTH;
  }

  /** Starts after the given number, as the tests of published packets and of exhaustion need it. */
  startAfter(high: number, low: number): void {
    this.#high = high;
    this.#low = low;
  }

  /**
   * Seals the inner packet at `innerAt`, whose header and tailroom the caller keeps free. `nextHeader` is 4 or 41,
   * or 59 for a dummy packet. The ESP packet begins at `innerAt - headroom`; returns its length, or 0 when
   * the sequence numbers are used up.
   */
  seal(buffer: Uint8Array, innerAt: number, innerLength: number, nextHeader: number): number {
    if (!this.#advance()) return 0;
    const cipher = this.#cipher;
    const espAt = innerAt - this.headroom;
    const ivAt = espAt + ESP_HEADER_LENGTH;
    writeU32(buffer, espAt, this.spi);
    writeU32(buffer, espAt + 4, this.#low);
    if (cipher.ivKind === 'counter') {
      // The sequence number never repeats under a key, so it is the IV as well (RFC 4106 §3.1).
      writeU32(buffer, ivAt, this.#high);
      writeU32(buffer, ivAt + 4, this.#low);
    } else this.#randomIv(buffer, ivAt);
    const padding = this.#padding(innerLength);
    let at = innerAt + innerLength;
    for (let i = 1; i <= padding; i++) buffer[at++] = i;
    buffer[at++] = padding;
    buffer[at++] = nextHeader;
    const length = at - innerAt;
    cipher.seal(buffer, espAt, ivAt, length, this.#esn ? this.#high : -1);
    return this.headroom + length + cipher.icvLength;
  }

  destroy(): void {
    this.#exhausted = true;
    this.#cipher.destroy();
    this.#ivPool.fill(0);
  }

  #padding(innerLength: number): number {
    return (this.#align - ((innerLength + TRAILER_LENGTH) % this.#align)) % this.#align;
  }

  #advance(): boolean {
    if (this.#exhausted) return false;
    if (this.#low !== 0xffffffff) {
      this.#low++;
      return true;
    }
    if (!this.#esn || this.#high === 0xffffffff) {
      this.#exhausted = true;
      return false;
    }
    this.#high++;
    this.#low = 0;
    return true;
  }

  #randomIv(buffer: Uint8Array, at: number): void {
    const pool = this.#ivPool;
    if (this.#ivAt === pool.length) {
      this.#fillRandom(pool);
      this.#ivAt = 0;
    }
    const length = this.#cipher.ivLength;
    for (let i = 0; i < length; i++) buffer[at + i] = pool[this.#ivAt + i] as number;
    this.#ivAt += length;
  }
}

export const Opened = {
  /** The inner packet is at `innerAt`, `inner.length` octets. */
  OK: 0,
  /** An authentic packet without content (next header 59). */
  DUMMY: 1,
  REPLAY: 2,
  INTEGRITY: 3,
  /** Too short, wrong padding, no IP packet inside; authentic only when `authentic` says so. */
  MALFORMED: 4,
  /** Authentic, but outside the SA's selectors. */
  SELECTOR: 5,
} as const;
export type Opened = (typeof Opened)[keyof typeof Opened];

/** `flows` may be shared by many SAs: it remembers which of them takes a flow. */
export class InboundSa {
  readonly spi: Spi32;
  readonly #cipher: PacketCipher;
  readonly #esn: boolean;
  readonly #replay: ReplayWindow;
  readonly #selectors: TrafficSelectors;
  readonly #flows: FlowCache<InboundSa> | undefined;
  /** Of the last packet. */
  innerAt = 0;
  authentic = false;

  constructor(
    spi: Spi32,
    cipher: PacketCipher,
    esn: boolean,
    replay: ReplayWindow,
    selectors: TrafficSelectors,
    flows?: FlowCache<InboundSa>,
  ) {
    this.spi = spi;
    this.#cipher = cipher;
    this.#esn = esn;
    this.#replay = replay;
    this.#selectors = selectors;
    this.#flows = flows;
  }

  /**
   * Opens the ESP packet of `length` octets at `espAt`, in the order: replay check, open, replay commit, padding,
   * inner packet, selectors. Nothing changes before the packet has proven authentic. Fills `inner`.
   */
  open(buffer: Uint8Array, espAt: number, length: number, inner: InnerHeader): Opened {
    this.authentic = false;
    const cipher = this.#cipher;
    const ivAt = espAt + ESP_HEADER_LENGTH;
    const innerAt = ivAt + cipher.ivLength;
    const dataLength = length - ESP_HEADER_LENGTH - cipher.ivLength - cipher.icvLength;
    if (dataLength < TRAILER_LENGTH || dataLength % cipher.blockLength !== 0) return Opened.MALFORMED;
    const low = readU32(buffer, espAt + 4);
    const high = this.#replay.highFor(low);
    if (!this.#replay.isFresh(high, low)) return Opened.REPLAY;
    if (!cipher.open(buffer, espAt, ivAt, dataLength, this.#esn ? high : -1)) return Opened.INTEGRITY;
    this.#replay.commit(high, low);
    this.authentic = true;
    this.innerAt = innerAt;
    return this.#unwrap(buffer, innerAt, dataLength, inner);
  }

  destroy(): void {
    this.#cipher.destroy();
  }

  #unwrap(buffer: Uint8Array, innerAt: number, dataLength: number, inner: InnerHeader): Opened {
    const end = innerAt + dataLength;
    const padding = buffer[end - 2] as number;
    const nextHeader = buffer[end - 1] as number;
    // Nothing else of a dummy packet need be well formed (§2.6).
    if (nextHeader === IpProtocol.NO_NEXT) return Opened.DUMMY;
    const payload = dataLength - TRAILER_LENGTH - padding;
    if (payload < 0) return Opened.MALFORMED;
    for (let i = 1; i <= padding; i++) if (buffer[innerAt + payload + i - 1] !== i) return Opened.MALFORMED;
    // Whatever follows the inner packet's own length is traffic flow confidentiality padding (§2.7).
    if (!inner.read(buffer, innerAt, payload)) return Opened.MALFORMED;
    if (nextHeader !== (inner.version === 4 ? IpProtocol.IPV4 : IpProtocol.IPV6)) return Opened.MALFORMED;
    if (this.#flows?.find(buffer, inner) === this) return Opened.OK;
    if (!this.#selectors.takesInbound(buffer, inner)) return Opened.SELECTOR;
    this.#flows?.remember(this);
    return Opened.OK;
  }
}
