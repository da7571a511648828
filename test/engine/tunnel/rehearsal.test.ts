/** The rekey that is tried shortly after the first connect, against the embedded gateway on a virtual clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childConfig, proposals, selector } from '../../sim/configs.ts';
import { PASSWORD, type TunnelWorld, tunnelWorld, USER } from '../../sim/tunnel-world.ts';

const LOGIN = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;

const tunnelOf = ({ engine }: TunnelWorld) => {
  const [tunnel] = engine.snapshot().tunnels;
  assert.ok(tunnel);
  return tunnel;
};

/** A gateway that wants this for ESP, in place of the usual one. */
async function world(ours: Readonly<Record<string, unknown>>, theirs: string): Promise<TunnelWorld> {
  const made = await tunnelWorld(
    { methods: ['mschapv2'] },
    { ike: { proposals: 'aes128gcm16-prfsha256-x25519!' }, esp: ours },
  );
  made.gatewayAt('192.0.2.7', {
    children: [
      childConfig({
        proposals: proposals('esp', theirs),
        local: [selector('0.0.0.0/0')],
        remote: ['dynamic'],
      }),
    ],
  });
  made.network.addresses = ['192.0.2.7'];
  await made.engine.up({ profile: made.document(LOGIN) });
  await made.clock.pass(1_000);
  assert.ok(tunnelOf(made).usable, tunnelOf(made).lastFailure?.message);
  return made;
}

const reconnect = async ({ engine, clock, document }: TunnelWorld, more = {}): Promise<void> => {
  const down = engine.down({ name: 'office' });
  await clock.pass(5_000);
  await down;
  await engine.up({ profile: { ...document(LOGIN), ...more } });
  await clock.pass(20_000);
};

test('a rekey after seconds, once for a profile and its proposals', async () => {
  const made = await world({ proposals: 'aes128gcm16-x25519!', rehearsal: true }, 'aes128gcm16-x25519');
  const rekeys = () => tunnelOf(made).children.map((child) => child.rekeysDone);
  await made.clock.pass(3_000);
  assert.deepEqual(rekeys(), [0]);
  await made.clock.pass(20_000);
  assert.deepEqual(rekeys(), [1]);
  assert.equal(tunnelOf(made).lastFailure, undefined);
  const { history } = tunnelOf(made);
  assert.ok(history.some(({ data }) => data?.cause === 'rehearsal' && data.done === true));
  await reconnect(made);
  assert.deepEqual(rekeys(), [0], 'not again');
  await reconnect(made, { esp: { proposals: 'aes256gcm16-x25519,aes128gcm16-x25519!', rehearsal: true } });
  assert.deepEqual(rekeys(), [1], 'but again with other proposals');
});

test('a gateway with another PFS is found out, once, and the tunnel stays', async () => {
  const made = await world({ proposals: 'aes128gcm16-x25519!', rehearsal: true }, 'aes128gcm16-ecp256');
  await made.clock.pass(60_000);
  const { usable, lastFailure, history, children } = tunnelOf(made);
  assert.ok(usable);
  assert.equal(children.length, 1);
  assert.equal(lastFailure?.check, 'rehearsal');
  assert.match(lastFailure?.message ?? '', /perfect forward secrecy with CURVE_25519; this was a rehearsal/);
  assert.match(lastFailure?.advice?.[0] ?? '', /add the gateway's to esp\.proposals/);
  assert.equal(history.filter(({ topic, level }) => topic === 'child' && level === 'warn').length, 1);
});

test('without the field nothing is rekeyed before its time', async () => {
  const made = await world({ proposals: 'aes128gcm16-x25519!' }, 'aes128gcm16-ecp256');
  await made.clock.pass(60_000);
  assert.equal(tunnelOf(made).lastFailure, undefined);
});
