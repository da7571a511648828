/** The connection policy on a virtual clock: every address has its turn, nobody is hammered, giving up is honest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttemptSnapshot } from '../../engine/api/attempt.ts';
import { RECENT_ATTEMPTS } from '../../engine/api/limits.ts';
import { tunnelSnapshotSchema } from '../../engine/api/snapshot.ts';
import type { FailureCode } from '../../engine/base/failure.ts';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from './tunnel-world.ts';

const LOGIN = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;
const MINUTE = 60_000;
const GATEWAY = '192.0.2.1';

const tunnelOf = (world: TunnelWorld) => {
  const [tunnel] = world.engine.snapshot().tunnels;
  assert.ok(tunnel, 'there is a tunnel');
  return tunnelSnapshotSchema.parse(tunnel);
};
const attempts = (world: TunnelWorld): readonly AttemptSnapshot[] => tunnelOf(world).recentAttempts;
const code = (error: unknown): FailureCode => (error as { failure: { code: FailureCode } }).failure.code;

const worldOf = (fields: Readonly<Record<string, unknown>> = {}, keyingtries = 1): Promise<TunnelWorld> =>
  tunnelWorld(
    { methods: ['mschapv2'] },
    { ike: { proposals: 'aes128gcm16-prfsha256-x25519!', keyingtries }, ...fields },
  );

/** When attempts began, in ms. */
const begins = (world: TunnelWorld): number[] => {
  const firsts = attempts(world).filter((one, i, all) => one.number !== all[i - 1]?.number);
  return firsts.map((one) => Date.parse(one.time));
};

const gaps = (moments: readonly number[]): number[] =>
  moments.slice(1).map((moment, i) => moment - (moments[i] as number));

test('every address has its turn in the order of RFC 8305, and each has its reason in the snapshot', async () => {
  const world = await worldOf();
  world.network.addresses = ['192.0.2.7', GATEWAY, '2001:db8::7'];
  for (const silent of ['192.0.2.7', '2001:db8::7']) world.network.silent.add(silent);
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  await world.clock.pass(MINUTE);
  await up;
  assert.deepEqual(
    attempts(world).map(({ number, address, port, outcome, code }) => [number, address, port, outcome, code]),
    [
      [1, '2001:db8::7', 4501, 'failed', 'NO_ANSWER'],
      [1, '192.0.2.7', 4501, 'failed', 'NO_ANSWER'],
      [1, GATEWAY, 4501, 'connected', undefined],
    ],
  );
  for (const one of attempts(world).slice(0, 2)) assert.equal(one.durationMs, 8000);
  assert.match(attempts(world)[0]?.message ?? '', /no answer from \[2001:db8::7\]:4501/);
});

test('a family without a route is not waited for, and said', async () => {
  const world = await worldOf();
  world.network.addresses = [GATEWAY, '2001:db8::7'];
  world.network.unrouted.add('2001:db8::7');
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  await world.clock.pass(2000);
  await up;
  const [first, second] = attempts(world);
  assert.deepEqual([first?.address, first?.code], ['2001:db8::7', 'NETWORK_UNREACHABLE']);
  assert.deepEqual([second?.address, second?.outcome], [GATEWAY, 'connected']);
  assert.ok(!world.network.sent.some(({ to }) => to === '2001:db8::7'));
});

test('more addresses than patience: the next attempt begins with those that had no turn', async () => {
  const world = await worldOf({ patience: '10s' }, 3);
  world.network.addresses = Array.from({ length: 10 }, (_, i) => `198.51.100.${i + 1}`);
  for (const address of world.network.addresses) world.network.silent.add(address);
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  const rejected = assert.rejects(up, (error) => code(error) === 'NO_ANSWER');
  await world.clock.pass(2 * MINUTE);
  await rejected;
  assert.deepEqual(new Set(attempts(world).map((one) => one.address)), new Set(world.network.addresses));
  assert.equal(attempts(world).at(-1)?.number, 3);
});

test('without keyingtries the first failure is told at once; nothing goes on behind it', async () => {
  const world = await worldOf();
  world.network.silent.add(GATEWAY);
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  const rejected = assert.rejects(up, (error) => code(error) === 'NO_ANSWER');
  await world.clock.pass(2 * MINUTE);
  await rejected;
  const sent = world.network.sent.length;
  await world.clock.pass(60 * MINUTE);
  assert.equal(world.network.sent.length, sent);
  assert.equal(tunnelOf(world).state, 'CREATED');
  assert.equal(tunnelOf(world).lastFailure?.code, 'NO_ANSWER');
  assert.equal(world.host.states.size, 0);
});

test('keyingtries 3: three attempts, then the reason of the last', async () => {
  const world = await worldOf({ patience: '5s' }, 3);
  world.network.silent.add(GATEWAY);
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  const rejected = assert.rejects(up, (error) => code(error) === 'NO_ANSWER');
  await world.clock.pass(10 * MINUTE);
  await rejected;
  assert.equal(tunnelOf(world).attempts, 3);
  assert.deepEqual(
    attempts(world).map(({ number, outcome }) => [number, outcome]),
    [1, 2, 3].map((n) => [n, 'failed']),
  );
});

