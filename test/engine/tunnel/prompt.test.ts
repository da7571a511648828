/** What the user is asked for, by the engine's API, on a virtual clock: when, how long, how often, and what is kept. */
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { PromptSnapshot } from '../../../engine/api/prompt.ts';
import { tunnelSnapshotSchema } from '../../../engine/api/snapshot.ts';
import type { FailureCode } from '../../../engine/base/failure.ts';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from '../../sim/tunnel-world.ts';
import { issue } from '../pki/fixtures.ts';

const LOGIN = { eap: 'mschapv2', username: USER } as const;
const MINUTE = 60_000;

function tunnelOf(world: TunnelWorld) {
  const [tunnel] = world.engine.snapshot().tunnels;
  assert.ok(tunnel, 'there is a tunnel');
  return tunnelSnapshotSchema.parse(tunnel);
}

function standing(world: TunnelWorld): PromptSnapshot {
  const { prompt } = tunnelOf(world);
  assert.ok(prompt, `no question stands: ${tunnelOf(world).lastFailure?.message}`);
  return prompt;
}

async function start(world: TunnelWorld, auth: Readonly<Record<string, unknown>>): Promise<void> {
  await world.engine.up({ profile: world.document(auth) });
  await world.clock.pass(1000);
}

async function answer(world: TunnelWorld, text: string, store = false): Promise<void> {
  await world.engine.answer({ name: 'office', prompt: standing(world).id, answer: text, store });
  await world.clock.pass(3000);
}

const code = (error: unknown): FailureCode => (error as { failure: { code: FailureCode } }).failure.code;
const failed = (world: TunnelWorld) => tunnelOf(world).lastFailure;
const isUp = (world: TunnelWorld): boolean => tunnelOf(world).usable;

test('a missing password is asked for before the gateway hears anything, and for two minutes', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  const result = await world.engine.up({ profile: world.document(LOGIN) });
  const asked = { id: 1, kind: 'password', user: USER, storable: false, secondsLeft: 120 };
  assert.deepEqual(JSON.parse(JSON.stringify(result.tunnel.prompt)), asked);
  assert.equal(result.tunnel.state, 'CONNECTING');
  await world.clock.pass(119_000);
  assert.equal(standing(world).secondsLeft, 1);
  assert.equal(world.gateway.views().length, 0);
  await answer(world, PASSWORD);
  assert.ok(isUp(world), failed(world)?.message);
  assert.equal(tunnelOf(world).prompt, undefined);
});

test('nobody answers: the attempt ends with its reason, and nothing is left', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  const attempt = world.engine.up({ profile: world.document(LOGIN), wait: true });
  const rejected = assert.rejects(attempt, (error) => code(error) === 'SECRET_NEEDED');
  await world.clock.pass(121_000);
  await rejected;
  assert.match(failed(world)?.message ?? '', /nobody gave the password of carol within 120 s/);
  assert.equal(tunnelOf(world).prompt, undefined);
  assert.equal(world.host.states.size, 0);
  await assert.rejects(
    world.engine.answer({ name: 'office', prompt: 1, answer: 'late' }),
    (error) => code(error) === 'NOT_FOUND',
  );
});

test('down withdraws the question, and a question has its number once', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  for (const id of [1, 2]) {
    const attempt = world.engine.up({ profile: world.document(LOGIN), wait: true });
    const rejected = assert.rejects(attempt, (error) => code(error) === 'CANCELLED');
    await world.clock.pass(10);
    assert.equal(standing(world).id, id);
    await world.engine.down({});
    await rejected;
    assert.equal(tunnelOf(world).prompt, undefined);
    assert.equal(tunnelOf(world).state, 'CREATED');
  }
  assert.equal(world.gateway.views().length, 0);
});

