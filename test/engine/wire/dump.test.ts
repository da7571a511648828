/** The one-line form: exact text of real messages, and no way for a peer to forge a line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, utf8 } from '../../../engine/base/bytes.ts';
import { decodeMessage, decodePayloads } from '../../../engine/wire/codec.ts';
import { dumpMessage, payloadText, selectorText } from '../../../engine/wire/dump.ts';
import { ikeMessageHex, loadCapture } from '../../vectors/captures/load.ts';

const capture = loadCapture('psk-gcm');
const messages = capture.datagrams
  .filter((d) => d.kind === 'ike')
  .map((d) => decodeMessage(fromHex(ikeMessageHex(d))));

const line = (n: number): string => {
  const m = messages[n];
  assert.ok(m);
  const inside = capture.insides.find((i) => i.messageId === m.messageId && i.response === m.response);
  return dumpMessage(
    m,
    m.payloads,
    inside && m.messageId > 0 ? decodePayloads(inside.firstInner, fromHex(inside.hex)) : undefined,
  );
};

test('IKE_SA_INIT', () => {
  assert.equal(
    line(0),
    'IKE_SA_INIT request 0 I→ 1033b2985a3caad8:0000000000000000 [SA(IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384) KE(ECP_384 96B) Nonce(32B) N(NAT_DETECTION_SOURCE_IP 20B) N(NAT_DETECTION_DESTINATION_IP 20B) N(IKEV2_FRAGMENTATION_SUPPORTED) N(SIGNATURE_HASH_ALGORITHMS 8B) N(REDIRECT_SUPPORTED) Vendor(16B)]',
  );
});

test('IKE_AUTH', () => {
  assert.equal(
    line(3),
    'IKE_AUTH response 1 R→ 1033b2985a3caad8:c2f0b2fa3a70bf07 [SK{IDr(FQDN gw.kit.test) AUTH(PSK) CP(REPLY INTERNAL_IP4_ADDRESS=10.98.0.10 INTERNAL_IP4_DNS=10.99.0.53) SA(ESP.5d1262ed:AES_GCM_16_256/NO_ESN) TSi(10.98.0.10/32) TSr(10.99.0.0/24) N(MOBIKE_SUPPORTED) N(ADDITIONAL_IP4_ADDRESS 4B) N(ADDITIONAL_IP6_ADDRESS 16B) N(ADDITIONAL_IP6_ADDRESS 16B)}]',
  );
});

test('text of the peer neither breaks the line nor fills it', () => {
  const text = payloadText({ kind: 'IDi', idType: 2, data: utf8('a\r\nIKE_AUTH [x] ‮é') });
  assert.match(text, /^IDi\(FQDN [!-~]+\)$/);
  assert.ok(!text.slice(10, -1).includes('['));
  assert.ok(payloadText({ kind: 'IDr', idType: 3, data: new Uint8Array(9000).fill(0x61) }).length < 120);
  const selectors = Array.from({ length: 255 }, () => ({
    protocol: 0,
    startPort: 0,
    endPort: 65535,
    start: Uint8Array.of(10, 0, 0, 0),
    end: Uint8Array.of(10, 255, 255, 255),
  }));
  assert.match(payloadText({ kind: 'TSr', selectors }), /\+239\)$/);
});

test('selectors', () => {
  const start = Uint8Array.of(10, 0, 0, 1);
  const end = Uint8Array.of(10, 0, 0, 9);
  const text = (protocol: number, startPort: number, endPort: number): string =>
    selectorText({ protocol, startPort, endPort, start, end });
  assert.equal(text(0, 0, 65535), '10.0.0.1-10.0.0.9');
  assert.equal(text(6, 80, 80), '10.0.0.1-10.0.0.9[6/80]');
  assert.equal(text(17, 1, 9), '10.0.0.1-10.0.0.9[17/1-9]');
  assert.equal(text(6, 65535, 0), '10.0.0.1-10.0.0.9[6/opaque]');
  assert.equal(text(1, 0, 65535), '10.0.0.1-10.0.0.9[1]');
});

test('code points that are not known here keep their numbers', () => {
  assert.equal(
    payloadText({
      kind: 'SA',
      proposals: [
        {
          number: 1,
          protocol: 3,
          spi: fromHex('c1a2b3d4'),
          transforms: [
            { type: 1, id: 20, keyLength: 256 },
            { type: 5, id: 1 },
            { type: 4, id: 999 },
          ],
        },
      ],
    }),
    'SA(ESP.c1a2b3d4:AES_GCM_16_256/ESN/KE.999)',
  );
  assert.equal(
    payloadText({
      kind: 'Notify',
      protocol: 0,
      spi: new Uint8Array(0),
      type: 40961,
      data: new Uint8Array(2),
    }),
    'N(40961 2B)',
  );
});
