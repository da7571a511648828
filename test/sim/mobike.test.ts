/** MOBIKE between two sessions (RFC 4555): the initiator moves, the responder follows, and what is lost is said again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Path } from '../../engine/ike/contract.ts';
import { notify } from '../../engine/wire/find.ts';
import { NotifyType } from '../../engine/wire/registry.ts';
import { CLIENT_PATH } from './configs.ts';
import { World, type WorldOptions } from './world.ts';

const BOTH: WorldOptions = { initiator: { mobike: true }, responder: { mobike: true } };
const moved = (address: string): Path => ({
  local: { address, port: CLIENT_PATH.local.port },
  remote: CLIENT_PATH.remote,
});
const NEW = moved('203.0.113.77');
const remoteOf = (world: World): string | undefined => world.sessions.r.view().path?.remote.address;

test('the responder follows at the first message, and both keep their SAs', () => {
  const world = new World(BOTH).connect();
  const spi = world.sessions.i.view().spiInitiator;
  assert.equal(world.sessions.i.view().mobike, true);
  world.feed('i', { kind: 'path-changed', path: NEW, addresses: ['203.0.113.77', '198.51.100.5'] });
  world.run(500);
  assert.equal(remoteOf(world), '203.0.113.77');
  assert.deepEqual(world.sessions.r.view().peerAddresses, ['198.51.100.5']);
  assert.equal(world.of('i', 'path').at(-1)?.path.local.address, '203.0.113.77');
  assert.equal(world.of('r', 'path').at(-1)?.path.remote.address, '203.0.113.77');
  assert.equal(world.sessions.i.view().spiInitiator, spi);
  world.assertSameIke();
  world.assertSameChildren(1);
});

test('the update is repeated until it gets through, and the latest place is the one that counts', () => {
  const world = new World({
    ...BOTH,
    network: { loss: 0.6, reorder: 0, duplicate: 0, latency: 10 },
    seed: 5,
  });
  world.network = { loss: 0, reorder: 0, duplicate: 0, latency: 10 };
  world.connect();
  world.network = { loss: 0.6, reorder: 0.3, duplicate: 0.2, latency: 10 };
  for (let n = 1; n <= 5; n++) {
    world.feed('i', { kind: 'path-changed', path: moved(`203.0.113.${n}`), addresses: [] });
    world.run(300);
  }
  world.network = { loss: 0, reorder: 0, duplicate: 0, latency: 10 };
  world.run(30_000);
  assert.equal(remoteOf(world), '203.0.113.5');
  world.assertSameIke();
  world.assertSameChildren(1);
});

test('a rekey under way goes on from the new place', () => {
  const world = new World(BOTH).connect();
  world.hold();
  world.feed('i', { kind: 'command', command: { kind: 'rekey-ike' } });
  world.held = [];
  world.feed('i', { kind: 'path-changed', path: NEW, addresses: [] });
  world.release().run(10_000);
  assert.equal(remoteOf(world), '203.0.113.77');
  assert.equal(world.sessions.i.view().generation, 1);
  world.assertSameIke();
  world.assertSameChildren(1);
});

test('without MOBIKE at either end nobody is told', () => {
  for (const options of [{ initiator: { mobike: true } }, { responder: { mobike: true } }]) {
    const world = new World(options).connect();
    assert.equal(world.sessions.i.view().mobike, false);
    const before = world.sent.length;
    world.feed('i', { kind: 'path-changed', path: NEW, addresses: [] });
    world.run(500);
    assert.equal(world.sent.length, before);
  }
});

test('another NAT mapping is noticed by a liveness check, and told', () => {
  const world = new World(BOTH).connect();
  const mapped = (port: number): void => {
    world.filter = (from, sent) => {
      if (from === 'i')
        world.arrive('i', { ...sent, path: { ...sent.path, local: { address: '192.0.2.200', port } } });
      return from !== 'i';
    };
  };
  mapped(1111);
  world.feed('i', { kind: 'command', command: { kind: 'probe' } });
  world.run(2_000);
  const updates = (): number =>
    world
      .of('i', 'message')
      .filter((m) => m.payloads.some((p) => p.kind === 'Notify' && p.type === NotifyType.UPDATE_SA_ADDRESSES))
      .length;
  const before = updates();
  mapped(2222);
  world.feed('i', { kind: 'command', command: { kind: 'probe' } });
  world.run(2_000);
  assert.equal(updates(), before + 1);
  assert.equal(world.sessions.r.view().path?.remote.port, 2222);
});

test('an answer that does not prove the way back ends the connection', async () => {
  const { echoes, cookie2Echo } = await import('../../engine/ike/parts/mobike.ts');
  const cookie = new Uint8Array(16).fill(7);
  assert.equal(echoes([], cookie), false);
  assert.equal(echoes([notify(NotifyType.COOKIE2, new Uint8Array(16))], cookie), false);
  assert.equal(echoes(cookie2Echo([notify(NotifyType.COOKIE2, cookie)]), cookie), true);
  for (const length of [0, 7, 65])
    assert.deepEqual(cookie2Echo([notify(NotifyType.COOKIE2, new Uint8Array(length))]), []);
});
