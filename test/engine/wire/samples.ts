/** One payload of each kind with the octets of its body, written down by hand from RFC 7296 §3. */
import { fromHex } from '../../../engine/base/bytes.ts';
import type { Payload } from '../../../engine/wire/payloads/types.ts';

export interface Sample {
  readonly type: number;
  readonly body: string;
  readonly payload: Payload;
}

export const SAMPLES: readonly Sample[] = [
  {
    type: 33,
    // one ESP proposal: AES-GCM-16 256 with an unknown TV and TLV attribute, then ESN
    body: '0000002a010304020a0b0c0d0300001601000014800e0100802a00070030000201ff0000000805000001',
    payload: {
      kind: 'SA',
      proposals: [
        {
          number: 1,
          protocol: 3,
          spi: fromHex('0a0b0c0d'),
          transforms: [
            {
              type: 1,
              id: 20,
              keyLength: 256,
              otherAttributes: [
                { type: 0x2a, value: 7 },
                { type: 0x30, value: fromHex('01ff') },
              ],
            },
            { type: 5, id: 1 },
          ],
        },
      ],
    },
  },
  {
    type: 34,
    body: '001f0000aabbcc',
    payload: { kind: 'KE', method: 31, data: fromHex('aabbcc') },
  },
  { type: 35, body: '01000000c0000201', payload: { kind: 'IDi', idType: 1, data: fromHex('c0000201') } },
  { type: 36, body: '0200000067772e74', payload: { kind: 'IDr', idType: 2, data: fromHex('67772e74') } },
  { type: 37, body: '043000', payload: { kind: 'CERT', encoding: 4, data: fromHex('3000') } },
  {
    type: 38,
    body: `04${'11'.repeat(20)}`,
    payload: { kind: 'CERTREQ', encoding: 4, authorities: fromHex('11'.repeat(20)) },
  },
  { type: 39, body: '0e000000beef', payload: { kind: 'AUTH', method: 14, data: fromHex('beef') } },
  { type: 40, body: '22'.repeat(16), payload: { kind: 'Nonce', data: fromHex('22'.repeat(16)) } },
  {
    type: 41,
    body: '0304400901020304',
    payload: { kind: 'Notify', protocol: 3, spi: fromHex('01020304'), type: 16393, data: fromHex('') },
  },
  {
    type: 42,
    body: '030400020102030405060708',
    payload: { kind: 'Delete', protocol: 3, spis: [fromHex('01020304'), fromHex('05060708')] },
  },
  { type: 42, body: '01000000', payload: { kind: 'Delete', protocol: 1, spis: [] } },
  { type: 43, body: '882fe5', payload: { kind: 'Vendor', data: fromHex('882fe5') } },
  {
    type: 44,
    // IPv4 TCP/80 of 10.0.0.0-10.0.0.255, and one of type 9, which is not known here
    body: '02000000' + '0706001000500050' + '0a0000000a0000ff' + '0900000c1122334455667788',
    payload: {
      kind: 'TSi',
      selectors: [
        { protocol: 6, startPort: 80, endPort: 80, start: fromHex('0a000000'), end: fromHex('0a0000ff') },
      ],
      unknown: [fromHex('0900000c1122334455667788')],
    },
  },
  {
    type: 45,
    body: `01000000080000280000ffff${'00'.repeat(16)}${'ff'.repeat(16)}`,
    payload: {
      kind: 'TSr',
      selectors: [
        {
          protocol: 0,
          startPort: 0,
          endPort: 65535,
          start: new Uint8Array(16),
          end: fromHex('ff'.repeat(16)),
        },
      ],
    },
  },
  {
    type: 47,
    body: '01000000' + '00010000' + '000300040a000001',
    payload: {
      kind: 'CP',
      cfgType: 1,
      attributes: [
        { type: 1, value: fromHex('') },
        { type: 3, value: fromHex('0a000001') },
      ],
    },
  },
  { type: 48, body: '0105000501', payload: { kind: 'EAP', packet: fromHex('0105000501') } },
  {
    type: 200,
    body: 'c0ffee',
    payload: { kind: 'Unknown', type: 200, critical: false, body: fromHex('c0ffee') },
  },
];
