/**
 * Anti-replay window over 64-bit sequence numbers (RFC 4303 §3.4.3 and appendix A2), as a ring of 32-bit
 * blocks that is never shifted (RFC 6479). Numbers are kept as two 32-bit halves.
 */

/** ESN cannot be guessed without a window; this much is assumed where the check itself is switched off. */
const ESN_WINDOW_WITHOUT_CHECK = 1024;

export class ReplayWindow {
  readonly #blocks: Uint32Array;
  readonly #mask: number;
  readonly #size: number;
  readonly #esn: boolean;
  readonly #checked: boolean;
  #topHigh = 0;
  #topLow = 0;

  /** @param size packets that may arrive late, a multiple of 32; 0 accepts repeated packets */
  constructor(size: number, esn: boolean) {
    if (size % 32 !== 0 || size < 0 || size > 1 << 20)
      throw new RangeError(`replay window of ${size} packets is no multiple of 32 up to 1048576`);
    this.#checked = size > 0;
    this.#size = size > 0 ? size : ESN_WINDOW_WITHOUT_CHECK;
    this.#esn = esn;
    // One block more than the window, since the newest one is only partly filled.
    let count = 2;
    while (count * 32 < size + 32) count *= 2;
    this.#blocks = new Uint32Array(size > 0 ? count : 0);
    this.#mask = count - 1;
  }

  /** Highest authentic number so far. */
  get topHigh(): number {
    return this.#topHigh;
  }

  get topLow(): number {
    return this.#topLow;
  }

  /**
   * The upper half that belongs to a received lower half (appendix A2.1): 0 without ESN, -1 when the number
   * would lie before the beginning or past the end of the space.
   */
  highFor(low: number): number {
    if (!this.#esn) return 0;
    const bottom = this.#topLow - this.#size + 1;
    if (bottom >= 0) {
      if (low >= bottom) return this.#topHigh;
      return this.#topHigh === 0xffffffff ? -1 : this.#topHigh + 1;
    }
    return low >= bottom + 0x1_0000_0000 ? this.#topHigh - 1 : this.#topHigh;
  }

  /** Whether a number is new. Changes nothing: the packet is not authentic yet. */
  isFresh(high: number, low: number): boolean {
    if (high < 0 || (high === 0 && low === 0)) return false;
    if (!this.#checked) return true;
    const behind = this.#behind(high, low);
    if (behind < 0) return true;
    if (behind >= this.#size) return false;
    return ((this.#blocks[(low >>> 5) & this.#mask] as number) & (1 << (low & 31))) === 0;
  }

  /** Marks the number of an authentic packet as seen. */
  commit(high: number, low: number): void {
    const behind = this.#behind(high, low);
    if (behind < 0) {
      if (this.#checked) this.#clearAhead(low, -behind);
      this.#topHigh = high;
      this.#topLow = low;
    }
    if (!this.#checked) return;
    const block = (low >>> 5) & this.#mask;
    this.#blocks[block] = (this.#blocks[block] as number) | (1 << (low & 31));
  }

  /** How far a number lies behind the top; negative when it is ahead. Exact wherever it matters. */
  #behind(high: number, low: number): number {
    return (this.#topHigh - high) * 0x1_0000_0000 + (this.#topLow - low);
  }

  #clearAhead(low: number, ahead: number): void {
    if (ahead > this.#mask * 32) {
      this.#blocks.fill(0);
      return;
    }
    const last = low >>> 5;
    for (let block = this.#topLow >>> 5; block !== last; ) {
      block = (block + 1) & 0x07ffffff;
      this.#blocks[block & this.#mask] = 0;
    }
  }
}
