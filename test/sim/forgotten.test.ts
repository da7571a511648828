/** Signs that the peer has forgotten us (RFC 7296 §1.5, §2.21.4): asked about once in a while, believed never. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant, MessageId } from '../../engine/base/brand.ts';
import { ZERO_IKE_SPI } from '../../engine/base/brand.ts';
import { u32 } from '../../engine/base/bytes.ts';
import { UnknownAnswers } from '../../engine/gateway/unknown.ts';
import { Protection } from '../../engine/ike/sealed.ts';
import { isStray } from '../../engine/tunnel/demux.ts';
import { decodeMessage, encodeMessage } from '../../engine/wire/codec.ts';
import { findNotify, notify } from '../../engine/wire/find.ts';
import type { Header } from '../../engine/wire/message.ts';
import { Exchange, NotifyType } from '../../engine/wire/registry.ts';
import { CLIENT_PATH } from './configs.ts';
import { CLIENT, PASSWORD, SERVER, tunnelWorld, USER } from './tunnel-world.ts';
import { World } from './world.ts';

const STRAY: Header = {
  spiInitiator: ZERO_IKE_SPI,
  spiResponder: ZERO_IKE_SPI,
  majorVersion: 2,
  minorVersion: 0,
  exchange: Exchange.INFORMATIONAL,
  response: false,
  initiator: true,
  messageId: 0 as MessageId,
};

function invalidSpi(world: World, spi: number, from = CLIENT_PATH.remote.address): void {
  const bytes = encodeMessage(STRAY, [notify(NotifyType.INVALID_SPI, u32(spi))]);
  const path = { local: CLIENT_PATH.local, remote: { ...CLIENT_PATH.remote, address: from } };
  world.feed('i', { kind: 'datagram', bytes, path, encapsulated: true });
}

/** An answer in the clear to what was sent with this ID. */
function invalidIkeSpi(world: World, messageId: number): void {
  const { spiInitiator, spiResponder } = world.sessions.i.view();
  const header = { ...STRAY, spiInitiator, spiResponder, response: true, initiator: false };
  const bytes = encodeMessage({ ...header, messageId: messageId as MessageId }, [
    notify(NotifyType.INVALID_IKE_SPI),
  ]);
  world.feed('i', { kind: 'datagram', bytes, path: CLIENT_PATH, encapsulated: true });
}

const asked = (world: World): number =>
  world.exchanges('i').filter((line) => line.startsWith('INFORMATIONAL request')).length;
const suspicions = (world: World): string[] => world.of('i', 'suspicion').map(({ sign }) => sign);
const pair = (world: World): number => Number(world.sessions.i.view().children[0]?.spiOut);

test('INVALID_SPI for a pair of ours: one question, which the peer answers, and nothing else', () => {
  const world = new World().connect();
  const before = world.sessions.i.view();
  invalidSpi(world, pair(world));
  world.run(1000);
  assert.deepEqual([asked(world), suspicions(world)], [1, ['INVALID_SPI']]);
  for (let n = 0; n < 100; n++) invalidSpi(world, pair(world));
  world.run(5000);
  assert.equal(asked(world), 1, 'not again within ten seconds');
  world.run(5000);
  invalidSpi(world, pair(world));
  world.run(1000);
  assert.equal(asked(world), 2);
  const now = world.sessions.i.view();
  assert.deepEqual(
    [now.state, now.spiInitiator, now.children],
    ['ESTABLISHED', before.spiInitiator, before.children],
  );
  world.assertSameChildren(1);
});

test('a stray message is worth nothing for another pair, from elsewhere, or with another content', () => {
  const world = new World().connect();
  invalidSpi(world, pair(world) ^ 1);
  invalidSpi(world, pair(world), '203.0.113.9');
  for (const type of [NotifyType.INVALID_IKE_SPI, NotifyType.AUTHENTICATION_FAILED, NotifyType.REDIRECT]) {
    const bytes = encodeMessage(STRAY, [notify(type, u32(pair(world)))]);
    world.feed('i', { kind: 'datagram', bytes, path: CLIENT_PATH, encapsulated: true });
  }
  world.run(1000);
  assert.deepEqual([asked(world), suspicions(world), world.state('i')], [0, [], 'ESTABLISHED']);
});

test('INVALID_IKE_SPI counts only in answer to what is open, and hurries the question', () => {
  const world = new World({
    initiator: { retransmission: { timeout: 10_000 as never, base: 2, jitter: 0, tries: 3 } },
  });
  world.connect();
  invalidIkeSpi(world, 2);
  world.run(100);
  assert.deepEqual(suspicions(world), []);
  // The first copy of the question is lost: the second comes long before its time.
  world.filter = () => false;
  world.feed('i', { kind: 'command', command: { kind: 'probe' } });
  invalidIkeSpi(world, 77);
  assert.deepEqual(suspicions(world), []);
  invalidIkeSpi(world, 2);
  world.filter = undefined;
  world.run(1000);
  assert.deepEqual(suspicions(world), ['INVALID_IKE_SPI']);
  assert.ok(world.notes('i').some((text) => /the peer answered/.test(text)));
  assert.equal(world.state('i'), 'ESTABLISHED');
  world.assertSameChildren(1);
});

