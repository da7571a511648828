/**
 * Counters in one block of float64s, so that a worker can write what the main thread reads without a message.
 * A head for each direction, then one slot a SA pair, of which each direction writes its own fields: so every number
 * has one writer. Whole numbers are exact up to 2^53.
 */
import type { Instant } from '../base/brand.ts';
import type { Drop, PathCounters, SaCounters } from './protocol.ts';

const DROPS: readonly Drop[] = [
  'no-sa',
  'replay',
  'integrity',
  'selector',
  'malformed',
  'no-route',
  'too-big',
  'expired',
  'tun-full',
  'udp-error',
  'dummy',
  'congestion',
];

/** Index of each cause in the head. */
export const DropAt = {
  noSa: 0,
  replay: 1,
  integrity: 2,
  selector: 3,
  malformed: 4,
  noRoute: 5,
  tooBig: 6,
  expired: 7,
  tunFull: 8,
  udpError: 9,
  dummy: 10,
  congestion: 11,
} as const;

export const DATAGRAMS_IN = 12;
export const DATAGRAMS_OUT = 13;

/** Where a direction's head begins. */
export const Head = { OUTBOUND: 0, INBOUND: 16 } as const;
export type Head = (typeof Head)[keyof typeof Head];
const HEADS_LENGTH = 32;

/** Offsets in a slot. Moments are zero before the first packet. */
export const SlotAt = {
  bytesIn: 0,
  bytesOut: 1,
  packetsIn: 2,
  packetsOut: 3,
  lastIn: 4,
  lastOut: 5,
} as const;
const SLOT_LENGTH = 8;

/** SA pairs at a time, lingering ones included. */
export const MOST_PAIRS = 4096;
export const COUNTERS_BYTE_LENGTH: number = (HEADS_LENGTH + MOST_PAIRS * SLOT_LENGTH) * 8;

export const slotBase = (slot: number): number => HEADS_LENGTH + slot * SLOT_LENGTH;

export function clearSlot(block: Float64Array, slot: number): void {
  block.fill(0, slotBase(slot), slotBase(slot) + SLOT_LENGTH);
}

export function readSlot(block: Float64Array, slot: number, now: Instant): SaCounters {
  const base = slotBase(slot);
  const at = (offset: number): number => block[base + offset] as number;
  const idle = (moment: number): number | undefined => (moment === 0 ? undefined : Math.max(0, now - moment));
  return {
    bytesIn: at(SlotAt.bytesIn),
    bytesOut: at(SlotAt.bytesOut),
    packetsIn: at(SlotAt.packetsIn),
    packetsOut: at(SlotAt.packetsOut),
    idleIn: idle(at(SlotAt.lastIn)),
    idleOut: idle(at(SlotAt.lastOut)),
  };
}

export function readTotals(block: Float64Array): PathCounters {
  const at = (i: number): number =>
    (block[Head.OUTBOUND + i] as number) + (block[Head.INBOUND + i] as number);
  const drops = Object.fromEntries(DROPS.map((drop, i) => [drop, at(i)])) as Record<Drop, number>;
  return { drops, datagramsIn: at(DATAGRAMS_IN), datagramsOut: at(DATAGRAMS_OUT) };
}

/** Hands out slots and knows which pair has which. */
export class SlotTable {
  readonly #free: number[] = Array.from({ length: MOST_PAIRS }, (_, i) => MOST_PAIRS - 1 - i);
  readonly #byId = new Map<number, number>();

  /** @throws RangeError when all slots are taken or the pair has one */
  take(id: number): number {
    if (this.#byId.has(id)) throw new RangeError(`SA pair ${id} exists`);
    const slot = this.#free.pop();
    if (slot === undefined) throw new RangeError(`more than ${MOST_PAIRS} SA pairs`);
    this.#byId.set(id, slot);
    return slot;
  }

  of(id: number): number | undefined {
    return this.#byId.get(id);
  }

  release(id: number): void {
    const slot = this.#byId.get(id);
    if (slot === undefined) return;
    this.#byId.delete(id);
    this.#free.push(slot);
  }
}
