/** A data path without packets: keeps pairs as the effects say, and tells whether a packet would get through. */
import assert from 'node:assert/strict';
import { toHex } from '../../engine/base/bytes.ts';
import type { EspSaPair } from '../../engine/esp/params.ts';
import type { Effect } from '../../engine/ike/contract.ts';

interface Kept {
  readonly pair: EspSaPair;
  outbound: boolean;
  /** When its inbound side ends; it lingers after removal. */
  inboundUntil: number;
  readonly order: number;
}

export class FakePath {
  readonly #kept = new Map<number, Kept>();
  #order = 0;

  take(effect: Effect, now: number): void {
    if (effect.kind === 'install-child') {
      const { pair } = effect;
      assert.ok(!this.#kept.has(pair.id), `pair ${pair.id} is installed twice`);
      this.#kept.set(pair.id, {
        pair,
        outbound: pair.outbound === 'now',
        inboundUntil: Number.POSITIVE_INFINITY,
        order: this.#order++,
      });
      if (pair.outbound === 'now') this.#takeOver(pair.id);
    } else if (effect.kind === 'activate-outbound') {
      const kept = this.#kept.get(effect.id);
      assert.ok(kept && kept.inboundUntil === Number.POSITIVE_INFINITY, `pair ${effect.id} is not there`);
      kept.outbound = true;
      this.#takeOver(effect.id);
    } else if (effect.kind === 'remove-child') {
      const kept = this.#kept.get(effect.id);
      assert.ok(kept && kept.inboundUntil === Number.POSITIVE_INFINITY, `pair ${effect.id} is removed twice`);
      kept.outbound = false;
      kept.inboundUntil = now + effect.lingerMs;
    }
  }

  #takeOver(id: number): void {
    const kept = this.#kept.get(id);
    if (kept) this.#kept.set(id, { ...kept, order: this.#order++ });
  }

  live(): number[] {
    return [...this.#kept.values()]
      .filter((k) => k.inboundUntil === Number.POSITIVE_INFINITY)
      .map((k) => k.pair.id)
      .sort();
  }

  /** The pair that a packet leaves by: the one that took over last. */
  outbound(): EspSaPair | undefined {
    const ready = [...this.#kept.values()].filter((k) => k.outbound).sort((a, b) => b.order - a.order);
    return ready[0]?.pair;
  }

  inbound(spi: number, now: number): EspSaPair | undefined {
    return [...this.#kept.values()].find((k) => k.pair.spiIn === spi && k.inboundUntil > now)?.pair;
  }

  byId(id: number): EspSaPair | undefined {
    return this.#kept.get(id)?.pair;
  }

  allKeys(): Uint8Array[] {
    return [...this.#kept.values()].flatMap((k) => Object.values(k.pair.keys)).filter((k) => k.length > 0);
  }

  assertFits(other: FakePath, ids: readonly number[]): void {
    for (const id of ids) {
      const ours = this.#kept.get(id)?.pair;
      assert.ok(ours, `pair ${id} is not installed`);
      const theirs = [...other.#kept.values()].find((k) => k.pair.spiIn === ours.spiOut)?.pair;
      assert.ok(theirs, `the other end has no pair for ${ours.spiOut}`);
      assertPair(ours, theirs);
    }
  }
}

export function assertPair(a: EspSaPair, b: EspSaPair): void {
  assert.equal(a.spiIn, b.spiOut);
  assert.equal(a.spiOut, b.spiIn);
  assert.deepEqual(a.suite, b.suite);
  assert.equal(a.esn, b.esn);
  assert.equal(toHex(a.keys.outEncr), toHex(b.keys.inEncr));
  assert.equal(toHex(a.keys.inEncr), toHex(b.keys.outEncr));
  assert.equal(toHex(a.keys.outInteg), toHex(b.keys.inInteg));
  assert.equal(toHex(a.keys.inInteg), toHex(b.keys.outInteg));
  assert.notEqual(toHex(a.keys.outEncr), toHex(a.keys.inEncr));
  assert.deepEqual(a.local, b.remote);
  assert.deepEqual(a.remote, b.local);
}
