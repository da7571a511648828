import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../../engine/base/bytes.ts';
import { blockCbc } from '../../../../engine/crypto/legacy/block-cipher.ts';
import { isOwnCipher, ownCipher } from '../../../../engine/crypto/legacy/own-ciphers.ts';
import { serpent } from '../../../../engine/crypto/legacy/serpent.ts';
import { SERPENT_BOXES, SERPENT_INVERSES } from '../../../../engine/crypto/legacy/serpent-boxes.ts';
import { twofish } from '../../../../engine/crypto/legacy/twofish.ts';

/** S0 to S7 of the Serpent submission, appendix A.1. */
const TABLES = [
  '38f1a65bed42709c',
  'fc27905a1be86d34',
  '8679 3caf d1e4 0b52',
  '0fb8 c963 d124 a75e',
  '1f83 c0b6 254a 9e7d',
  'f52b 4a9c 03e8 d671',
  '72c5 846b e91f d3a0',
  '1df0 e82b 74ca 9356',
].map((digits) => [...digits.replaceAll(' ', '')].map((d) => Number.parseInt(d, 16)));

test('the formulas of the Serpent boxes are the tables of the submission', () => {
  for (const [n, table] of TABLES.entries()) {
    // Column x holds the input x.
    const s = new Int32Array(4);
    for (let x = 0; x < 16; x++) for (let i = 0; i < 4; i++) s[i] = (s[i] as number) | (((x >> i) & 1) << x);
    const input = s.slice();
    SERPENT_BOXES[n]?.(s);
    const outputs = Array.from({ length: 16 }, (_, x) =>
      [0, 1, 2, 3].reduce((y, i) => y | ((((s[i] as number) >>> x) & 1) << i), 0),
    );
    assert.deepEqual(outputs, table, `S${n}`);
    SERPENT_INVERSES[n]?.(s);
    for (let i = 0; i < 4; i++)
      assert.equal((s[i] as number) & 0xffff, (input[i] as number) & 0xffff, `inverse of S${n}`);
  }
});

test('Twofish: the chained table of the paper, B.2 (I = 1 to 49, 128 bits)', () => {
  // Each result is the next plaintext, each plaintext the next key.
  let key: Uint8Array = new Uint8Array(16);
  let plain: Uint8Array = new Uint8Array(16);
  for (let i = 1; i <= 49; i++) {
    const cipher = blockCbc(twofish(key)).encrypt(new Uint8Array(16), plain);
    if (i === 2) assert.equal(toHex(cipher), 'd491db16e7b1c39e86cb086b789f5419');
    key = plain;
    plain = cipher;
  }
  assert.equal(toHex(plain), '5d9d4eeffa9151575524f115815a12e0');
});

test('CBC: blocks hang together both ways, keys are wiped', () => {
  for (const make of [serpent, twofish]) {
    for (const length of [16, 24, 32]) {
      const cipher = blockCbc(make(new Uint8Array(length).fill(length)));
      const iv = fromHex('000102030405060708090a0b0c0d0e0f');
      const data = Uint8Array.from({ length: 64 }, (_, i) => 3 * i);
      const sealed = cipher.encrypt(iv, data);
      assert.deepEqual(cipher.decrypt(iv, sealed), data);
      assert.deepEqual(cipher.encrypt(iv, data.subarray(0, 32)), sealed.slice(0, 32));
      assert.deepEqual(cipher.encrypt(sealed.subarray(0, 16), data.subarray(16, 32)), sealed.slice(16, 32));
      cipher.destroy();
      assert.notDeepEqual(cipher.encrypt(iv, data), sealed);
    }
  }
  assert.equal(ownCipher('aes', new Uint8Array(16)), undefined);
  assert.equal(isOwnCipher('twofish'), true);
});
