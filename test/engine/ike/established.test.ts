/** Life after the handshake: lifetimes, liveness, deletes, fragments, errors, secrets (RFC 7296 §1.4, §2.4, §2.8; RFC 7383). */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import type { Instant } from '../../../engine/base/brand.ts';
import { toHex, utf8 } from '../../../engine/base/bytes.ts';
import { minutes, seconds } from '../../../engine/base/instant.ts';
import type { CryptoProvider } from '../../../engine/crypto/port.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { AuthMethod } from '../../../engine/wire/registry.ts';
import { childConfig, proposals, seededRandom, selector } from '../../sim/configs.ts';
import { World, type WorldOptions } from '../../sim/world.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const fakeCertificate = (octets: number): Uint8Array => seededRandom('certificate')(octets);

/** Certificates of any size, and real signatures. */
function withCertificates(octets: number, over: WorldOptions = {}): World {
  const chain = [fakeCertificate(octets), fakeCertificate(700)];
  return new World({
    ...over,
    initiator: {
      localAuth: { kind: 'pubkey', chain },
      remoteAuth: { kind: 'pubkey', authorities: seededRandom('ca')(20) },
      ...over.initiator,
    },
    responder: {
      localAuth: { kind: 'pubkey', chain },
      remoteAuth: { kind: 'pubkey', authorities: seededRandom('ca')(20) },
      ...over.responder,
    },
    sign: (_who, effect) => {
      assert.deepEqual(effect.peerHashes, [2, 3, 4, 5]);
      const key = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const data = sign('sha256', effect.octets, { key, dsaEncoding: 'ieee-p1363' });
      return { ok: true, method: AuthMethod.ECDSA_256, data: new Uint8Array(data) };
    },
    verify:
      over.verify ??
      ((_who, effect) => {
        assert.deepEqual(effect.certificates.map(toHex), chain.map(toHex));
        const good = verify(
          'sha256',
          effect.octets,
          { key: publicKey, dsaEncoding: 'ieee-p1363' },
          effect.signature,
        );
        return good
          ? { ok: true, subject: 'test' }
          : {
              ok: false,
              failure: {
                code: 'PEER_AUTHENTICATION_FAILED',
                phase: 'IKE_AUTH',
                message: 'bad',
                authenticated: false,
              },
            };
      }),
  });
}

test('certificates: real signatures over the AUTH octets, chain in order', () => {
  const world = withCertificates(900).connect();
  world.assertSameChildren(1);
  assert.equal(world.sessions.i.view().remoteAuthMethod, AuthMethod.ECDSA_256);
  assert.match(world.exchanges('i')[1] ?? '', /CERTREQ\(X509_SIGNATURE 20B\)/);
});

test('a verdict against the gateway ends with the reason of the verdict, and tells the gateway', () => {
  const world = withCertificates(900, {
    verify: (who) =>
      who === 'r'
        ? { ok: true, subject: 'client' }
        : {
            ok: false,
            failure: {
              code: 'PEER_CERTIFICATE',
              phase: 'IKE_AUTH',
              message: 'expired',
              authenticated: false,
              check: 'expired',
            },
          },
  });
  world.start().run(20_000);
  assert.equal(world.closed('i')?.failure?.check, 'expired');
  assert.equal(world.closed('r')?.failure?.code, 'AUTHENTICATION_FAILED');
});

