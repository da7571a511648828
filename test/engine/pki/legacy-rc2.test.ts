/** RC2 against the vectors of RFC 2268 §5. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../engine/base/bytes.ts';
import { decryptRc2Cbc } from '../../../engine/pki/legacy-rc2.ts';

const LONG = '88bca90e90875a7f0f79c384627bafb2';
const VECTORS = [
  { key: '0000000000000000', bits: 63, plain: '0000000000000000', cipher: 'ebb773f993278eff' },
  { key: 'ffffffffffffffff', bits: 64, plain: 'ffffffffffffffff', cipher: '278b27e42e2f0d49' },
  { key: '3000000000000000', bits: 64, plain: '1000000000000001', cipher: '30649edf9be7d2c2' },
  { key: '88', bits: 64, plain: '0000000000000000', cipher: '61a8a244adacccf0' },
  { key: '88bca90e90875a', bits: 64, plain: '0000000000000000', cipher: '6ccf4308974c267f' },
  { key: LONG, bits: 64, plain: '0000000000000000', cipher: '1a807d272bbe5db1' },
  { key: LONG, bits: 128, plain: '0000000000000000', cipher: '2269552ab0f85ca6' },
  {
    key: `${LONG}16f80a6f85920584c42fceb0be255daf1e`,
    bits: 129,
    plain: '0000000000000000',
    cipher: '5b78d3a43dfff1f1',
  },
] as const;

for (const { key, bits, plain, cipher } of VECTORS)
  test(`RC2 with a key of ${key.length / 2} octets and ${bits} effective bits`, () => {
    const zero = new Uint8Array(8);
    assert.equal(toHex(decryptRc2Cbc(fromHex(key), bits, zero, fromHex(cipher))), plain);
  });

test('CBC takes in the block before', () => {
  const [iv, block] = [fromHex('0102030405060708'), fromHex('1a807d272bbe5db1')];
  const two = new Uint8Array([...block, ...block]);
  assert.equal(toHex(decryptRc2Cbc(fromHex(LONG), 64, iv, two)), '0102030405060708' + '1a807d272bbe5db1');
});

test('lengths that fit no block or key are refused', () => {
  const eight = new Uint8Array(8);
  assert.throws(() => decryptRc2Cbc(eight, 64, eight, new Uint8Array(9)), RangeError);
  assert.throws(() => decryptRc2Cbc(eight, 64, new Uint8Array(7), eight), RangeError);
  assert.throws(() => decryptRc2Cbc(new Uint8Array(0), 64, eight, eight), RangeError);
  assert.throws(() => decryptRc2Cbc(new Uint8Array(129), 64, eight, eight), RangeError);
  assert.throws(() => decryptRc2Cbc(eight, 0, eight, eight), RangeError);
});
