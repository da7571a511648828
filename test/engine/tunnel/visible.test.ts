/** What a tunnel shows of its past: messages, timeline, drops. Messages come from two real sessions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEGOTIATION_MESSAGES, negotiationSchema } from '../../../engine/api/negotiation.ts';
import { toHex } from '../../../engine/base/bytes.ts';
import type { MessageEffect } from '../../../engine/tunnel/driver.ts';
import { DropCounts } from '../../../engine/tunnel/drop-watch.ts';
import { History } from '../../../engine/tunnel/history.ts';
import { Negotiation } from '../../../engine/tunnel/negotiation.ts';
import { type Who, World, type WorldOptions } from '../../sim/world.ts';

const TIME = '2026-01-01T00:00:00.000Z';

const isMessage = (effect: { readonly kind: string }): effect is MessageEffect =>
  effect.kind === 'message' || effect.kind === 'resent';

function negotiationOf(world: World, who: Who): Negotiation {
  const negotiation = new Negotiation();
  for (const effect of world.effects[who]) if (isMessage(effect)) negotiation.add(effect, TIME);
  return negotiation;
}

const connected = (options: WorldOptions = {}): World => new World(options).start().run(10_000);

test('a handshake is four messages on each side, with what was offered and chosen', () => {
  const world = connected();
  const ours = negotiationOf(world, 'i').messages();
  const theirs = negotiationOf(world, 'r').messages();
  const story = (messages: typeof ours): string[] =>
    messages.map((m) => `${m.direction} ${m.exchange} ${m.kind} ${m.messageId}`);
  assert.deepEqual(story(ours), [
    'sent IKE_SA_INIT request 0',
    'received IKE_SA_INIT response 0',
    'sent IKE_AUTH request 1',
    'received IKE_AUTH response 1',
  ]);
  assert.deepEqual(
    story(theirs),
    story(ours).map((line) => line.replace(/^\w+/, (d) => (d === 'sent' ? 'received' : 'sent'))),
  );
  const [init, answer, auth] = ours;
  const chosen = answer?.payloads.find((p) => p.name === 'SA')?.proposals ?? [];
  assert.equal(chosen.length, 1);
  const offered = init?.payloads.find((p) => p.name === 'SA')?.proposals ?? [];
  const words = (text: string): string[] => text.split('-');
  assert.ok(
    offered.some((proposal) => words(chosen[0] ?? '').every((word) => words(proposal).includes(word))),
    `${chosen[0]} was not among ${offered.join(', ')}`,
  );
  const view = world.sessions.i.view();
  assert.equal(init?.spi, view.spiInitiator);
  assert.equal(theirs[1]?.spi, view.spiResponder);
  assert.equal(answer?.roundTripMs, 20);
  assert.ok(auth?.payloads.some((p) => p.name === 'IDi' && p.text !== undefined));
  assert.ok(auth?.payloads.some((p) => p.name === 'TSi'));
  assert.ok((auth?.octets ?? 0) > 100);
  negotiationSchema.parse({ messages: ours });
});

test('a request that is lost counts as sent again, and its round trip is not known', () => {
  const world = connected({ filter: (from, _sent, index) => !(from === 'i' && index === 0) });
  const messages = negotiationOf(world, 'i').messages();
  assert.equal(messages[0]?.retransmits, 1);
  assert.equal(messages[1]?.roundTripMs, undefined);
  assert.equal(messages.length, 4);
});

test('no nonce, public value or AUTH data is in the negotiation', () => {
  const world = connected();
  const shown = JSON.stringify(negotiationOf(world, 'i').messages());
  let looked = 0;
  for (const effect of world.effects.i) {
    if (effect.kind !== 'message') continue;
    for (const payload of effect.payloads) {
      if (payload.kind !== 'Nonce' && payload.kind !== 'KE' && payload.kind !== 'AUTH') continue;
      looked++;
      assert.ok(!shown.includes(toHex(payload.data.subarray(0, 8))), payload.kind);
    }
  }
  assert.ok(looked >= 5);
});

test('the negotiation keeps the latest messages only', () => {
  const world = connected();
  const [first] = world.effects.i.filter(isMessage);
  assert.ok(first);
  const negotiation = new Negotiation();
  for (let n = 0; n < NEGOTIATION_MESSAGES + 50; n++) negotiation.add(first, TIME);
  const messages = negotiation.messages();
  assert.equal(messages.length, NEGOTIATION_MESSAGES);
  assert.equal(messages.at(-1)?.sequence, NEGOTIATION_MESSAGES + 50);
});

test('rekeys tell who, what and how long, on both sides', () => {
  const world = connected();
  const before = { i: world.effects.i.length, r: world.effects.r.length };
  const [child] = world.sessions.i.view().children;
  assert.ok(child);
  world.feed('i', { kind: 'command', command: { kind: 'rekey-child', id: child.id } });
  world.run(5_000);
  world.feed('i', { kind: 'command', command: { kind: 'rekey-ike' } });
  world.run(5_000);
  const rekeys = (who: Who) =>
    world.effects[who]
      .slice(before[who])
      .flatMap((e) => (e.kind === 'note' && e.topic === 'rekey' && e.data ? [e.data] : []));
  const ours = rekeys('i');
  assert.deepEqual(
    ours.map(({ what, by, done }) => [what, by, done]),
    [
      ['child', 'us', false],
      ['child', 'us', true],
      ['ike', 'us', false],
      ['ike', 'us', true],
    ],
  );
  assert.equal(ours[1]?.durationMs, 20);
  assert.equal(ours[1]?.child, child.name);
  assert.deepEqual(
    rekeys('r').map(({ what, by, done }) => [what, by, done]),
    [
      ['child', 'peer', true],
      ['ike', 'peer', true],
    ],
  );
});

test('answers to liveness checks in a row are one event, messages are none', () => {
  const history = new History(0);
  const at = (n: number): string => `2026-01-01T00:00:0${n}.000Z`;
  history.add({ time: at(0), level: 'debug', topic: 'message', text: 'IKE_AUTH request 1' });
  history.add({ time: at(1), level: 'debug', topic: 'liveness', text: 'asking the peer' });
  history.add({ time: at(2), level: 'debug', topic: 'liveness', text: 'answered', data: { ok: true } });
  history.add({
    time: at(3),
    level: 'debug',
    topic: 'liveness',
    text: 'answered',
    data: { ok: true, roundTripMs: 7 },
  });
  history.add({ time: at(4), level: 'warn', topic: 'liveness', text: 'no answer', data: { ok: false } });
  history.add({ time: at(5), level: 'debug', topic: 'liveness', text: 'answered', data: { ok: true } });
  assert.deepEqual(
    history.events().map((e) => [e.time, e.data]),
    [
      [at(3), { ok: true, roundTripMs: 7, count: 2 }],
      [at(4), { ok: false }],
      [at(5), { ok: true }],
    ],
  );
});

test('drops are told once, by how many more they are', () => {
  const watch = new DropCounts();
  assert.deepEqual(watch.look({ replay: 2, 'no-route': 9, integrity: 0 }), [{ cause: 'replay', count: 2 }]);
  assert.deepEqual(watch.look({ replay: 2, 'no-route': 19, integrity: 0 }), []);
  assert.deepEqual(watch.look({ replay: 5, 'no-route': 19, integrity: 1 }), [
    { cause: 'replay', count: 3 },
    { cause: 'integrity', count: 1 },
  ]);
});
