/** Ten minutes of rekeys and new authentications with one datagram in twenty lost: no timer and no pair is left behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, tunnelWorld, USER } from './tunnel-world.ts';

const MINUTE = 60_000;
const MINUTES = 10;
/** On the way at most: an old pair and a new one of each of two sessions. */
const MOST_PAIRS = 6;
/** Of tunnel, session, watches and datagrams under way, at both ends. */
const MOST_TIMERS = 12;

test('ten minutes of rekeys under loss: timers and pairs stay few, and none is left at the end', async () => {
  const world = await tunnelWorld(
    { methods: ['mschapv2'] },
    {
      ike: {
        proposals: 'aes128gcm16-prfsha256-x25519!',
        lifetime: '12s',
        margin: '4s',
        fuzz: 0.5,
        reauthTime: '45s',
        keyingtries: 0,
      },
      esp: { lifetime: '4s', margin: '2s', fuzz: 0.5 },
      retransmission: { timeout: '1s', base: 1.3, tries: 8 },
    },
  );
  const { clock, engine, network, path } = world;
  const before = clock.pending;
  let sent = 0;
  network.delivers = () => ++sent % 20 !== 0;
  await engine.up({ profile: world.document({ eap: 'mschapv2', username: USER, password: PASSWORD }) });
  const most: { timers: number; pairs: number }[] = [];
  for (let minute = 0; minute < MINUTES; minute++) {
    const peak = { timers: 0, pairs: 0 };
    for (const end = clock.now() + MINUTE; clock.now() < end; ) {
      await clock.pass(500);
      peak.timers = Math.max(peak.timers, clock.pending);
      peak.pairs = Math.max(peak.pairs, path.pairs);
    }
    most.push(peak);
  }
  const [tunnel] = engine.snapshot().tunnels;
  assert.ok(tunnel?.usable, tunnel?.lastFailure?.message);
  const told = (words: RegExp): number => world.lines.filter((line) => words.test(line)).length;
  const again = told(/^authenticated again in/);
  assert.ok(again >= MINUTES, `${again} new authentications`);
  assert.ok(sent > 250, `${sent} datagrams`);
  for (const { timers, pairs } of most)
    assert.ok(timers <= MOST_TIMERS && pairs <= MOST_PAIRS, JSON.stringify(most));
  const down = engine.down({});
  await clock.pass(5_000);
  await down;
  assert.deepEqual([path.pairs, clock.pending, network.open, world.gateway.leases], [0, before, 0, 0]);
});
