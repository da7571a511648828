import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { concat, utf8 } from '../../../engine/base/bytes.ts';
import { nobleProvider } from '../../../engine/crypto/noble/provider.ts';
import { CryptoError } from '../../../engine/crypto/port.ts';
import { prfPlus } from '../../../engine/crypto/prf-plus.ts';
import { drawPrivateKey } from '../../../engine/crypto/private-keys.ts';
import { cipherSizes, cipherSuite, isAead, prfLength, suiteName } from '../../../engine/crypto/suites.ts';

test('sizes and names of suites', () => {
  const gcm = { encr: 20, keyBits: 256, integ: 0 };
  assert.deepEqual(cipherSizes(gcm), {
    encrKeyLength: 36,
    integKeyLength: 0,
    ivLength: 8,
    ivKind: 'counter',
    icvLength: 16,
    blockLength: 1,
  });
  assert.deepEqual(cipherSizes({ encr: 12, keyBits: 192, integ: 13 }), {
    encrKeyLength: 24,
    integKeyLength: 48,
    ivLength: 16,
    ivKind: 'random',
    icvLength: 24,
    blockLength: 16,
  });
  assert.equal(suiteName(gcm), 'AES_GCM_16_256');
  assert.equal(suiteName({ encr: 12, keyBits: 256, integ: 12 }), 'AES_CBC_256/HMAC_SHA2_256_128');
  assert.equal(suiteName({ encr: 28, keyBits: 256, integ: 0 }), 'CHACHA20_POLY1305');
  assert.equal(suiteName({ encr: 99, keyBits: 8, integ: 98 }), 'ENCR_99_8/INTEG_98');
  assert.equal(isAead(12), false);
  assert.equal(isAead(99), undefined);
  assert.equal(prfLength(6), 48);
});

test('suites from transforms', () => {
  assert.deepEqual(cipherSuite(28, undefined, 0), { encr: 28, keyBits: 256, integ: 0 });
  assert.deepEqual(cipherSuite(12, 128, 2), { encr: 12, keyBits: 128, integ: 2 });
  for (const [encr, length, integ] of [
    [28, 256, 0],
    [20, undefined, 0],
    [20, 120, 0],
    [20, 128, 12],
    [12, 128, 0],
    [99, 128, 0],
  ] as const)
    assert.equal(cipherSuite(encr, length, integ), undefined);
});

test('prf+ chains its blocks as RFC 7296 §2.13 says', () => {
  const key = utf8('SKEYSEED');
  const t = (previous: Uint8Array, n: number): Uint8Array =>
    createHmac('sha384', key).update(previous).update('NiNr').update(Uint8Array.of(n)).digest();
  const t1 = t(new Uint8Array(0), 1);
  const t2 = t(t1, 2);
  const t3 = t(t2, 3);
  for (const length of [0, 1, 48, 49, 130])
    assert.deepEqual(
      prfPlus(nobleProvider, 6, key, length, utf8('Ni'), utf8('Nr')),
      concat(t1, t2, t3).subarray(0, length),
    );
  assert.throws(() => prfPlus(nobleProvider, 6, key, 255 * 48 + 1), RangeError);
  assert.throws(() => prfPlus(nobleProvider, 77, key, 1), CryptoError);
});

test('private keys: rejection, masks and broken sources', () => {
  const script = (...draws: readonly Uint8Array[]): (() => Uint8Array) => {
    let n = 0;
    return () => draws[n++] as Uint8Array;
  };
  const high = new Uint8Array(32).fill(0xff);
  const one = new Uint8Array(32).fill(0, 0, 31);
  one[31] = 1;
  assert.deepEqual(drawPrivateKey(19, script(high, new Uint8Array(32), one)), one);
  const wide = new Uint8Array(66).fill(0xff, 0, 1);
  wide[65] = 9;
  assert.equal(drawPrivateKey(21, script(wide))[0], 1, 'seven bits are cleared');
  const small = new Uint8Array(40);
  small[39] = 1;
  const fine = new Uint8Array(40);
  fine[39] = 2;
  assert.deepEqual(drawPrivateKey(14, script(small, fine)), fine);
  assert.throws(() => drawPrivateKey(19, () => high), /not random/);
  assert.throws(() => drawPrivateKey(19, () => new Uint8Array(31)), /31 octets of 32/);
  assert.throws(() => drawPrivateKey(99, () => high), CryptoError);
});
