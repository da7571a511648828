/**
 * Another attempt while the host is still set up for the tunnel, whose gateway has moved: where its name leads now is
 * kept out of the tunnel before the first packet goes there. The whole engine, gateways of ours, a virtual clock.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tunnelSnapshotSchema } from '../../engine/api/snapshot.ts';
import { OsError } from '../../engine/os/error.ts';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from './tunnel-world.ts';

const LOGIN = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;
const FIRST = '192.0.2.1';
const SECOND = '192.0.2.2';
const DEAD = '192.0.2.3';
const MINUTE = 60_000;

const tunnelOf = (world: TunnelWorld) => tunnelSnapshotSchema.parse(world.engine.snapshot().tunnels[0]);
const bypassOf = (world: TunnelWorld): readonly string[] | undefined =>
  world.host.states.get('office')?.bypass;

/** A tunnel that is up, and what was sent where although the host would route it into the tunnel, or shut it in. */
async function scene(dpd: Readonly<Record<string, unknown>> = {}) {
  const world = await tunnelWorld(
    { methods: ['mschapv2'] },
    {
      dpd: { delay: '30s', ...dpd },
      children: { net: { remote: '0.0.0.0/0' } },
      killSwitch: { mode: 'while-up' },
    },
  );
  world.gatewayAt(FIRST, {});
  world.gatewayAt(SECOND, {});
  const astray: string[] = [];
  world.network.onSend = ({ address }) => {
    const bypass = bypassOf(world);
    if (bypass && !bypass.includes(address)) astray.push(`${address} goes into the tunnel`);
    if (world.host.guards().guards.get('office')?.gateways.includes(address) !== true)
      astray.push(`${address} is not let out`);
  };
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  await world.clock.pass(5_000);
  await up;
  assert.deepEqual([bypassOf(world), astray], [[FIRST], []]);
  return { world, astray };
}

/** The gateway is elsewhere from now on, behind an address that does not answer. */
function moveGateway({ network }: TunnelWorld): void {
  network.silent.add(FIRST);
  network.silent.add(DEAD);
  network.addresses = [DEAD, SECOND];
}

test('a tunnel that is renewed finds its gateway at addresses that were not known before', async () => {
  const { world, astray } = await scene();
  moveGateway(world);
  const number = tunnelOf(world).recentAttempts.at(-1)?.number ?? 0;
  const kept: boolean[] = [];
  const { onSend } = world.network;
  world.network.onSend = (to) => {
    onSend(to);
    if (to.address !== FIRST) kept.push(bypassOf(world) !== undefined);
  };
  world.engine.woke(MINUTE);
  await world.clock.pass(20_000);
  const { usable, ike, recentAttempts } = tunnelOf(world);
  assert.deepEqual([usable, ike?.remote?.address], [true, SECOND]);
  assert.deepEqual(astray, []);
  assert.ok(kept.length > 2 && kept.every((there) => there), 'the host stayed as it was');
  assert.deepEqual(
    recentAttempts.slice(-2).map((one) => [one.number, one.address, one.outcome]),
    [
      [number + 1, DEAD, 'failed'],
      [number + 1, SECOND, 'connected'],
    ],
  );
  assert.deepEqual(bypassOf(world), [DEAD, SECOND], 'and the old address has no way of its own any more');
});

test('so does one that rests until a packet wants through', async () => {
  const { world, astray } = await scene({ action: 'hold' });
  world.gatewayAt(FIRST, {});
  moveGateway(world);
  await world.clock.pass(5 * MINUTE);
  assert.equal(tunnelOf(world).usable, false);
  assert.deepEqual(bypassOf(world), [FIRST], 'the host stays while it rests');
  world.path.spring();
  await world.clock.pass(20_000);
  assert.deepEqual([tunnelOf(world).usable, tunnelOf(world).ike?.remote?.address], [true, SECOND]);
  assert.deepEqual(astray, []);
});

test('when the host cannot keep them out it is cleared, and the next attempt has no tunnel in its way', async () => {
  const { world, astray } = await scene();
  moveGateway(world);
  const { letOut } = world.host;
  world.host.letOut = async () => {
    world.host.letOut = letOut;
    throw new OsError('route-failed', 'a route could not be set', 'errno 1');
  };
  world.engine.woke(MINUTE);
  await world.clock.pass(30_000);
  assert.deepEqual([tunnelOf(world).usable, tunnelOf(world).ike?.remote?.address], [true, SECOND]);
  assert.deepEqual(astray, []);
});

test('nothing is let out where nothing is set up', async () => {
  const { world } = await scene();
  const down = world.engine.down({ name: 'office' });
  await world.clock.pass(5_000);
  await down;
  const called: unknown[] = [];
  const { letOut } = world.host;
  world.host.letOut = async (...args) => {
    const changes = await letOut(...args);
    called.push(changes);
    return changes;
  };
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  await world.clock.pass(5_000);
  await up;
  assert.deepEqual(called, [[]]);
});
