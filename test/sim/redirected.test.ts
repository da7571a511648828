/** A tunnel that its gateway sends to another one (RFC 5685): the whole engine, gateways of ours, a virtual clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tunnelSnapshotSchema } from '../../engine/api/snapshot.ts';
import type { Gateway } from '../../engine/gateway/gateway.ts';
import type { IkeConfig, RedirectTarget } from '../../engine/ike/contract.ts';
import { redirectNotify } from '../../engine/ike/parts/redirect.ts';
import { Protection } from '../../engine/ike/sealed.ts';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from './tunnel-world.ts';

const LOGIN = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;
const FIRST = '192.0.2.1';
const SECOND = '192.0.2.2';
const THIRD = '192.0.2.3';
const NAME = 'gw2.culvert.test';
const HOSTS = { hosts: 'gw.culvert.test', port: 4501 };

const address = (text: string): RedirectTarget => ({ kind: 'address', text });
const away = (at: 'IKE_SA_INIT' | 'IKE_AUTH', target: RedirectTarget): Partial<IkeConfig> => ({
  sendAway: { at, target },
});

interface Scene {
  readonly world: TunnelWorld;
  readonly first: Gateway;
  readonly second: Gateway;
}

/** The first gateway behaves as told, the second takes everybody. */
async function scene(first: Partial<IkeConfig>, gateway: object = HOSTS): Promise<Scene> {
  const world = await tunnelWorld({ methods: ['mschapv2'] }, { gateway });
  world.network.names.set(NAME, [SECOND]);
  const own = world.gatewayAt(FIRST, first);
  return { world, first: own, second: world.gatewayAt(SECOND, {}) };
}

const tunnelOf = (world: TunnelWorld) => tunnelSnapshotSchema.parse(world.engine.snapshot().tunnels[0]);
const story = (world: TunnelWorld) =>
  tunnelOf(world).recentAttempts.map(({ address: at, outcome, code }) => [at, outcome, code]);

async function up(world: TunnelWorld): Promise<string | undefined> {
  const failed = world.engine
    .up({ profile: world.document(LOGIN), wait: true })
    .then(() => undefined)
    .catch(
      (error: { failure: { code: string; check?: string } }) => error.failure.check ?? error.failure.code,
    );
  await world.clock.pass(20_000);
  return failed;
}

for (const [what, target] of [
  ['an address', address(SECOND)],
  ['a name', { kind: 'name', text: NAME }],
] as const)
  test(`when it calls, to ${what} that the profile names: followed, with its reason in the status`, async () => {
    const { world, second } = await scene(away('IKE_SA_INIT', target), {
      ...HOSTS,
      redirectTo: `${SECOND}/32, *.culvert.test`,
    });
    assert.equal(await up(world), undefined);
    assert.deepEqual(story(world), [
      [FIRST, 'failed', 'REDIRECTED'],
      [SECOND, 'connected', undefined],
    ]);
    const { history, ike } = tunnelOf(world);
    assert.equal(ike?.remote?.address, SECOND);
    assert.ok(history.some(({ topic, data }) => topic === 'redirect' && data?.to === target.text));
    assert.equal(second.views().length, 1);
    // The whole machine knows: the new gateway is never routed into the tunnel.
    assert.ok(JSON.stringify(world.host.states.get('office')).includes(SECOND));
  });

test('when it calls, to a gateway that the profile does not name: refused, and said', async () => {
  const { world, second } = await scene(away('IKE_SA_INIT', address(SECOND)));
  assert.equal(await up(world), 'untrusted');
  assert.equal(second.views().length, 0);
});

test('once it has proved itself it may name any gateway, which must prove itself as well', async () => {
  const { world, second } = await scene(away('IKE_AUTH', address(SECOND)));
  assert.equal(await up(world), undefined);
  assert.deepEqual(story(world), [
    [FIRST, 'failed', 'REDIRECTED'],
    [SECOND, 'connected', undefined],
  ]);
  assert.equal(second.views().length, 1);
});