test('a refused password is asked for again with the reason, three times in all', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await start(world, LOGIN);
  await answer(world, 'wrong');
  assert.match(standing(world).problem ?? '', /user name or password is wrong/);
  assert.equal(standing(world).secondsLeft, 117);
  await answer(world, 'wrong again');
  await answer(world, 'and again');
  assert.equal(failed(world)?.code, 'AUTHENTICATION_FAILED');
  assert.equal(tunnelOf(world).prompt, undefined);
  assert.equal(world.tries.length, 3);
  await world.clock.pass(10 * MINUTE);
  assert.equal(world.tries.length, 3, 'nothing is tried by itself');
});

test('wrong, then right: connected', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await start(world, LOGIN);
  await answer(world, 'wrong');
  await answer(world, PASSWORD);
  assert.ok(isUp(world));
});

test('a stored password that is refused is a failure, not a question', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await start(world, { ...LOGIN, password: 'out of date' });
  await world.clock.pass(10 * MINUTE);
  assert.equal(failed(world)?.code, 'AUTHENTICATION_FAILED');
  assert.equal(failed(world)?.authenticated, true);
  assert.equal(world.tries.length, 1);
});

/** The gateway forgets everything, as at a restart, and the tunnel notices. */
async function loseGateway(world: TunnelWorld): Promise<void> {
  world.gateway.abandon();
  await world.clock.pass(3 * MINUTE);
}

test('what was answered is kept in memory for reconnects of the same up, and forgotten at down', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await start(world, LOGIN);
  await answer(world, PASSWORD);
  await loseGateway(world);
  assert.ok(isUp(world), 'connected again without a question');
  assert.equal(world.tries.length, 2);
  await Promise.all([world.engine.down({}), world.clock.pass(10_000)]);
  await start(world, LOGIN);
  assert.equal(standing(world).problem, undefined);
});

test('a remembered password that the gateway refuses later is forgotten and asked for, not repeated', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await start(world, LOGIN);
  await answer(world, PASSWORD);
  world.password = 'changed in the meantime';
  world.gateway.abandon();
  await world.clock.pass(2 * MINUTE);
  assert.match(standing(world).problem ?? '', /wrong/);
  assert.equal(world.tries.length, 2);
  await answer(world, 'changed in the meantime');
  assert.ok(isUp(world));
});

test("GTC: the question comes in the gateway's words and stands as long as the gateway waits", async () => {
  const world = await tunnelWorld({ methods: ['gtc'], question: 'Code on your token?' });
  await start(world, { eap: 'gtc', username: USER, password: 'not asked for' });
  const prompt = standing(world);
  assert.deepEqual(
    [prompt.kind, prompt.text, prompt.storable],
    ['one-time-code', 'Code on your token?', false],
  );
  assert.equal(prompt.secondsLeft, 24);
  await assert.rejects(
    world.engine.answer({ name: 'office', prompt: prompt.id, answer: 'x', store: true }),
    (error) => code(error) === 'USAGE',
  );
  await answer(world, PASSWORD);
  assert.ok(isUp(world), failed(world)?.message);
});

test('GTC: no answer in time ends the attempt at both ends', async () => {
  const world = await tunnelWorld({ methods: ['gtc'], question: 'Code?' });
  await start(world, { eap: 'gtc', username: USER });
  await world.clock.pass(40_000);
  assert.equal(failed(world)?.code, 'SECRET_NEEDED');
  assert.match(failed(world)?.message ?? '', /one-time code of carol within 25 s/);
  assert.equal(world.gateway.views().length, 0);
});

test('GTC: down while the question stands tells the gateway', async () => {
  const world = await tunnelWorld({ methods: ['gtc'], question: 'Code?' });
  await start(world, { eap: 'gtc', username: USER });
  assert.equal(world.gateway.views().length, 1);
  await Promise.all([world.engine.down({}), world.clock.pass(10_000)]);
  assert.equal(tunnelOf(world).prompt, undefined);
  assert.equal(world.gateway.views().length, 0);
});

test('a one-time code is neither kept for a reconnect nor repeated after a refusal', async () => {
  const world = await tunnelWorld({ methods: ['gtc'], question: 'Code?' });
  await start(world, { eap: 'gtc', username: USER });
  await answer(world, 'wrong');
  assert.match(standing(world).problem ?? '', /refuses user name or password/);
  await answer(world, PASSWORD);
  assert.ok(isUp(world));
  world.gateway.abandon();
  while (!tunnelOf(world).prompt) await world.clock.pass(5000);
  assert.equal(world.tries.length, 3);
  assert.equal(standing(world).kind, 'one-time-code');
});