test('a peer that really is gone is given up when its silence has lasted, not by the sign', () => {
  const world = new World().connect();
  world.filter = (from) => from === 'r';
  invalidSpi(world, pair(world));
  world.run(5000);
  assert.equal(world.state('i'), 'ESTABLISHED');
  world.until(() => world.closed('i') !== undefined);
  assert.equal(world.closed('i')?.failure?.code, 'PEER_GONE');
});

test('the peer itself says that it lost a pair: another takes its place', (t) => {
  const world = new World().connect();
  world.run(6000);
  const lost = pair(world);
  const { protect } = Protection.prototype;
  const restore = (): void => {
    Protection.prototype.protect = protect;
  };
  t.after(restore);
  Protection.prototype.protect = function (this: Protection, header, payloads, ...rest) {
    const theirs = !header.response && !header.initiator;
    return protect.call(
      this,
      header,
      theirs ? [notify(NotifyType.INVALID_SPI, u32(lost)), ...payloads] : payloads,
      ...rest,
    );
  };
  world.feed('r', { kind: 'command', command: { kind: 'probe' } });
  restore();
  world.run(2000);
  assert.notEqual(pair(world), lost);
  world.assertSameChildren(1);
  assert.deepEqual(suspicions(world), []);
});

test('a gateway that was restarted: found out by its sign, and there is another IKE SA soon after', async () => {
  const { clock, engine, gateway, document } = await tunnelWorld({ methods: ['gtc'] });
  await engine.up({ profile: document({ eap: ['gtc'], username: USER, password: PASSWORD }) });
  await clock.pass(2000);
  const tunnel = () => engine.snapshot().tunnels[0];
  const before = tunnel();
  assert.equal(before?.usable, true);
  gateway.abandon();
  // The next liveness check is answered by INVALID_IKE_SPI; without that it would take a minute and a half.
  await clock.pass(35_000);
  const after = tunnel();
  assert.equal(after?.usable, true);
  assert.notEqual(after?.ike?.spiInitiator, before?.ike?.spiInitiator);
  assert.match(JSON.stringify(after?.history), /seems to have been restarted \(INVALID_IKE_SPI\)/);
  assert.equal(gateway.views().length, 1);
});

test('the first packet to a restarted gateway gives it away: two seconds later there is another IKE SA', async () => {
  const { clock, engine, gateway, network, document } = await tunnelWorld({ methods: ['gtc'] });
  await engine.up({ profile: document({ eap: ['gtc'], username: USER, password: PASSWORD }) });
  await clock.pass(2000);
  const tunnel = () => engine.snapshot().tunnels[0];
  const before = tunnel();
  gateway.abandon();
  const began = clock.now();
  const spi = Number(before?.children[0]?.spiOut);
  network.wires.get(SERVER.address)?.tell({ kind: 'unknown-spi', spi, remote: CLIENT });
  while (gateway.views()[0]?.state !== 'ESTABLISHED' && clock.now() - began < 10_000) await clock.pass(10);
  await clock.pass(100);
  const after = tunnel();
  const took = clock.now() - began;
  assert.ok(took < 2500, `${took} ms`);
  assert.equal(after?.usable, true);
  assert.notEqual(after?.ike?.spiInitiator, before?.ike?.spiInitiator);
  assert.match(JSON.stringify(after?.history), /seems to have been restarted \(INVALID_SPI\)/);
});

test('a gateway speaks of what it does not know, so often and no more, and never in answer to an answer', () => {
  const answers = new UnknownAnswers();
  const now = 1000 as Instant;
  const request = { ...STRAY, initiator: true, messageId: 7 as MessageId };
  const said = decodeMessage(answers.toMessage(request, now) as Uint8Array);
  assert.deepEqual([said.messageId, said.response, said.initiator], [7, true, false]);
  assert.ok(findNotify(said.payloads, NotifyType.INVALID_IKE_SPI));
  assert.equal(answers.toMessage({ ...request, response: true }, now), undefined);
  const stray = answers.toPacket(0x01020304, now) as Uint8Array;
  assert.equal(isStray(stray), true);
  assert.deepEqual(findNotify(decodeMessage(stray).payloads, NotifyType.INVALID_SPI)?.data, u32(0x01020304));
  let sent = 2;
  for (let n = 0; n < 1000; n++) if (answers.toPacket(1, now)) sent++;
  assert.equal(sent, 10);
  assert.ok(answers.toPacket(1, 2000 as Instant));
});

test('while connecting a stray message means nothing', () => {
  const world = new World().start();
  invalidSpi(world, 0x1000);
  invalidIkeSpi(world, 0);
  world.until(() => world.state('i') === 'ESTABLISHED');
  assert.deepEqual(suspicions(world), []);
});