test('a profile that follows nobody stays: it does not even say that it could', async () => {
  const { world, second } = await scene(away('IKE_SA_INIT', address(SECOND)), {
    ...HOSTS,
    followRedirects: false,
    redirectTo: SECOND,
  });
  assert.equal(await up(world), undefined);
  assert.equal(tunnelOf(world).ike?.remote?.address, FIRST);
  assert.equal(second.views().length, 0);
});

test('gateways that send us to and fro are followed five times', async () => {
  const world = await tunnelWorld(
    { methods: ['mschapv2'] },
    { gateway: { ...HOSTS, redirectTo: '192.0.2.0/24' } },
  );
  world.gatewayAt(FIRST, away('IKE_SA_INIT', address(SECOND)));
  world.gatewayAt(SECOND, away('IKE_SA_INIT', address(THIRD)));
  world.gatewayAt(THIRD, away('IKE_AUTH', address(FIRST)));
  assert.equal(await up(world), 'loop');
  assert.deepEqual(
    story(world).map(([at]) => at),
    [FIRST, SECOND, THIRD, FIRST, SECOND, THIRD],
  );
  assert.equal(new Set(world.network.sent.map(({ to }) => to)).size, 3);
});

test('before EAP has begun, in the answer in which it proves itself: followed, and no password has left', async (t) => {
  const { world, second } = await scene({});
  const { protect } = Protection.prototype;
  t.after(() => {
    Protection.prototype.protect = protect;
  });
  let before = true;
  Protection.prototype.protect = function (this: Protection, header, payloads, ...rest) {
    const asks = before && header.response && payloads.some((p) => p.kind === 'EAP');
    if (asks) before = false;
    const said = asks
      ? payloads.map((p) => (p.kind === 'EAP' ? redirectNotify(address(SECOND)) : p))
      : payloads;
    return protect.call(this, header, said, ...rest);
  };
  assert.equal(await up(world), undefined);
  assert.deepEqual(story(world), [
    [FIRST, 'failed', 'REDIRECTED'],
    [SECOND, 'connected', undefined],
  ]);
  assert.equal(second.views().length, 1);
  assert.equal(world.tries.length, 1);
});

test('nobody answers where we were sent: the next attempt asks the own gateway again', async () => {
  const world = await tunnelWorld(
    { methods: ['mschapv2'] },
    {
      gateway: { ...HOSTS, redirectTo: SECOND },
      ike: { proposals: 'aes128gcm16-prfsha256-x25519!', keyingtries: 2 },
    },
  );
  world.gatewayAt(FIRST, away('IKE_SA_INIT', address(SECOND)));
  world.gatewayAt(SECOND, {});
  world.network.silent.add(SECOND);
  const done = up(world);
  await world.clock.pass(70_000);
  world.network.silent.delete(SECOND);
  await world.clock.pass(30_000);
  assert.equal(await done, undefined);
  assert.deepEqual(story(world), [
    [FIRST, 'failed', 'REDIRECTED'],
    [SECOND, 'failed', 'NO_ANSWER'],
    [FIRST, 'failed', 'REDIRECTED'],
    [SECOND, 'connected', undefined],
  ]);
});