test('GTC: an answered question for a password answers the same question of a reconnect, once', async () => {
  const world = await tunnelWorld({ methods: ['gtc'] });
  await start(world, { eap: 'gtc', username: USER });
  assert.equal(standing(world).kind, 'password');
  await answer(world, PASSWORD);
  assert.ok(isUp(world));
  await loseGateway(world);
  assert.ok(isUp(world), failed(world)?.message);
  assert.equal(world.tries.length, 2);
});

test("the time that a user takes is not the attempt's", async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] }, { patience: '5s' });
  await start(world, LOGIN);
  await world.clock.pass(60_000);
  await answer(world, PASSWORD);
  assert.ok(isUp(world), failed(world)?.message);
});

test('store: an answer goes into the stored profile once it has proved right, not before', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await world.engine.addProfile({ profile: world.document(LOGIN) });
  const kept = (): unknown =>
    (world.profiles.documents.get('office') as { local: { auth: { password?: string } } }).local.auth
      .password;
  await world.engine.up({ profile: 'office' });
  assert.equal(standing(world).storable, true);
  await answer(world, 'wrong', true);
  assert.equal(kept(), undefined);
  await answer(world, PASSWORD, true);
  assert.ok(isUp(world));
  assert.equal(kept(), PASSWORD);
  await Promise.all([world.engine.down({}), world.clock.pass(10_000)]);
  await world.engine.up({ profile: 'office' });
  await world.clock.pass(3000);
  assert.ok(isUp(world), 'no question any more');
});

test('an encrypted key asks for its passphrase, and a wrong one asks again', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const other = await issue({ subject: 'CN=carol' });
  const locked = (pem: typeof privateKey, passphrase: string): string =>
    pem.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) as string;
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  const key = locked(createPrivateKey(other.keyPem), 'open sesame');
  await start(world, { certificate: other.pem, key });
  assert.equal(standing(world).kind, 'passphrase');
  await answer(world, 'open barley');
  assert.match(standing(world).problem ?? '', /does not open the private key/);
  await answer(world, 'open sesame');
  assert.equal(failed(world)?.code, 'AUTHENTICATION_FAILED', 'this gateway wants EAP');
  assert.equal(tunnelOf(world).prompt, undefined, 'which is not the fault of the passphrase');
  // A key that does not belong to the certificate is told at once, whatever the passphrase.
  await start(world, { certificate: other.pem, key: locked(privateKey, 'x') });
  await answer(world, 'x');
  assert.match(standing(world).problem ?? '', /does not belong to the certificate/);
});

test('no line of the logs and no snapshot holds what was answered', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await start(world, LOGIN);
  await answer(world, 'first-wrong-secret');
  await answer(world, PASSWORD);
  const text = `${world.lines.join('\n')}${JSON.stringify(world.engine.snapshot())}`;
  assert.ok(world.lines.length > 10);
  for (const secret of ['first-wrong-secret', PASSWORD]) assert.ok(!text.includes(secret));
});

test('answers that cannot be one', async () => {
  const world = await tunnelWorld({ methods: ['mschapv2'] });
  await start(world, LOGIN);
  const { id } = standing(world);
  for (const [prompt, text, expected] of [
    [id + 1, 'x', 'NOT_FOUND'],
    [id, '', 'USAGE'],
    [id, 'ü'.repeat(600), 'USAGE'],
  ] as const)
    await assert.rejects(
      world.engine.answer({ name: 'office', prompt, answer: text }),
      (error) => code(error) === expected,
    );
  await assert.rejects(
    world.engine.answer({ name: 'elsewhere', prompt: id, answer: 'x' }),
    (error) => code(error) === 'NOT_FOUND',
  );
  assert.equal(standing(world).id, id);
});
