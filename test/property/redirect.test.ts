/** REDIRECT from hostile hands: any octets give a gateway or nothing, and what gives one is said the same way again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalIp, formatIp, parseIp } from '../../engine/base/ip.ts';
import { readRedirect, redirectedFrom, redirectNotify } from '../../engine/ike/parts/redirect.ts';
import { decodeMessage, encodeMessage } from '../../engine/wire/codec.ts';

const octets = (min: number, max: number) => fc.uint8Array({ minLength: min, maxLength: max });
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const name = fc
  .array(label, { minLength: 1, maxLength: 5 })
  .map((labels) => labels.join('.'))
  .filter((text) => canonicalIp(text) === undefined && !/^[0-9.]+$/.test(text));
/** Global ones, of both families. */
const address = fc.oneof(
  fc
    .tuple(fc.integer({ min: 1, max: 126 }), octets(3, 3))
    .map(([a, rest]) => formatIp(Uint8Array.of(a, ...rest))),
  octets(14, 14).map((rest) => formatIp(Uint8Array.of(0x20, 0x01, ...rest))),
);
const target = fc.oneof(
  name.map((text) => ({ kind: 'name' as const, text })),
  address.map((text) => ({ kind: 'address' as const, text })),
);

test('any octets give a gateway that can be spoken to, or nothing', () => {
  const shaped = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.nat(255), octets(0, 300))
    .map(([type, length, rest]) => Uint8Array.of(type, length, ...rest));
  fc.assert(
    fc.property(fc.oneof(octets(0, 400), shaped), (data) => {
      const read = readRedirect(data);
      if (!read) return;
      const { kind, text } = read.target;
      if (kind === 'address') assert.equal(canonicalIp(text), text);
      else assert.match(text, /^[a-z0-9_.-]{1,253}$/);
      assert.ok(read.nonce.length <= 256);
      assert.deepEqual(readRedirect(redirectNotify(read.target, read.nonce).data), read);
    }),
    { numRuns: 2000 },
  );
});

test('what is sent is read, through the codec too', () => {
  fc.assert(
    fc.property(target, octets(16, 64), (wanted, nonce) => {
      const said = redirectNotify(wanted, nonce);
      const header = {
        spiInitiator: '0102030405060708' as never,
        spiResponder: '0000000000000000' as never,
        majorVersion: 2,
        minorVersion: 0,
        exchange: 34,
        response: true,
        initiator: false,
        messageId: 0 as never,
      };
      const [back] = decodeMessage(encodeMessage(header, [said])).payloads;
      assert.deepEqual(back, said);
      assert.deepEqual(readRedirect(said.data), { target: wanted, nonce });
    }),
  );
  fc.assert(
    fc.property(address, (from) => {
      const [said] = redirectedFrom(from);
      assert.deepEqual(readRedirect(said?.data ?? new Uint8Array(0))?.target, {
        kind: 'address',
        text: from,
      });
    }),
  );
});

test('addresses that no gateway has, and names that are addresses, are none', () => {
  const of = (type: number, data: Uint8Array) => readRedirect(Uint8Array.of(type, data.length, ...data));
  const ip = (text: string): Uint8Array => parseIp(text) as Uint8Array;
  for (const text of ['0.0.0.0', '127.0.0.1', '169.254.1.1', '224.0.0.1', '255.255.255.255'])
    assert.equal(of(1, ip(text)), undefined, text);
  for (const text of ['::', '::1', 'fe80::1', 'ff02::1', '::ffff:10.0.0.1'])
    assert.equal(of(2, ip(text)), undefined, text);
  assert.equal(of(1, ip('2001:db8::1')), undefined, 'the length is another family');
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  for (const value of [
    '',
    '10.0.0.1',
    '1.2',
    'a..b',
    '-a',
    'a b',
    'a/b',
    'ä.example',
    'a\0b',
    `${'a'.repeat(64)}.b`,
  ])
    assert.equal(of(3, text(value)), undefined, JSON.stringify(value));
  assert.deepEqual(of(3, text('GW2.Example'))?.target, { kind: 'name', text: 'gw2.example' });
});
