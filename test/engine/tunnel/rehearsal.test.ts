/** The rekey that is tried shortly after the first connect, against the embedded gateway on a virtual clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RehearsalStorage, Rehearsed } from '../../../engine/os/rehearsals/port.ts';
import { Rehearsals } from '../../../engine/tunnel/rehearsals.ts';
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

const what = (profile: string, child = 'net', proposals = 'a'): Rehearsed => ({ profile, child, proposals });

function memory(): RehearsalStorage & { kept: readonly Rehearsed[] } {
  return {
    kept: [],
    async load() {
      return this.kept;
    },
    async save(rehearsed) {
      this.kept = rehearsed;
    },
  };
}

test('what was rehearsed is known after a restart, and forgotten with its proposals or its profile', async () => {
  const storage = memory();
  const first = new Rehearsals(storage);
  await first.load();
  for (const one of [what('office'), what('office', 'lab'), what('home')]) first.pass(one);
  first.begin(what('failed'));
  assert.ok(first.has(what('failed')), 'not twice in one run');
  const second = new Rehearsals(storage);
  await second.load();
  assert.ok(second.has(what('office')) && second.has(what('office', 'lab')) && second.has(what('home')));
  assert.ok(!second.has(what('failed')), 'what did not work is tried again');
  assert.ok(!second.has(what('office', 'net', 'b')));
  second.pass(what('office', 'net', 'b'));
  assert.ok(!second.has(what('office')), 'the proposals of before');
  second.forget('office');
  second.forget('nobody');
  const third = new Rehearsals(storage);
  await third.load();
  assert.deepEqual(storage.kept, [what('home')]);
  assert.ok(third.has(what('home')) && !third.has(what('office', 'lab')));
});

test('it has an end: the oldest make room', () => {
  const storage = memory();
  const known = new Rehearsals(storage);
  for (let n = 0; n < 1000; n++) known.pass(what(`p${n}`));
  assert.equal(storage.kept.length, 256);
  assert.ok(known.has(what('p999')) && !known.has(what('p0')));
});
