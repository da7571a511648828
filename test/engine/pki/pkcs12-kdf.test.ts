/** The key derivation of RFC 7292 appendix B against `openssl kdf PKCS12KDF` (OpenSSL 3.0). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../engine/base/bytes.ts';
import { bmpPassword, PURPOSE, pkcs12Kdf } from '../../../engine/pki/pkcs12-kdf.ts';

const salt = fromHex('0a58cf64530d823f');
const password = bmpPassword('smeg');

test('a password is UTF-16 with two zero octets', () => {
  assert.equal(toHex(password), '0073006d006500670000');
  assert.equal(toHex(bmpPassword('é€')), '00e920ac0000');
  assert.equal(toHex(bmpPassword('')), '0000');
});

for (const { hash, rounds, purpose, expected } of [
  {
    hash: 'sha1',
    rounds: 1,
    purpose: PURPOSE.key,
    expected: '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3',
  },
  {
    hash: 'sha256',
    rounds: 1000,
    purpose: PURPOSE.mac,
    expected:
      '35ac16a454d608fb10c8d7c6338ca85818587aed0ff771fd265957e412c2c03c26ad8fa213a9fcf3' +
      '42d684dae98b66ee87e7ea6d3179303c84a70f3d5dcc8e679924fb48ee74',
  },
  {
    hash: 'sha512',
    rounds: 7,
    purpose: PURPOSE.iv,
    expected:
      '295c8fd8fe14a4b9236c56cd4bd7e338bec423edcf1f1b0dec1409b20fdfed18f4484c092b99fe82ca8553b4' +
      '7f6b0c657e7440832c68303fad4d28f2ae3654882f7fe6b82121f620112afe00169adf76c256f7b517ea0c0f' +
      '231dc0790718f50d77ad8207',
  },
])
  test(`${hash}, ${rounds} rounds, purpose ${purpose}`, () => {
    const derived = pkcs12Kdf({ password, salt, rounds, hash }, purpose, expected.length / 2);
    assert.equal(toHex(derived), expected);
  });

test('what is out of bounds is refused before it costs anything', () => {
  const input = { password, salt, rounds: 1, hash: 'sha1' };
  for (const bad of [
    { rounds: 0 },
    { rounds: 1.5 },
    { rounds: 10_000_001 },
    { salt: new Uint8Array(1025) },
    { password: new Uint8Array(5000) },
    { hash: 'md5' },
    { hash: 'constructor' },
  ])
    assert.throws(() => pkcs12Kdf({ ...input, ...bad }, PURPOSE.key, 20), RangeError);
  assert.throws(() => pkcs12Kdf(input, PURPOSE.key, 0), RangeError);
  assert.throws(() => pkcs12Kdf(input, PURPOSE.key, 257), RangeError);
});
