/** Pre-shared keys: text, hex, Base64; none of them ends up in an error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseBase64, parsePsk, printBase64 } from '../../../engine/profile/psk.ts';

const octets = (text: string): number[] => {
  const read = parsePsk(text);
  assert.ok(read.ok, text);
  return [...read.value.secret.expose()];
};

test('text, hex and Base64', () => {
  assert.deepEqual(octets('grüß'), [0x67, 0x72, 0xc3, 0xbc, 0xc3, 0x9f]);
  assert.deepEqual(octets('0x00ffA0'), [0, 255, 160]);
  assert.deepEqual(octets('0sAP+g'), [0, 255, 160]);
  assert.deepEqual(octets('0sAP8'), [0, 255]);
  assert.deepEqual(octets('0sAP8='), [0, 255]);
});

test('what is none, without repeating it', () => {
  for (const text of ['', '0x', '0xabc', '0xZZsecret', '0s', '0s***secret', '0sA', '0sAB=', '0sAP8=='])
    assert.equal(parsePsk(text).ok, false, text);
  const read = parsePsk('0xsecretsecret');
  assert.ok(!read.ok && !read.error.includes('secret'));
  assert.equal(parsePsk('a'.repeat(1025)).ok, false);
});

test('short keys get a warning: text below 20 characters, octets below 16', () => {
  const warned = (text: string): boolean => {
    const read = parsePsk(text);
    return read.ok && read.value.warning !== undefined;
  };
  assert.equal(warned('a'.repeat(19)), true);
  assert.equal(warned('a'.repeat(20)), false);
  assert.equal(warned(`0x${'ab'.repeat(15)}`), true);
  assert.equal(warned(`0x${'ab'.repeat(16)}`), false);
});

test('Base64 both ways, and the same as Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const text = printBase64(bytes);
      assert.equal(text, Buffer.from(bytes).toString('base64'));
      assert.deepEqual([...(parseBase64(text) ?? [])], [...bytes]);
    }),
  );
});
