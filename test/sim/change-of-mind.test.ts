/** `down` and `up` while a data path opens: no attempt goes on that was called off, and no data path is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from './tunnel-world.ts';

const LOGIN = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;
const worldOf = (): Promise<TunnelWorld> => tunnelWorld({ methods: ['mschapv2'] });
const tunnelOf = (world: TunnelWorld) => world.engine.snapshot().tunnels[0];
const settled = (promise: Promise<unknown>) => promise.then(() => 'done').catch(() => 'refused');

for (const slow of ['opening', 'resolving'] as const)
  test(`down while ${slow}: the attempt does not go on`, async () => {
    const world = await worldOf();
    world.network[slow] = 3000;
    const up = settled(world.engine.up({ profile: world.document(LOGIN), wait: true }));
    await world.clock.pass(1000);
    const down = settled(world.engine.down({ name: 'office' }));
    await world.clock.pass(20_000);
    assert.deepEqual([await up, await down], ['refused', 'done']);
    assert.equal(tunnelOf(world)?.state ?? 'CREATED', 'CREATED');
    assert.deepEqual(
      [world.network.open, world.gateway.views().length, world.network.sent.length],
      [0, 0, 0],
    );
    assert.deepEqual([...world.host.guards().guards], []);
  });

for (const slow of ['opening', 'resolving'] as const)
  test(`down and up while ${slow}: one attempt, one data path, never two at once`, async () => {
    const world = await worldOf();
    world.network[slow] = 3000;
    const first = settled(world.engine.up({ profile: world.document(LOGIN), wait: true }));
    await world.clock.pass(1000);
    const down = settled(world.engine.down({ name: 'office' }));
    await world.clock.pass(100);
    const second = settled(world.engine.up({ profile: world.document(LOGIN), wait: true }));
    await world.clock.pass(20_000);
    assert.deepEqual([await first, await down, await second], ['refused', 'done', 'done']);
    assert.equal(tunnelOf(world)?.usable, true);
    assert.deepEqual([world.network.open, world.network.mostOpen, world.gateway.views().length], [1, 1, 1]);
  });
