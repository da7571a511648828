import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CryptoError } from '../../../../engine/crypto/port.ts';
import { cipherSizes, suiteName } from '../../../../engine/crypto/suites.ts';
import { having, PROVIDERS, SUITES, seeded } from './providers.ts';

for (const suite of SUITES) {
  const providers = having(suite);
  if (providers.length === 0) continue;
  const sizes = cipherSizes(suite);
  assert.ok(sizes);
  const random = seeded(suite.encr * 1000 + suite.keyBits + suite.integ);
  const encrKey = random(sizes.encrKeyLength);
  const integKey = random(sizes.integKeyLength);

  test(`${suiteName(suite)}: all providers seal alike and open each other's packets`, () => {
    const ciphers = providers.map((p) => p.cipher(suite, encrKey, integKey));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1500 }),
        fc.integer({ min: 0, max: 90 }),
        fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 0xffffffff })),
        fc.nat(),
        (wanted, aadAt, esnHigh, where) => {
          const length = wanted - (wanted % sizes.blockLength);
          const ivAt = aadAt + (esnHigh < 0 && where % 2 === 1 ? 32 : 8);
          const plain = random(ivAt + sizes.ivLength + length + sizes.icvLength + 5);
          const end = ivAt + sizes.ivLength + length + sizes.icvLength;
          const sealed = ciphers.map((c) => {
            const buffer = plain.slice();
            c.seal(buffer, aadAt, ivAt, length, esnHigh);
            return buffer;
          });
          const first = sealed[0] as Uint8Array;
          for (const other of sealed) assert.deepEqual(other, first);
          assert.deepEqual(
            first.subarray(0, ivAt),
            plain.subarray(0, ivAt),
            'nothing before the data changes',
          );
          assert.deepEqual(first.subarray(end), plain.subarray(end), 'nothing after the ICV changes');
          const flipped = first.slice();
          const bit = aadAt + (where % (end - aadAt));
          flipped[bit] = (flipped[bit] as number) ^ (1 << (where % 8));
          for (const c of ciphers) {
            const good = first.slice();
            assert.equal(c.open(good, aadAt, ivAt, length, esnHigh), true);
            assert.deepEqual(
              good.subarray(0, end - sizes.icvLength),
              plain.subarray(0, end - sizes.icvLength),
            );
            assert.equal(c.open(flipped.slice(), aadAt, ivAt, length, esnHigh), false, 'a flipped bit');
            const otherHigh = esnHigh < 0 ? 0 : esnHigh ^ 1;
            assert.equal(c.open(first.slice(), aadAt, ivAt, length, otherHigh), false, 'another upper half');
          }
        },
      ),
      { numRuns: 15, seed: 7296 },
    );
  });

  test(`${suiteName(suite)}: wrong keys, wrong lengths and a destroyed cipher`, () => {
    for (const p of providers) {
      assert.throws(
        () => p.cipher(suite, new Uint8Array(encrKey.length + 1), integKey),
        (e) => e instanceof CryptoError && e.code === 'bad-key-length',
      );
      assert.throws(
        () => p.cipher(suite, encrKey, new Uint8Array(integKey.length + 1)),
        (e) => e instanceof CryptoError && e.code === 'bad-key-length',
      );
      const c = p.cipher(suite, encrKey, integKey);
      const buffer: Uint8Array = new Uint8Array(8 + sizes.ivLength + 16 + sizes.icvLength);
      assert.equal(c.open(buffer, 0, 8, 32, -1), false, 'data past the end');
      assert.equal(c.open(buffer, 0, 8, -16, -1), false, 'a negative length');
      assert.throws(() => c.seal(buffer, 0, 8, 32, -1), RangeError);
      c.destroy();
      c.destroy();
      assert.throws(() => c.seal(buffer, 0, 8, 16, -1));
      assert.throws(() => c.open(buffer, 0, 8, 16, -1));
    }
  });
}

test('suites that make no sense are refused', () => {
  for (const p of PROVIDERS) {
    for (const suite of [
      { encr: 20, keyBits: 128, integ: 12 },
      { encr: 12, keyBits: 128, integ: 0 },
      { encr: 20, keyBits: 160, integ: 0 },
      { encr: 99, keyBits: 128, integ: 0 },
    ]) {
      assert.equal(p.supportsCipher(suite), false);
      assert.throws(
        () => p.cipher(suite, new Uint8Array(20), new Uint8Array(0)),
        (e) => e instanceof CryptoError && e.code === 'unsupported',
      );
    }
  }
});