test('PSK one way, certificate the other', () => {
  const base = withCertificates(900);
  assert.ok(base);
  const world = new World({
    initiator: { remoteAuth: { kind: 'pubkey', authorities: new Uint8Array(0) } },
    responder: { localAuth: { kind: 'pubkey', chain: [fakeCertificate(50)] } },
    sign: (_who, effect) => ({
      ok: true,
      method: AuthMethod.ECDSA_256,
      data: new Uint8Array(sign('sha256', effect.octets, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
    }),
    verify: (_who, effect) => {
      assert.ok(
        verify('sha256', effect.octets, { key: publicKey, dsaEncoding: 'ieee-p1363' }, effect.signature),
      );
      return { ok: true, subject: 'gw' };
    },
  }).connect();
  assert.deepEqual(
    [world.sessions.i.view().localAuthMethod, world.sessions.i.view().remoteAuthMethod],
    [AuthMethod.PSK, AuthMethod.ECDSA_256],
  );
});

test('large messages go in fragments that fit', () => {
  const world = withCertificates(4000).connect();
  assert.ok(world.sent.length >= 10);
  for (const { bytes } of world.sent) assert.ok(bytes.length + 32 <= 1280, `${bytes.length} octets`);
});

test('what does not get through is sent in smaller fragments, both ways', () => {
  const world = withCertificates(4000, { filter: (_from, sent) => sent.bytes.length + 32 <= 600 });
  world.connect();
  assert.ok(world.notes('i').some((n) => n.includes('fragments of 576 octets')));
  // The responder learns the size from the request: its first answer fits already.
  for (const { from, bytes } of world.sent) if (from === 'r') assert.ok(bytes.length + 32 <= 576);
  world.assertSameChildren(1);
});

test('without fragmentation one datagram carries all', () => {
  const world = withCertificates(4000, { responder: { fragmentation: { enabled: false, sizes: [1280] } } });
  world.connect();
  assert.equal(world.sent.length, 4);
  assert.equal(world.sessions.i.view().fragmentation, false);
});

test('lifetimes: children and the IKE SA are rekeyed before their end, for hours', () => {
  const world = new World({ seed: 3 }).connect().run(7 * 3_600_000);
  world.assertSameIke();
  world.assertSameChildren(1);
  assert.ok(world.sessions.i.view().generation >= 2);
  assert.ok((world.sessions.i.view().children[0]?.generation ?? 0) >= 7);
  for (const who of ['i', 'r'] as const)
    assert.ok(!world.of(who, 'remove-child').some((e) => e.reason === 'expired'));
});

test('a soft volume limit rekeys, a hard one deletes and makes anew', () => {
  const world = new World().connect();
  const id = world.sessions.i.view().children[0]?.id ?? 0;
  world.feed('i', { kind: 'traffic', event: 'soft-limit', id });
  world.run(1000);
  const next = world.sessions.i.view().children[0];
  assert.equal(next?.generation, 1);
  world.feed('i', { kind: 'traffic', event: 'hard-limit', id: next?.id ?? 0 });
  world.run(1000);
  world.assertSameChildren(1);
  assert.equal(world.sessions.i.view().children[0]?.generation, 0);
  assert.deepEqual(
    world.of('i', 'remove-child').map((e) => e.reason),
    ['replaced', 'expired'],
  );
});

test('make before break: the responder changes over at the first packet of the new pair', () => {
  const world = new World().connect().hold();
  world.feed('i', { kind: 'command', command: { kind: 'rekey-child', id: 1 } });
  // --> CREATE_CHILD_SA { N(REKEY_SA) … }
  world.deliver('i');
  assert.deepEqual(world.of('r', 'install-child').at(-1)?.pair.outbound, 'later');
  // <-- CREATE_CHILD_SA { … }
  world.deliver('r');
  assert.deepEqual(world.of('i', 'install-child').at(-1)?.pair.outbound, 'now');
  assert.equal(world.of('i', 'remove-child').length, 0);
  world.feed('r', { kind: 'traffic', event: 'first-inbound', id: 2 });
  assert.equal(world.of('r', 'activate-outbound').length, 1);
  // --> INFORMATIONAL { D }
  world.deliver('i');
  world.release().run(1000);
  assert.equal(world.of('r', 'activate-outbound').length, 1);
  assert.deepEqual(
    world.of('i', 'remove-child').map((e) => e.lingerMs),
    [5000],
  );
  assert.deepEqual(
    world.of('r', 'remove-child').map((e) => e.lingerMs),
    [5000],
  );
});

test('the group of a rekey is the one that the peer names', () => {
  const world = new World({
    initiator: { children: [childConfig({ proposals: proposals('esp', 'aes128gcm16-x25519-ecp256') })] },
    responder: {
      children: [
        childConfig({
          proposals: proposals('esp', 'aes128gcm16-ecp256'),
          local: [selector('10.99.0.0/16')],
          remote: ['dynamic'],
        }),
      ],
    },
  }).connect();
  world.feed('i', { kind: 'command', command: { kind: 'rekey-child', id: 1 } });
  world.run(1000);
  world.assertSameChildren(1);
  assert.equal(world.sessions.i.view().children[0]?.keMethod, 19);
});

test('a refused rekey keeps the old pair and is told once', () => {
  const world = new World({
    responder: {
      children: [
        childConfig({
          proposals: proposals('esp', 'aes128gcm16-ecp384'),
          local: [selector('10.99.0.0/16')],
          remote: ['dynamic'],
        }),
      ],
    },
  }).connect();
  world.feed('i', { kind: 'command', command: { kind: 'rekey-child', id: 1 } });
  world.run(60_000);
  world.assertSameChildren(1);
  assert.deepEqual(
    world.of('i', 'child-failed').map((e) => e.failure.code),
    ['NO_PROPOSAL_CHOSEN'],
  );
  assert.equal(world.state('i'), 'ESTABLISHED');
});

test('liveness: only silence asks; no answer is the end', () => {
  const world = new World({ responder: { liveness: { delay: seconds(0) } } }).connect();
  world.feed('i', { kind: 'deadline', lastInbound: world.now as Instant });
  world.run(31_000);
  assert.equal(world.exchanges('i').filter((l) => l.startsWith('INFORMATIONAL request')).length, 1);
  world.filter = () => false;
  world.until(() => world.closed('i') !== undefined);
  assert.equal(world.closed('i')?.failure?.code, 'PEER_GONE');
  assert.deepEqual(world.paths.i.live(), []);
});

test('traffic in place of liveness: the data path has heard the peer', () => {
  const world = new World({ responder: { liveness: { delay: seconds(0) } } }).connect();
  for (let n = 0; n < 10; n++) {
    const due = world.sessions.i.nextDeadline();
    assert.ok(due !== undefined);
    world.now = Math.max(world.now, due);
    world.feed('i', { kind: 'deadline', lastInbound: (world.now - 1000) as Instant });
  }
  assert.equal(world.exchanges('i').filter((l) => l.startsWith('INFORMATIONAL')).length, 0);
});

test('close waits for the answer, but not long', () => {
  const world = new World().connect();
  world.filter = () => false;
  const began = world.now;
  world.feed('i', { kind: 'command', command: { kind: 'close' } });
  assert.equal(world.state('i'), 'DELETING');
  world.until(() => world.closed('i') !== undefined);
  assert.ok(world.now - began <= 3000);
  assert.equal(world.closed('i')?.failure, undefined);
  assert.equal(world.sessions.i.nextDeadline(), undefined);
});

test('close is said again and again, also behind an open request: six losses in a row are not enough', () => {
  for (const open of [false, true]) {
    const world = new World({ responder: { liveness: { delay: seconds(0) } } }).connect();
    let heard = 0;
    world.filter = (from) => from !== 'i' || heard++ > 5;
    if (open) world.feed('i', { kind: 'command', command: { kind: 'rekey-ike' } });
    world.feed('i', { kind: 'command', command: { kind: 'close' } });
    world.until(() => world.closed('i') !== undefined && world.closed('r') !== undefined);
    assert.equal(world.closed('r')?.failure?.code, 'PEER_DELETED');
  }
});

test('close before there are keys ends at once', () => {
  const world = new World({ filter: () => false }).start();
  world.feed('i', { kind: 'command', command: { kind: 'close' } });
  assert.ok(world.closed('i'));
});

test('the end of the IKE SA’s lifetime deletes it', () => {
  const world = new World({
    initiator: {
      lifetime: { lifetime: minutes(10), margin: minutes(1), fuzz: 0 },
      proposals: proposals('ike', 'aes128gcm16-prfsha256-x25519'),
    },
  }).connect();
  // The peer refuses every rekey.
  world.filter = (from, sent) => !(from === 'i' && sent.bytes[18] === 36);
  world.until(() => world.closed('i') !== undefined);
  assert.ok(['PEER_GONE', 'LIFETIME_EXPIRED'].includes(world.closed('i')?.failure?.code ?? ''));
});

test('no note of a whole life has a key, a secret or an AUTH value in it', () => {
  const secrets: Uint8Array[] = [utf8('a shared secret of some length')];
  const spy: CryptoProvider = {
    ...nodeProvider,
    prf: (prf, key, ...data) => {
      const out = nodeProvider.prf(prf, key, ...data);
      secrets.push(key.slice(), out.slice());
      return out;
    },
    cipher: (suite, encr, integ) => {
      secrets.push(encr.slice(), integ.slice());
      return nodeProvider.cipher(suite, encr, integ);
    },
    answerKeyExchange: (method, peer, random) => {
      const answer = nodeProvider.answerKeyExchange(method, peer, random);
      secrets.push(answer.shared.slice());
      return answer;
    },
  };
  const world = new World({ contexts: { i: { crypto: spy }, r: { crypto: spy } } }).connect();
  world.run(4 * 3_600_000);
  world.feed('i', { kind: 'command', command: { kind: 'close' } });
  world.run(5000);
  secrets.push(...world.paths.i.allKeys(), ...world.paths.r.allKeys());
  const log = [...world.effects.i, ...world.effects.r]
    .filter((e) => e.kind !== 'send' && e.kind !== 'install-child')
    .map((e) => JSON.stringify(e))
    .join('\n')
    .toLowerCase();
  assert.ok(secrets.length > 100 && log.length > 10_000);
  for (const secret of secrets)
    for (let at = 0; at + 8 <= secret.length; at += 8) {
      const part = secret.subarray(at, at + 8);
      if (part.every((b) => b === 0)) continue;
      assert.ok(!log.includes(toHex(part)), 'a secret is in the log');
      assert.ok(!log.includes(Array.from(part).join(',')), 'a secret is in an effect');
    }
});