test('while connected: another IKE SA takes over before the first ends, and the host follows', async () => {
  const { world, first, second } = await scene({});
  assert.equal(await up(world), undefined);
  assert.equal(first.views().length, 1);
  const states: (readonly (readonly string[])[])[] = [];
  const { apply } = world.host;
  world.host.apply = (name, desired) => {
    states.push([desired.bypass, desired.addresses.map(({ address: own }) => own)]);
    return apply(name, desired);
  };
  const mark = world.network.sent.length;
  let bypassed: readonly string[] | undefined;
  world.network.onSend = ({ address: to }) => {
    if (to === SECOND) bypassed ??= world.host.states.get('office')?.bypass ?? [];
  };
  const [before] = tunnelOf(world).addresses;
  first.command({ kind: 'redirect', target: { kind: 'name', text: NAME } });
  let gap = false;
  for (let n = 0; n < 500; n++) {
    await world.clock.pass(10);
    gap ||= !tunnelOf(world).usable;
  }
  const { ike, usable, history, addresses } = tunnelOf(world);
  assert.deepEqual([ike?.remote?.address, usable, gap], [SECOND, true, false]);
  assert.deepEqual([first.views().length, second.views().length], [0, 1]);
  assert.ok(history.some(({ topic, data }) => topic === 'redirect' && data?.phase === 'established'));
  assert.deepEqual(
    history.flatMap(({ topic, data }) =>
      topic === 'reauth' ? [[data?.cause, data?.to, data?.done, data?.code]] : [],
    ),
    [
      ['redirect', NAME, false, undefined],
      ['redirect', NAME, true, undefined],
    ],
  );
  assert.ok(world.network.sent.slice(mark).some(({ to }) => to === SECOND));
  assert.deepEqual(bypassed, [FIRST, SECOND], 'it stays outside before the first packet goes to it');
  // Then the address is the new gateway's, and the old one is bypassed until it has been told.
  const [old, own] = [before, addresses[0]].map((text) => text?.split('/')[0] ?? '');
  assert.deepEqual(states, [
    [[FIRST, SECOND], [old]],
    [[SECOND, FIRST], [own]],
    [[SECOND], [own]],
  ]);
  // It was told by a Delete, not forgotten.
  assert.ok(world.lines.some((line) => /IKE SA closed/.test(line) && /PEER_DELETED/.test(line)));
  // From now on it is the profile's own gateway again that is called first.
  const down = world.engine.down({ name: 'office' });
  await world.clock.pass(5_000);
  await down;
  assert.equal(await up(world), undefined);
  assert.equal(tunnelOf(world).ike?.remote?.address, FIRST);
});

const goesOver = (world: TunnelWorld) =>
  tunnelOf(world).history.flatMap(({ topic, data }) =>
    topic === 'reauth' ? [[data?.to, data?.done, data?.code]] : [],
  );

test('while connected, and nobody answers there: the first stays, and so does the host', async () => {
  const { world, first, second } = await scene({});
  assert.equal(await up(world), undefined);
  const spi = tunnelOf(world).ike?.spiInitiator;
  world.network.silent.add(SECOND);
  first.command({ kind: 'redirect', target: address(SECOND) });
  await world.clock.pass(90_000);
  assert.equal(tunnelOf(world).ike?.spiInitiator, spi);
  assert.ok(tunnelOf(world).usable);
  assert.deepEqual(goesOver(world), [
    [SECOND, false, undefined],
    [SECOND, true, 'NO_ANSWER'],
  ]);
  assert.deepEqual(world.host.states.get('office')?.bypass, [FIRST]);
  // Authenticating again leads nowhere else, and the next word of the gateway is heard as the first was.
  await world.engine.reauthenticate('office');
  await world.clock.pass(5_000);
  assert.equal(tunnelOf(world).ike?.remote?.address, FIRST);
  world.network.silent.delete(SECOND);
  first.command({ kind: 'redirect', target: address(SECOND) });
  await world.clock.pass(5_000);
  assert.equal(tunnelOf(world).ike?.remote?.address, SECOND);
  assert.equal(second.views().length, 1);
});

test('while connected, and the first ends meanwhile: what was begun beside it becomes the tunnel', async () => {
  const { world, first, second } = await scene({});
  assert.equal(await up(world), undefined);
  world.network.silent.add(SECOND);
  first.command({ kind: 'redirect', target: address(SECOND) });
  await world.clock.pass(1_000);
  first.command({ kind: 'close' });
  await world.clock.pass(1_000);
  assert.equal(tunnelOf(world).usable, false);
  world.network.silent.delete(SECOND);
  await world.clock.pass(10_000);
  assert.deepEqual([tunnelOf(world).ike?.remote?.address, tunnelOf(world).usable], [SECOND, true]);
  assert.deepEqual([first.views().length, second.views().length], [0, 1]);
  assert.deepEqual(world.host.states.get('office')?.bypass, [SECOND]);
});

