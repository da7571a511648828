/** Answers that are refused whole: critical payloads that nobody knows (RFC 7296 §2.5), certificates behind a URL (§3.6). */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { utf8 } from '../../../engine/base/bytes.ts';
import { linkedCertificate } from '../../../engine/ike/parts/cert.ts';
import { Protection } from '../../../engine/ike/sealed.ts';
import { decodeMessage, encodeMessage } from '../../../engine/wire/codec.ts';
import type { Payload } from '../../../engine/wire/payloads/types.ts';
import { CertEncoding, Exchange, NotifyType } from '../../../engine/wire/registry.ts';
import { World } from '../../sim/world.ts';

const STRANGE = { kind: 'Unknown' as const, type: 99, critical: true, body: utf8('?') };

/** Changes what is sealed into the answers of one exchange. */
function inside(t: TestContext, exchange: number, change: (payloads: readonly Payload[]) => Payload[]): void {
  const { protect } = Protection.prototype;
  t.after(() => {
    Protection.prototype.protect = protect;
  });
  Protection.prototype.protect = function (this: Protection, header, payloads, ...rest) {
    const own = header.response && header.exchange === exchange;
    return protect.call(this, header, own ? change(payloads) : payloads, ...rest);
  };
}

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

test('a gateway that sends a hash and a URL all the same is refused by name, and nobody asked for it', (t) => {
  inside(t, Exchange.IKE_AUTH, (payloads) =>
    payloads.map((p) => (p.kind === 'CERT' ? { ...p, encoding: CertEncoding.HASH_AND_URL_CERT } : p)),
  );
  const chain = { kind: 'pubkey', chain: [utf8('a certificate')] } as const;
  const trust = { kind: 'pubkey', authorities: new Uint8Array(20) } as const;
  const world = new World({
    initiator: { remoteAuth: trust },
    responder: { localAuth: chain },
    sign: () => ({ ok: true, method: 14, data: Uint8Array.of(1) }),
    verify: () => ({ ok: true, subject: 'never asked' }),
  }).start();
  world.run(30_000);
  const failure = world.closed('i')?.failure;
  assert.equal(failure?.code, 'PEER_CERTIFICATE');
  assert.match(failure?.message ?? '', /hash and a URL \(encoding 12\)/);
  assert.equal(world.of('i', 'verify-peer').length, 0);
  const lookUps = world
    .of('i', 'message')
    .flatMap(({ payloads }) => payloads)
    .filter((p) => p.kind === 'Notify' && p.type === NotifyType.HTTP_CERT_LOOKUP_SUPPORTED);
  assert.deepEqual(lookUps, []);
});

for (const [name, exchange] of [
  ['IKE_AUTH', Exchange.IKE_AUTH],
  ['CREATE_CHILD_SA', Exchange.CREATE_CHILD_SA],
  ['INFORMATIONAL', Exchange.INFORMATIONAL],
] as const)
  test(`${name}: an unknown critical payload in the sealed answer ends the connection by name`, (t) => {
    let strange = name === 'IKE_AUTH';
    inside(t, exchange, (payloads) => (strange ? [...payloads, STRANGE] : [...payloads]));
    const world = new World();
    if (strange) world.start().run(30_000);
    else {
      world.connect();
      strange = true;
      const command = name === 'INFORMATIONAL' ? 'probe' : 'rekey-ike';
      world.feed('i', { kind: 'command', command: { kind: command } });
      world.run(30_000);
    }
    const failure = world.closed('i')?.failure;
    assert.equal(failure?.code, 'UNSUPPORTED_CRITICAL_PAYLOAD');
    assert.match(failure?.message ?? '', /unknown type 99/);
    assert.equal(failure?.authenticated, true);
  });
