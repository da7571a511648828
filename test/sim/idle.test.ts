/** Tunnels that nobody uses: closed at both ends, opened again by traffic, and the same for single children. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tunnelSnapshotSchema } from '../../engine/api/snapshot.ts';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from './tunnel-world.ts';

const LOGIN = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;
const MINUTE = 60_000;

const tunnelOf = (world: TunnelWorld) => {
  const [tunnel] = world.engine.snapshot().tunnels;
  assert.ok(tunnel, 'there is a tunnel');
  return tunnelSnapshotSchema.parse(tunnel);
};

/** @param esp of all children */
async function connected(
  esp: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TunnelWorld> {
  const world = await tunnelWorld(
    { methods: ['mschapv2'] },
    { esp: { proposals: 'aes128gcm16-x25519!', ...esp }, ...more },
  );
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  await world.clock.pass(2000);
  await up;
  assert.equal(world.path.pairs, 1);
  return world;
}

const idleEvents = (world: TunnelWorld): unknown[] =>
  tunnelOf(world)
    .history.filter((event) => event.topic === 'idle')
    .map((event) => event.data?.action);

test('no traffic: the SAs are gone at both ends, the host stays, and a packet brings them back', async () => {
  const world = await connected({ inactivity: '2m' });
  const before = tunnelOf(world);
  await world.clock.pass(110_000);
  assert.equal(world.gateway.views().length, 1, 'liveness checks are no traffic, and the time is not over');
  await world.clock.pass(MINUTE);
  assert.equal(world.gateway.views().length, 0);
  const idle = tunnelOf(world);
  assert.deepEqual([idle.state, idle.usable, idle.resting], ['CREATED', false, ['net']]);
  assert.deepEqual([idle.routes, idle.addresses], [before.routes, before.addresses]);
  assert.equal(idle.lastFailure, undefined);
  assert.equal(world.host.states.size, 1);
  const sent = world.network.sent.length;
  await world.clock.pass(60 * MINUTE);
  assert.equal(world.network.sent.length, sent, 'nothing is sent while nobody wants anything');
  world.path.spring();
  await world.clock.pass(2000);
  assert.ok(tunnelOf(world).usable);
  assert.equal(tunnelOf(world).resting, undefined);
  assert.equal(world.path.traps.size, 0);
  assert.deepEqual(idleEvents(world), ['closed', 'opened']);
});

test('each packet starts the time anew, over rekeys too', async () => {
  const world = await connected({ inactivity: '2m', lifetime: '3m', margin: '20s', fuzz: 0 });
  for (let i = 0; i < 10; i++) {
    await world.clock.pass(100_000);
    world.path.busyAt = world.clock.now();
  }
  assert.equal(world.gateway.views().length, 1);
  await world.clock.pass(121_000);
  await world.clock.pass(2000);
  assert.equal(world.gateway.views().length, 0, 'a rekey is no traffic');
});

test('down ends a tunnel that rests, and one that is about to', async () => {
  const world = await connected({ inactivity: '1m' });
  await world.clock.pass(2 * MINUTE);
  await world.engine.down({});
  assert.deepEqual([tunnelOf(world).state, tunnelOf(world).resting], ['CREATED', undefined]);
  assert.equal(world.host.states.size, 0);
  world.path.spring();
  await world.clock.pass(MINUTE);
  assert.equal(tunnelOf(world).attempts, 1);
});

test('an unreachable gateway is not hammered by the traffic that wants through', async () => {
  const world = await connected(
    { inactivity: '1m' },
    { dpd: { delay: '30s', action: 'hold' }, patience: '2s' },
  );
  await world.clock.pass(2 * MINUTE);
  world.network.silent.add('192.0.2.1');
  const before = tunnelOf(world).attempts;
  for (let i = 0; i < 3000; i++) {
    world.path.spring();
    await world.clock.pass(200);
  }
  const made = tunnelOf(world).attempts - before;
  assert.ok(made > 5 && made < 30, `${made} attempts in ten minutes`);
  assert.equal(tunnelOf(world).lastFailure?.code, 'NO_ANSWER');
  world.network.silent.clear();
  for (let i = 0; i < 400 && !tunnelOf(world).usable; i++) {
    world.path.spring();
    await world.clock.pass(200);
  }
  assert.ok(tunnelOf(world).usable);
});

test('a child that nothing used is not rekeyed but closed, and opened by traffic; the IKE SA stays', async () => {
  const world = await connected({ rekeyUnused: false, lifetime: '5m', margin: '30s', fuzz: 0 });
  const spi = tunnelOf(world).ike?.spiInitiator;
  world.path.busyAt = world.clock.now();
  await world.clock.pass(5 * MINUTE);
  assert.equal(world.path.pairs, 1, 'the first carried something, so it was rekeyed');
  await world.clock.pass(5 * MINUTE);
  const resting = tunnelOf(world);
  assert.deepEqual([world.path.pairs, resting.resting, resting.state], [0, ['net'], 'ESTABLISHED']);
  assert.equal(resting.routes.length, 1, 'its route stays');
  assert.equal(world.gateway.views()[0]?.children.length, 0);
  world.path.spring();
  await world.clock.pass(2000);
  assert.equal(world.path.pairs, 1);
  assert.equal(tunnelOf(world).ike?.spiInitiator, spi);
  assert.equal(tunnelOf(world).resting, undefined);
});

test('an unused child is rekeyed as ever without that wish', async () => {
  const world = await connected({ lifetime: '5m', margin: '30s', fuzz: 0 });
  await world.clock.pass(20 * MINUTE);
  assert.equal(world.path.pairs, 1);
});

test('a gateway that ends the child again and again is not answered each time at once', async () => {
  const world = await connected({});
  let made = 0;
  for (let i = 0; i < 300; i++) {
    const [child] = world.gateway.views()[0]?.children ?? [];
    if (child) {
      made++;
      world.gateway.command({ kind: 'delete-child', id: child.id });
    }
    await world.clock.pass(2000);
  }
  assert.ok(made > 5 && made < 40, `${made} children in ten minutes`);
});
