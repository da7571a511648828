/** Each payload: parse, emit, round trip, and what is refused with which code and field. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../engine/base/bytes.ts';
import { decodePayloads, encodePayloads } from '../../../engine/wire/codec.ts';
import { WireError, type WireErrorCode } from '../../../engine/wire/error.ts';
import type { Payload } from '../../../engine/wire/payloads/types.ts';
import { SAMPLES } from './samples.ts';

const u16 = (n: number): string => n.toString(16).padStart(4, '0');
const framed = (body: string): string => `0000${u16(4 + body.length / 2)}${body}`;
const decodeBody = (type: number, body: string): Payload => {
  const [payload, ...more] = decodePayloads(type, fromHex(framed(body)));
  assert.ok(payload && more.length === 0);
  return payload;
};

for (const { type, body, payload } of SAMPLES) {
  test(`${payload.kind} ${body.slice(0, 16)}: parse and emit`, () => {
    assert.deepEqual(decodeBody(type, body), payload);
    for (const scratch of [undefined, new Uint8Array(1).fill(0xa5), new Uint8Array(512).fill(0xa5)]) {
      const { firstType, bytes } = encodePayloads([payload], scratch);
      assert.deepEqual([firstType, toHex(bytes)], [type, framed(body)]);
    }
  });

  test(`${payload.kind} ${body.slice(0, 16)}: cut anywhere, a value or a WireError`, () => {
    for (let cut = 0; cut < body.length; cut += 2) {
      try {
        decodeBody(type, body.slice(0, cut));
      } catch (error) {
        assert.ok(error instanceof WireError);
      }
    }
  });
}

const refused: readonly (readonly [what: string, type: number, body: string, WireErrorCode, string])[] = [
  ['SA without a proposal', 33, '', 'truncated', 'SA.proposal.more'],
  ['SA with an ESP SPI of 3 octets', 33, '0000000b01030300010203', 'bad-length', 'SA.proposal.spiSize'],
  ['SA with an IKE SPI of 4 octets', 33, '0000000c0101040001020304', 'bad-length', 'SA.proposal.spiSize'],
  ['SA whose proposal is longer than it', 33, '000000ff01010000', 'truncated', 'SA.proposal'],
  ['SA with fewer transforms than it counts', 33, '0000000801010001', 'truncated', 'SA.transform.more'],
  [
    'SA with more transforms than it counts',
    33,
    '00000010010100000000000803000001',
    'trailing',
    'SA.proposal',
  ],
  [
    'SA whose only transform says that more follow',
    33,
    '00000010010100010300000801000001',
    'bad-value',
    'SA.transform.more',
  ],
  ['SA with a proposal after the last', 33, '00000008010100000000000802010000', 'trailing', 'SA'],
  ['SA with an odd Last Substruc', 33, '0100000801010000', 'bad-value', 'SA.proposal.more'],
  [
    'SA with two key lengths',
    33,
    '00000018010100010000001001000014800e0080800e0100',
    'bad-value',
    'SA.transform.keyLength',
  ],
  [
    'SA with 17 attributes',
    33,
    `00000054010100010000004c0100000c${'80010001'.repeat(17)}`,
    'too-many',
    'SA.transform.attributes',
  ],
  ['SA with 129 proposals', 33, `${'0200000801010000'.repeat(129)}`, 'too-many', 'SA.proposals'],
  ['IPv4 identity of 5 octets', 35, '01000000c000020100', 'bad-length', 'IDi.data'],
  ['IPv6 identity of 4 octets', 36, '05000000c0000201', 'bad-length', 'IDr.data'],
  ['Nonce of 15 octets', 40, '22'.repeat(15), 'bad-length', 'Nonce.data'],
  ['Nonce of 257 octets', 40, '22'.repeat(257), 'bad-length', 'Nonce.data'],
  ['Notify with a cut SPI', 41, '03044009010203', 'truncated', 'Notify.spi'],
  ['Delete of ESP with SPIs of 8 octets', 42, '030800010102030405060708', 'bad-length', 'Delete.spiSize'],
  ['Delete of many SPIs without a size', 42, '0900ffff', 'bad-value', 'Delete.spiCount'],
  ['Delete of 1025 SPIs', 42, `03040401${'01020304'.repeat(1025)}`, 'too-many', 'Delete.spiCount'],
  ['Delete with octets left over', 42, '0304000101020304ff', 'trailing', 'Delete'],
  ['TS with a wrong length for IPv4', 44, `0100000007000014${'00'.repeat(16)}`, 'bad-length', 'TSi.length'],
  ['TS that counts one too many', 44, '0200000007000010000000000000000000000000', 'truncated', 'TSi.type'],
  ['TS with octets left over', 45, '0000000001', 'trailing', 'TSr'],
  ['TS with descending addresses', 44, '01000000070000100000ffff0a0000ff0a000000', 'bad-value', 'TSi.end'],
  ['TS with descending ports', 44, '0100000007060010005000100a0000000a0000ff', 'bad-value', 'TSi.endPort'],
  ['CP with a cut attribute', 47, '01000000000100040a00', 'truncated', 'CP.attribute.value'],
  ['CP with 513 attributes', 47, `01000000${'00010000'.repeat(513)}`, 'too-many', 'CP.attributes'],
  ['EAP whose length is not its own', 48, '0105000601', 'bad-length', 'EAP.length'],
  ['EAP of three octets', 48, '010500', 'truncated', 'EAP.packet'],
  ['SK inside', 46, '0000', 'misplaced', 'payload.type'],
];

for (const [what, type, body, code, field] of refused)
  test(`refused: ${what}`, () => {
    assert.throws(
      () => decodeBody(type, body),
      (error) =>
        error instanceof WireError &&
        assert.deepEqual([error.code, error.field], [code, field]) === undefined,
    );
  });

test('OPAQUE ports are a value', () => {
  const ts = decodeBody(44, '01000000070600' + '10ffff00000a0000000a0000ff');
  assert.ok(ts.kind === 'TSi' && ts.selectors[0]?.startPort === 0xffff && ts.selectors[0].endPort === 0);
});

test('reserved bits are ignored', () => {
  const clean = decodeBody(39, '02000000aa');
  assert.deepEqual(decodeBody(39, '02ffffffaa'), clean);
  const cp = decodeBody(47, '01ffffff80010000');
  assert.ok(cp.kind === 'CP' && cp.attributes[0]?.type === 1);
  assert.deepEqual(decodePayloads(39, fromHex('007f000902000000aa')), [clean]);
});

test('the critical bit is kept on what is not known here, and ignored on what is', () => {
  assert.deepEqual(decodePayloads(200, fromHex('00800005c0')), [
    { kind: 'Unknown', type: 200, critical: true, body: fromHex('c0') },
  ]);
  assert.deepEqual(decodePayloads(43, fromHex('00800005c0')), [{ kind: 'Vendor', data: fromHex('c0') }]);
});

test('what does not fit its field is a RangeError', () => {
  const bad: readonly Payload[] = [
    { kind: 'Nonce', data: new Uint8Array(15) },
    { kind: 'KE', method: 65536, data: new Uint8Array(1) },
    { kind: 'AUTH', method: -1, data: new Uint8Array(1) },
    { kind: 'Vendor', data: new Uint8Array(65532) },
    { kind: 'EAP', packet: fromHex('01050006') },
    { kind: 'Unknown', type: 0, critical: false, body: new Uint8Array(0) },
    { kind: 'Unknown', type: 33, critical: false, body: new Uint8Array(0) },
    { kind: 'Delete', protocol: 3, spis: [new Uint8Array(4), new Uint8Array(8)] },
    { kind: 'CP', cfgType: 1, attributes: [{ type: 0x8000, value: new Uint8Array(0) }] },
    {
      kind: 'TSi',
      selectors: [
        { protocol: 0, startPort: 0, endPort: 65535, start: new Uint8Array(4), end: new Uint8Array(16) },
      ],
    },
  ];
  for (const payload of bad) assert.throws(() => encodePayloads([payload]), RangeError, payload.kind);
});
