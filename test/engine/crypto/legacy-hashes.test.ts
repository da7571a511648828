/** MD4, MD5 and DES against their published vectors (RFC 1320 §A.5, RFC 1321 §A.5, NIST SP 800-17) and OpenSSL. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, toHex, utf8 } from '../../../engine/base/bytes.ts';
import { desEncrypt } from '../../../engine/crypto/legacy/des.ts';
import { md4 } from '../../../engine/crypto/legacy/md4.ts';
import { md5 } from '../../../engine/crypto/legacy/md5.ts';
import { seededRandom } from '../../sim/configs.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const DIGITS = '1234567890'.repeat(8);

test('MD4 of RFC 1320', () => {
  for (const [text, digest] of [
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    [ALPHABET, '043f8582f241db351ce627e153e7f0e4'],
    [DIGITS, 'e33b4ddc9c38f2199c3e7b164fcc0536'],
  ] as const)
    assert.equal(toHex(md4(utf8(text))), digest, text);
});

test('MD5 of RFC 1321, in one part or several', () => {
  assert.equal(toHex(md5(utf8(DIGITS))), '57edf4a22be3c955ac49da2e2107b67a');
  assert.equal(toHex(md5(utf8('ab'), utf8('c'))), '900150983cd24fb0d6963f7d28e17f72');
});

test('DES: the example of FIPS 46, and what OpenSSL makes of random blocks', () => {
  const example = desEncrypt(fromHex('133457799bbcdff1'), fromHex('0123456789abcdef'));
  assert.equal(toHex(example), '85e813540f0ab405');
  const random = seededRandom('des');
  for (let n = 0; n < 100; n++) {
    const key = random(8);
    const block = random(8);
    // Triple DES with three equal keys is single DES.
    const peer = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false);
    assert.equal(toHex(desEncrypt(key, block)), peer.update(block).toString('hex'));
  }
  assert.throws(() => desEncrypt(new Uint8Array(7), new Uint8Array(8)), RangeError);
});
