/** Authenticating anew beside the IKE SA in use, against the embedded gateway on a virtual clock (RFC 7296 §2.8.3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from '../../sim/tunnel-world.ts';

const MINUTE = 60_000;
const LOGIN = { eap: 'mschapv2', username: USER } as const;
const STORED = { ...LOGIN, password: PASSWORD } as const;
const ike = (more: Readonly<Record<string, unknown>> = {}) => ({
  ike: { proposals: 'aes128gcm16-prfsha256-x25519!', ...more },
});
/** Begins after 10 minutes, ends after 15. */
const FIFTEEN = ike({ reauthTime: '15m', margin: '5m', fuzz: 0 });

const tunnelOf = ({ engine }: TunnelWorld) => {
  const [tunnel] = engine.snapshot().tunnels;
  assert.ok(tunnel);
  return tunnel;
};
const spiOf = (world: TunnelWorld): string | undefined => tunnelOf(world).ike?.spiInitiator;
const told = (world: TunnelWorld) => tunnelOf(world).history.filter(({ topic }) => topic === 'reauth');

async function connected(world: TunnelWorld, auth: Readonly<Record<string, unknown>>): Promise<string> {
  await world.engine.up({ profile: world.document(auth) });
  await world.clock.pass(1_000);
  const { prompt } = tunnelOf(world);
  if (prompt) await answer(world, PASSWORD);
  assert.ok(tunnelOf(world).usable, tunnelOf(world).lastFailure?.message);
  return spiOf(world) as string;
}

async function answer(world: TunnelWorld, text: string): Promise<void> {
  const { prompt } = tunnelOf(world);
  assert.ok(prompt, 'a question stands');
  await world.engine.answer({ name: 'office', prompt: prompt.id, answer: text });
  await world.clock.pass(2_000);
}

test('by the lifetime of the profile: another IKE SA, another address where the pool gives one', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] }, FIFTEEN);
  const before = await connected(world, STORED);
  const [address] = tunnelOf(world).addresses;
  await world.clock.pass(9 * MINUTE);
  assert.equal(spiOf(world), before);
  await world.clock.pass(MINUTE + 5_000);
  assert.notEqual(spiOf(world), before);
  assert.ok(tunnelOf(world).usable);
  assert.deepEqual(
    world.gateway.views().map((view) => view.spiInitiator),
    [spiOf(world)],
  );
  const [begun, done, ...more] = told(world);
  assert.deepEqual([begun?.data?.done, done?.data?.done, more.length], [false, true, 0]);
  const now = tunnelOf(world).addresses;
  assert.notEqual(now[0], address);
  assert.equal(done?.data?.addresses, now[0]);
  assert.deepEqual(
    [...world.host.states.values()].map((s) => s.addresses.map((a) => a.address)),
    [now.map((text) => text.split('/')[0])],
  );
  assert.equal(world.gateway.leases, 1);
  await world.clock.pass(10 * MINUTE);
  assert.equal(told(world).length, 4, 'and so on');
});

test('asked for while both SAs are rekeyed', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  const before = await connected(world, STORED);
  await world.engine.rekey({ name: 'office', what: 'child' });
  await world.engine.rekey({ name: 'office', what: 'ike' });
  await world.engine.reauthenticate('office');
  await world.engine.reauthenticate('office');
  await world.clock.pass(10_000);
  assert.notEqual(spiOf(world), before);
  assert.ok(tunnelOf(world).usable);
  assert.equal(world.gateway.views().length, 1);
  assert.equal(tunnelOf(world).children.length, 1);
  assert.equal(told(world).length, 2, 'once');
});

test('a gateway that takes the password no longer: the old IKE SA stays to the end, tried once', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] }, FIFTEEN);
  const before = await connected(world, STORED);
  world.password = 'another';
  await world.clock.pass(14 * MINUTE);
  assert.equal(spiOf(world), before);
  assert.ok(tunnelOf(world).usable);
  assert.equal(world.tries.length, 2);
  assert.equal(tunnelOf(world).lastFailure?.code, 'AUTHENTICATION_FAILED');
  assert.match(told(world).at(-1)?.text ?? '', /could not authenticate again: .*the tunnel stays as it is/);
  await world.clock.pass(2 * MINUTE);
  assert.equal(tunnelOf(world).usable, false, 'its authentication is over');
  assert.equal(world.tries.length, 3, 'and nothing is tried by itself after that');
});

test('a question says that it is for authenticating again; unanswered, the old IKE SA stays', async () => {
  const world = await tunnelWorld({ methods: ['gtc'], question: 'Code?' }, FIFTEEN);
  const before = await connected(world, { ...LOGIN, eap: 'gtc' });
  assert.equal(tunnelOf(world).prompt, undefined);
  await world.clock.pass(10 * MINUTE);
  assert.equal(tunnelOf(world).prompt?.kind, 'one-time-code');
  assert.equal(tunnelOf(world).prompt?.reason, 'reauthentication');
  await world.clock.pass(MINUTE);
  assert.equal(tunnelOf(world).prompt, undefined);
  assert.equal(spiOf(world), before);
  assert.ok(tunnelOf(world).usable);
  assert.equal(tunnelOf(world).lastFailure?.code, 'SECRET_NEEDED');
  // Once more, while there is time.
  await world.clock.pass(MINUTE);
  assert.equal(tunnelOf(world).prompt?.reason, 'reauthentication');
  await answer(world, PASSWORD);
  assert.notEqual(spiOf(world), before);
  assert.ok(tunnelOf(world).usable);
  assert.equal(tunnelOf(world).lastFailure, undefined);
});

test('the gateway ends the old IKE SA first: what was begun beside it becomes the tunnel', async () => {
  const world = await tunnelWorld({ methods: ['gtc'], question: 'Code?' });
  const before = await connected(world, { ...LOGIN, eap: 'gtc' });
  await world.engine.reauthenticate('office');
  await world.clock.pass(500);
  const prompt = tunnelOf(world).prompt?.id;
  assert.ok(prompt !== undefined);
  world.gateway.command({ kind: 'close' });
  await world.clock.pass(500);
  assert.equal(tunnelOf(world).usable, false);
  assert.equal(tunnelOf(world).prompt?.id, prompt, 'the question still stands');
  await answer(world, PASSWORD);
  assert.notEqual(spiOf(world), before);
  assert.ok(tunnelOf(world).usable);
  assert.equal(world.gateway.views().length, 1);
});

test('down ends both, and the gateway hears of it', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await connected(world, STORED);
  await world.engine.reauthenticate('office');
  await world.clock.pass(200);
  const down = world.engine.down({});
  await world.clock.pass(5_000);
  await down;
  assert.equal(world.gateway.views().length, 0);
  assert.equal(world.host.states.size, 0);
});
