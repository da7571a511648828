/** Answers that are refused whole: critical payloads that nobody knows (RFC 7296 §2.5), certificates behind a URL (§3.6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { linkedCertificate } from '../../../engine/ike/parts/cert.ts';
import { decodeMessage, encodeMessage } from '../../../engine/wire/codec.ts';
import type { Payload } from '../../../engine/wire/payloads/types.ts';
import { World } from '../../sim/world.ts';

const STRANGE = { kind: 'Unknown' as const, type: 99, critical: true, body: utf8('?') };

function answered(payload: Payload): World {
  const world: World = new World({
    filter: (from, sent) => {
      const message = decodeMessage(sent.bytes);
      if (from !== 'r' || message.exchange !== 34 || message.payloads.some((p) => p.kind === 'Unknown'))
        return true;
      const bytes = encodeMessage(message, [...message.payloads, payload]);
      world.arrive('r', { ...sent, bytes });
      return false;
    },
  });
  return world;
}

test('IKE_SA_INIT: an unknown critical payload is refused, one that is not critical is passed over', () => {
  const critical = answered(STRANGE);
  critical.start().run(30_000);
  assert.equal(critical.closed('i')?.failure?.code, 'UNSUPPORTED_CRITICAL_PAYLOAD');
  const harmless = answered({ ...STRANGE, critical: false });
  harmless.start().run(1000);
  // IKE_SA_INIT is signed octet for octet, so that the change is found out later on.
  assert.notEqual(harmless.closed('i')?.failure?.code, 'UNSUPPORTED_CRITICAL_PAYLOAD');
  assert.ok(
    harmless.exchanges('i').some((line) => line.startsWith('IKE_AUTH request')),
    'IKE_AUTH was sent',
  );
});

test('a certificate behind a URL is named, and one beside it is enough', () => {
  const cert = (encoding: number): Payload => ({ kind: 'CERT', encoding, data: utf8('x') });
  assert.match(linkedCertificate([cert(12)]) ?? '', /hash and a URL \(encoding 12\)/);
  assert.match(linkedCertificate([cert(13)]) ?? '', /encoding 13/);
  assert.equal(linkedCertificate([cert(12), cert(4)]), undefined);
  assert.equal(linkedCertificate([]), undefined);
});