test('for ever: an hour of silence is not hammered, waits are jittered and bounded, memory is bounded', async () => {
  const worlds = await Promise.all([worldOf({ patience: '1s' }, 0), worldOf({ patience: '1s' }, 0)]);
  const waits: number[] = [];
  for (const world of worlds) {
    world.network.silent.add(GATEWAY);
    void world.engine.up({ profile: world.document(LOGIN) });
    await world.clock.pass(60 * MINUTE);
    const tunnel = tunnelOf(world);
    assert.equal(tunnel.state, 'CONNECTING');
    assert.ok(tunnel.attempts > 60 && tunnel.attempts < 125, `${tunnel.attempts} attempts in an hour`);
    assert.equal(attempts(world).length, RECENT_ATTEMPTS);
    const late = gaps(begins(world));
    for (const gap of late) assert.ok(gap >= 31_000 && gap <= 61_000, `a wait of ${gap} ms`);
    waits.push(...late);
    await Promise.all([world.engine.down({}), world.clock.pass(5000)]);
    const { length } = world.network.sent;
    await world.clock.pass(10 * MINUTE);
    assert.equal(world.network.sent.length, length, 'down ends it');
  }
  assert.ok(new Set(waits).size > 40, 'the waits differ');
});

test('the gateway comes back while we go on trying, and the password is not asked for again', async () => {
  const world = await worldOf({ patience: '5s' }, 0);
  world.network.silent.add(GATEWAY);
  const up = world.engine.up({ profile: world.document({ eap: 'mschapv2', username: USER }), wait: true });
  await world.clock.pass(1000);
  const { prompt } = tunnelOf(world);
  assert.ok(prompt);
  await world.engine.answer({ name: 'office', prompt: prompt.id, answer: PASSWORD });
  await world.clock.pass(5 * MINUTE);
  assert.ok(tunnelOf(world).attempts > 3);
  assert.equal(tunnelOf(world).prompt, undefined, 'nobody has refused it');
  world.network.silent.clear();
  await world.clock.pass(2 * MINUTE);
  await up;
  assert.equal(world.tries.length, 1);
});

test('refused credentials end it at once, whatever keyingtries says', async () => {
  const world = await worldOf({}, 0);
  const up = world.engine.up({ profile: world.document({ ...LOGIN, password: 'wrong' }), wait: true });
  const rejected = assert.rejects(up, (error) => code(error) === 'AUTHENTICATION_FAILED');
  await world.clock.pass(60 * MINUTE);
  await rejected;
  assert.equal(world.tries.length, 1);
  assert.equal(attempts(world).length, 1);
});

test('a one-time code is asked for anew in each attempt, never sent twice by itself', async () => {
  const world = await tunnelWorld(
    { methods: ['gtc'], question: 'Code?' },
    { ike: { proposals: 'aes128gcm16-prfsha256-x25519!', keyingtries: 0 }, patience: '5s' },
  );
  await world.engine.up({ profile: world.document({ eap: 'gtc', username: USER }) });
  await world.clock.pass(1000);
  const first = tunnelOf(world).prompt;
  assert.equal(first?.kind, 'one-time-code');
  // The answer never arrives: the attempt ends without anybody's word on the code.
  world.network.silent.add(GATEWAY);
  await world.engine.answer({ name: 'office', prompt: first?.id ?? 0, answer: PASSWORD });
  await world.clock.pass(8000);
  assert.equal(attempts(world)[0]?.outcome, 'failed');
  world.network.silent.clear();
  for (let i = 0; i < 30 && !tunnelOf(world).prompt; i++) await world.clock.pass(2000);
  const second = tunnelOf(world).prompt;
  assert.equal(second?.kind, 'one-time-code');
  assert.notEqual(second?.id, first?.id);
  assert.equal(tunnelOf(world).usable, false, 'no code was sent but the one that its user gave');
});

test('a gateway that takes us and drops us at once is asked less and less often', async () => {
  const world = await worldOf({ dpd: { delay: '30s', action: 'restart' } });
  await world.engine.up({ profile: world.document(LOGIN) });
  const end = world.clock.now() + 10 * MINUTE;
  while (world.clock.now() < end) {
    await world.clock.pass(200);
    if (tunnelOf(world).usable) world.gateway.command({ kind: 'close' });
  }
  const moments = begins(world);
  assert.ok(moments.length > 5 && moments.length < 40, `${moments.length} attempts in ten minutes`);
  const late = gaps(moments).slice(-5);
  for (const gap of late) assert.ok(gap > 15_000, `a wait of ${gap} ms`);
});

test('a network that flickers does not make an attempt of each change', async () => {
  const world = await worldOf({ patience: '1s' }, 0);
  world.network.silent.add(GATEWAY);
  void world.engine.up({ profile: world.document(LOGIN) });
  await world.clock.pass(MINUTE);
  const before = tunnelOf(world).attempts;
  for (let i = 0; i < 100; i++) {
    world.engine.networkChanged();
    await world.clock.pass(100);
  }
  const made = tunnelOf(world).attempts - before;
  assert.ok(made >= 4 && made <= 10, `${made} attempts in ten seconds`);
});

test('no network at all: said at once; with keyingtries the change of the network brings the next attempt', async () => {
  const world = await worldOf({}, 0);
  world.network.unrouted.add(GATEWAY);
  const up = world.engine.up({ profile: world.document(LOGIN), wait: true });
  await world.clock.pass(5 * MINUTE);
  assert.equal(tunnelOf(world).lastFailure?.code, 'NETWORK_UNREACHABLE');
  world.network.unrouted.clear();
  world.engine.networkChanged();
  await world.clock.pass(3000);
  await up;
  assert.ok(tunnelOf(world).usable);
});
