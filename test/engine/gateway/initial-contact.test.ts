/** INITIAL_CONTACT at the embedded gateway: a peer that lost its state leaves no older SA and no lease behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from '../../sim/tunnel-world.ts';

const LOGIN = { eap: 'mschapv2', username: USER, password: PASSWORD };

/** Connects, and loses everything without a word, as a crash does. */
async function crashed(world: TunnelWorld, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await world.engine.up({ profile: { ...world.document(LOGIN), ...more } });
  await world.clock.pass(2000);
  const tunnel = world.engine.tunnel('office');
  assert.equal(tunnel?.phase.kind, 'up');
  tunnel?.link?.abandon(undefined);
  await world.clock.pass(100);
}

test('the older SA of the same peer goes with its lease, at once and without a word', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await crashed(world);
  const [old] = world.gateway.views();
  assert.ok(old);
  await world.engine.up({ profile: world.document(LOGIN) });
  await world.clock.pass(2000);
  const views = world.gateway.views();
  assert.equal(views.length, 1);
  assert.notEqual(views[0]?.spiInitiator, old.spiInitiator);
  assert.equal(world.gateway.leases, 1);
});

test('without INITIAL_CONTACT, and of other peers, everything stays', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await crashed(world);
  const proposals = 'aes128gcm16-prfsha256-x25519!';
  await crashed(world, { ike: { proposals, initialContact: false } });
  assert.equal(world.gateway.views().length, 2);
  await crashed(world, { local: { id: 'another@culvert.test', auth: LOGIN } });
  assert.equal(world.gateway.views().length, 3);
});
