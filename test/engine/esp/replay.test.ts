/** The anti-replay window against a naive model, and extended sequence numbers (RFC 4303 §3.4.3, appendix A2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReplayWindow } from '../../../engine/esp/replay.ts';

const SPACE = 0x1_0000_0000;

/** Remembers every number and compares by plain arithmetic. */
class Model {
  readonly #seen = new Set<number>();
  #top = 0;
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  accepts(n: number): boolean {
    return n > 0 && n > this.#top - this.#size && !this.#seen.has(n);
  }

  commit(n: number): void {
    this.#seen.add(n);
    this.#top = Math.max(this.#top, n);
  }
}

for (const [size, start] of [
  [32, 0],
  [64, 0],
  [1024, 0],
  [1024, 10_000],
  [4096, SPACE - 10_000],
] as const)
  test(`a window of ${size} from ${start} agrees with the model`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2 * size, max: 3 * size }), { maxLength: 300 }), (steps) => {
        const window = new ReplayWindow(size, false);
        const model = new Model(size);
        let at = start;
        for (const step of steps) {
          const n = Math.min(SPACE - 1, Math.max(0, at + step));
          const expected = model.accepts(n);
          assert.equal(window.isFresh(window.highFor(n), n), expected, `number ${n}`);
          if (!expected) continue;
          window.commit(0, n);
          model.commit(n);
          at = Math.max(at, n);
        }
      }),
      { numRuns: 300 },
    );
  });

test('extended numbers follow the sender through many wraps', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: -1023, max: 2 ** 31 - 2000 }), { maxLength: 200 }),
      (first, steps) => {
        const window = new ReplayWindow(1024, true);
        const model = new Model(1024);
        let top = first;
        for (const step of [0, ...steps]) {
          const n = top + step;
          if (n <= 0) continue;
          const low = n % SPACE;
          const high = window.highFor(low);
          assert.equal(high, Math.floor(n / SPACE), `upper half of ${n}`);
          assert.equal(window.isFresh(high, low), model.accepts(n));
          if (!model.accepts(n)) continue;
          window.commit(high, low);
          model.commit(n);
          top = Math.max(top, n);
        }
        assert.equal(window.topHigh * SPACE + window.topLow, top);
      },
    ),
  );
});

test('asking changes nothing', () => {
  const window = new ReplayWindow(64, false);
  for (let i = 0; i < 3; i++) assert.ok(window.isFresh(0, 1_000_000));
  assert.ok(window.isFresh(0, 1));
  assert.equal(window.topLow, 0);
});

test('zero is never a number, and nothing lies before the beginning', () => {
  assert.equal(new ReplayWindow(64, false).isFresh(0, 0), false);
  const esn = new ReplayWindow(64, true);
  assert.equal(esn.highFor(0xffffffff), -1);
  assert.equal(esn.isFresh(-1, 0xffffffff), false);
});

test('a window of zero accepts repetitions', () => {
  const window = new ReplayWindow(0, false);
  window.commit(0, 7);
  assert.ok(window.isFresh(0, 7));
});

test('odd sizes are refused', () => {
  for (const size of [-32, 33, 2 ** 21]) assert.throws(() => new ReplayWindow(size, false), RangeError);
});