test('what was begun beside it and becomes the tunnel keeps to the turns of its addresses', async () => {
  const { world, first } = await scene({});
  assert.equal(await up(world), undefined);
  world.network.names.set(NAME, [THIRD, SECOND]);
  world.gatewayAt(THIRD, {});
  world.network.silent.add(THIRD);
  const began = world.clock.now();
  first.command({ kind: 'redirect', target: { kind: 'name', text: NAME } });
  await world.clock.pass(3_000);
  first.command({ kind: 'close' });
  await world.clock.pass(1_000);
  assert.deepEqual([tunnelOf(world).usable, first.views().length], [false, 0]);
  world.network.sent.length = 0;
  await world.clock.pass(8_000);
  const second = world.network.sent.find(({ to }) => to === SECOND)?.at ?? Number.POSITIVE_INFINITY;
  // The longest turn that an address has, of which what had passed before counts.
  assert.ok(second - began < 8_500, `its first packet after ${second - began} ms`);
  assert.deepEqual([tunnelOf(world).ike?.remote?.address, tunnelOf(world).usable], [SECOND, true]);
});

test('while connected, and the first ends before the name is known: the other one is called all the same', async () => {
  const { world, first } = await scene({});
  assert.equal(await up(world), undefined);
  world.network.resolving = 2_000;
  first.command({ kind: 'redirect', target: { kind: 'name', text: NAME } });
  await world.clock.pass(100);
  first.command({ kind: 'close' });
  await world.clock.pass(10_000);
  assert.deepEqual([tunnelOf(world).ike?.remote?.address, tunnelOf(world).usable], [SECOND, true]);
});

test('while connected, through further gateways and in circles: five times, then it stays', async () => {
  const { world, first } = await scene({}, { ...HOSTS, redirectTo: '192.0.2.0/24' });
  assert.equal(await up(world), undefined);
  const spi = tunnelOf(world).ike?.spiInitiator;
  world.gatewayAt(SECOND, away('IKE_SA_INIT', address(THIRD)));
  const third = world.gatewayAt(THIRD, {});
  first.command({ kind: 'redirect', target: address(SECOND) });
  await world.clock.pass(5_000);
  assert.deepEqual([tunnelOf(world).ike?.remote?.address, tunnelOf(world).usable], [THIRD, true]);
  assert.deepEqual(world.host.states.get('office')?.bypass, [THIRD]);
  assert.notEqual(tunnelOf(world).ike?.spiInitiator, spi);
  const kept = tunnelOf(world).ike?.spiInitiator;
  world.gatewayAt(FIRST, away('IKE_AUTH', address(SECOND)));
  world.gatewayAt(SECOND, away('IKE_SA_INIT', address(FIRST)));
  third.command({ kind: 'redirect', target: address(SECOND) });
  await world.clock.pass(20_000);
  assert.equal(tunnelOf(world).ike?.spiInitiator, kept);
  assert.ok(tunnelOf(world).usable);
  assert.deepEqual(goesOver(world).at(-1)?.[2], 'REDIRECT_REFUSED');
  assert.deepEqual(world.host.states.get('office')?.bypass, [THIRD]);
});

test('a name with an address that does not answer: the next one has its turn', async () => {
  const { world, first } = await scene({});
  assert.equal(await up(world), undefined);
  world.network.names.set(NAME, [THIRD, SECOND]);
  world.gatewayAt(THIRD, {});
  world.network.silent.add(THIRD);
  first.command({ kind: 'redirect', target: { kind: 'name', text: NAME } });
  await world.clock.pass(20_000);
  assert.deepEqual([tunnelOf(world).ike?.remote?.address, tunnelOf(world).usable], [SECOND, true]);
  assert.deepEqual(goesOver(world).at(-1), [NAME, true, undefined]);
});
