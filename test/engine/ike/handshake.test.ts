/** IKE_SA_INIT and IKE_AUTH, message by message (RFC 7296 §1.2, §2.6, §2.7, §2.15, §2.19, §2.23). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../engine/base/brand.ts';
import { utf8 } from '../../../engine/base/bytes.ts';
import { Secret } from '../../../engine/base/secret.ts';
import { CookieJar } from '../../../engine/ike/parts/cookie.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { decodeMessage, encodeMessage } from '../../../engine/wire/codec.ts';
import { notify } from '../../../engine/wire/find.ts';
import { NotifyType } from '../../../engine/wire/registry.ts';
import { CLIENT_PATH, childConfig, fqdn, proposals, seededRandom, selector } from '../../sim/configs.ts';
import { World } from '../../sim/world.ts';

const kinds = (line: string | undefined): string => (line ?? '').replace(/\([^)]*\)/g, '');

test('PSK with a virtual address: four messages, then both are ESTABLISHED', () => {
  const world = new World().connect();
  assert.deepEqual(world.exchanges('i').map(kinds), [
    // --> IKE_SA_INIT
    'IKE_SA_INIT request 0 [SA KE Nonce N N N N]',
    // <-- IKE_SA_INIT
    'IKE_SA_INIT response 0 [SA KE Nonce N N N N N]',
    // --> IKE_AUTH
    'IKE_AUTH request 1 [SK{IDi N IDr AUTH CP SA TSi TSr}]',
    // <-- IKE_AUTH
    'IKE_AUTH response 1 [SK{IDr AUTH CP SA TSi TSr}]',
  ]);
  world.assertSameIke();
  world.assertSameChildren(1);
  assert.deepEqual(world.of('i', 'assigned')[0]?.assigned, {
    addresses: [{ address: '10.98.0.5', length: 32 }],
    dns: ['10.99.0.53'],
    subnets: [{ address: '10.99.0.0', length: 16 }],
    domains: ['corp.culvert.test'],
  });
  const order = world.effects.i.map((e) => e.kind).filter((k) => !['note', 'message', 'send'].includes(k));
  assert.deepEqual(order, ['state', 'path', 'assigned', 'install-child', 'state']);
  const child = world.sessions.i.view().children[0];
  assert.deepEqual(child?.local, [selector('10.98.0.5/32')]);
  assert.equal(child?.narrowed, false);
  assert.equal(child?.keMethod, 0);
});

test('from port 500: without marker first, then 4500 with it', () => {
  const path = { local: { address: '192.0.2.10', port: 500 }, remote: { address: '192.0.2.1', port: 500 } };
  const world = new World({ path }).connect();
  assert.deepEqual(
    world.sent.map((s) => [s.from, s.encapsulated]),
    [
      ['i', false],
      ['r', false],
      ['i', true],
      ['r', true],
    ],
  );
  assert.equal(world.sessions.i.view().path?.remote.port, 4500);
});

test('encapsulation: forced shows a NAT to the peer, auto does not', () => {
  const forced = new World({ responder: { encapsulation: 'auto' } }).connect();
  assert.deepEqual(forced.sessions.r.view().nat, { local: false, remote: true, forced: false });
  assert.deepEqual(forced.sessions.i.view().nat, { local: false, remote: false, forced: true });
  const auto = new World({
    initiator: { encapsulation: 'auto' },
    responder: { encapsulation: 'auto' },
  }).connect();
  assert.deepEqual(auto.sessions.r.view().nat, { local: false, remote: false, forced: false });
});

test('a cookie is sent back, first of all payloads, and AUTH covers the second request', () => {
  const jar = new CookieJar(nodeProvider, seededRandom('jar'));
  let demanded = 0;
  const world: World = new World({
    filter: (from, sent) => {
      if (from !== 'i') return true;
      const answer = jar.demand(sent.bytes, { address: '192.0.2.10', port: 4500 }, world.now as Instant);
      if (!answer) return true;
      demanded++;
      world.arrive('r', {
        bytes: answer,
        path: { local: sent.path.remote, remote: sent.path.local },
        encapsulated: true,
      });
      return false;
    },
  });
  world.connect();
  assert.equal(demanded, 1);
  assert.match(world.exchanges('i')[2] ?? '', /^IKE_SA_INIT request 0 \[N\(COOKIE 33B\) SA/);
  world.assertSameChildren(1);
});

test('a gateway that asks for cookies without end is given up', () => {
  const world: World = new World({
    filter: (from, sent) => {
      if (from !== 'i') return true;
      const message = decodeMessage(sent.bytes);
      const answer = encodeMessage({ ...message, response: true, initiator: false }, [
        notify(NotifyType.COOKIE, seededRandom(`${world.sent.length}`)(16)),
      ]);
      world.arrive('r', {
        bytes: answer,
        path: { local: sent.path.remote, remote: sent.path.local },
        encapsulated: true,
      });
      return false;
    },
  });
  world.start().run(120_000);
  assert.equal(world.closed('i')?.failure?.code, 'PROTOCOL_ERROR');
  assert.ok(world.sent.length <= 6, `${world.sent.length} datagrams`);
});

test('INVALID_KE_PAYLOAD: the group asked for is taken, the offer stays whole', () => {
  const both = proposals('ike', 'aes128gcm16-prfsha256-x25519-ecp256');
  const only = proposals('ike', 'aes128gcm16-prfsha256-ecp256');
  const world = new World({ initiator: { proposals: both }, responder: { proposals: only } }).connect();
  const lines = world.exchanges('i');
  assert.match(lines[0] ?? '', /CURVE25519\/ECP_256\) KE\(CURVE25519/);
  assert.match(lines[1] ?? '', /N\(INVALID_KE_PAYLOAD 2B\)/);
  assert.match(lines[2] ?? '', /CURVE25519\/ECP_256\) KE\(ECP_256/);
  assert.equal(world.sessions.i.view().suite?.keMethod, 19);
});

test('INVALID_KE_PAYLOAD for a group that was not offered is only a hint', () => {
  const world: World = new World({
    filter: (from, sent) => {
      if (from !== 'i' || world.sent.length > 1) return true;
      const message = decodeMessage(sent.bytes);
      world.arrive('r', {
        bytes: encodeMessage({ ...message, response: true, initiator: false }, [
          notify(NotifyType.INVALID_KE_PAYLOAD, Uint8Array.of(0, 14)),
        ]),
        path: { local: sent.path.remote, remote: sent.path.local },
        encapsulated: true,
      });
      return true;
    },
  });
  world.connect();
  world.assertSameChildren(1);
});

test('no common proposal: the refusal is reported soon, and as not authenticated', () => {
  const world = new World({ responder: { proposals: proposals('ike', 'aes256gcm16-prfsha384-ecp384') } });
  const began = world.now;
  world.start().until(() => world.closed('i') !== undefined);
  assert.deepEqual(
    [
      world.closed('i')?.failure?.code,
      world.closed('i')?.failure?.authenticated,
      world.closed('i')?.failure?.phase,
    ],
    ['NO_PROPOSAL_CHOSEN', false, 'IKE_SA_INIT'],
  );
  assert.ok(world.now - began <= 1100);
  assert.equal(world.closed('r')?.failure?.code, 'NO_PROPOSAL_CHOSEN');
});

test('a forged refusal does not keep the genuine answer out', () => {
  const world: World = new World({
    filter: (from, sent) => {
      if (from !== 'i' || world.sent.length > 1) return true;
      const message = decodeMessage(sent.bytes);
      for (const type of [NotifyType.NO_PROPOSAL_CHOSEN, NotifyType.AUTHENTICATION_FAILED])
        world.arrive('r', {
          bytes: encodeMessage({ ...message, response: true, initiator: false }, [notify(type)]),
          path: { local: sent.path.remote, remote: sent.path.local },
          encapsulated: true,
        });
      return true;
    },
  });
  world.connect();
  world.assertSameChildren(1);
});

test('wrong secret: the responder refuses, and says so', () => {
  const other = new Secret(utf8('another secret'));
  const world = new World({
    responder: { remoteAuth: { kind: 'psk', secret: () => other, authorities: new Uint8Array(0) } },
  });
  world.start().run(20_000);
  assert.equal(world.closed('i')?.failure?.code, 'AUTHENTICATION_FAILED');
  assert.equal(world.closed('r')?.failure?.code, 'PEER_AUTHENTICATION_FAILED');
  assert.equal(world.of('i', 'install-child').length + world.of('r', 'install-child').length, 0);
});

test('a gateway with another secret is refused and told', () => {
  const other = new Secret(utf8('another secret'));
  const world = new World({ responder: { localAuth: { kind: 'psk', secret: other } } });
  world.start().run(20_000);
  assert.equal(world.closed('i')?.failure?.code, 'PEER_AUTHENTICATION_FAILED');
  // --> INFORMATIONAL { N(AUTHENTICATION_FAILED) }
  assert.match(
    world.exchanges('r').at(-2) ?? '',
    /^INFORMATIONAL request 2 \[SK\{N\(AUTHENTICATION_FAILED\)\}\]/,
  );
  assert.ok(world.closed('r'));
  assert.equal(world.of('i', 'install-child').length, 0);
});

test('a gateway with another name is refused', () => {
  const world = new World({ responder: { localId: fqdn('other.culvert.test') } });
  world.start().run(20_000);
  const failure = world.closed('i')?.failure;
  assert.equal(failure?.code, 'PEER_IDENTITY_MISMATCH');
  assert.match(failure?.message ?? '', /other\.culvert\.test, not gw\.culvert\.test/);
});

test('method PSK where a certificate is demanded is refused', () => {
  const world = new World({
    initiator: { remoteAuth: { kind: 'pubkey', authorities: new Uint8Array(20) } },
    verify: () => ({ ok: true, subject: 'whoever' }),
  });
  world.start().run(20_000);
  assert.equal(world.closed('i')?.failure?.code, 'PEER_AUTHENTICATION_FAILED');
});

for (const [what, responder, code] of [
  ['selectors', { children: [childConfig({ local: [selector('172.16.0.0/12')] })] }, 'TS_UNACCEPTABLE'],
  [
    'ESP proposals',
    {
      children: [
        childConfig({ proposals: proposals('esp', 'aes256gcm16'), local: [selector('10.99.0.0/16')] }),
      ],
    },
    'NO_PROPOSAL_CHOSEN',
  ],
] as const)
  test(`${what} that do not meet: the peer's proof is checked, then all ends with the reason`, () => {
    const world = new World({ responder });
    world.start().run(20_000);
    const failure = world.closed('i')?.failure;
    assert.deepEqual([failure?.code, failure?.authenticated, failure?.phase], [code, true, 'IKE_AUTH']);
    assert.equal(world.closed('r')?.failure?.code, 'PEER_DELETED');
    assert.equal(world.of('i', 'install-child').length, 0);
  });

test('an empty pool: INTERNAL_ADDRESS_FAILURE', () => {
  const world = new World({ contexts: { r: { assign: () => undefined } } });
  world.start().run(20_000);
  const failure = world.closed('i')?.failure;
  assert.deepEqual([failure?.code, failure?.authenticated], ['INTERNAL_ADDRESS_FAILURE', true]);
});

test('nobody answers: after the last wait the reason names peer, sends and time', () => {
  const world = new World({ filter: () => false });
  world.start().until(() => world.closed('i') !== undefined);
  const failure = world.closed('i')?.failure;
  assert.equal(failure?.code, 'NO_ANSWER');
  assert.match(failure?.message ?? '', /^no answer from 192\.0\.2\.1:4500 after 6 sends in \d+ s$/);
  assert.equal(world.sent.length, 6);
  assert.deepEqual(new Set(world.sent.map((s) => Buffer.from(s.bytes).toString('hex'))).size, 1);
});

test('narrowing is accepted and reported', () => {
  const world = new World({
    initiator: { children: [childConfig({ remote: [selector('10.0.0.0/8')] })] },
  }).connect();
  const child = world.sessions.i.view().children[0];
  assert.equal(child?.narrowed, true);
  assert.deepEqual(child?.remote, [selector('10.99.0.0/16')]);
});

test('without virtual address `dynamic` is the outer one; ESN is agreed on', () => {
  const world = new World({
    initiator: {
      virtualIp: { ipv4: false, ipv6: false, dns: false },
      children: [childConfig({ proposals: proposals('esp', 'aes128-sha256-esn') })],
    },
    responder: {
      children: [
        childConfig({
          proposals: proposals('esp', 'aes128-sha256-esn-noesn'),
          local: [selector('10.99.0.0/16')],
          remote: ['dynamic'],
        }),
      ],
    },
  }).connect();
  const child = world.sessions.i.view().children[0];
  assert.deepEqual(child?.local, [selector(`${CLIENT_PATH.local.address}/32`)]);
  assert.equal(child?.esn, true);
  world.assertSameChildren(1);
});

test('further children of the configuration follow by CREATE_CHILD_SA', () => {
  const second = childConfig({ name: 'lab', remote: [selector('10.77.0.0/16')] });
  const world = new World({
    initiator: { children: [childConfig(), second] },
    responder: {
      children: [
        childConfig({ local: [selector('10.99.0.0/16')], remote: ['dynamic'] }),
        childConfig({ name: 'lab', local: [selector('10.77.0.0/16')], remote: ['dynamic'] }),
      ],
    },
  }).connect();
  world.assertSameChildren(2);
  assert.deepEqual(
    world.sessions.r.view().children.map((c) => c.name),
    ['net', 'lab'],
  );
  assert.equal(world.sessions.i.view().children[1]?.keMethod, 31);
});
