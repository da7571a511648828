/** A session that another has taken over for ends without losing a packet, whatever is going on in it (RFC 7296 §2.8.3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINGER_MS } from '../../engine/ike/child.ts';
import type { Command, Effect } from '../../engine/ike/contract.ts';
import { childConfig, proposals, selector } from './configs.ts';
import { orders } from './crossing.ts';
import { type Who, World } from './world.ts';

const RETIRE: Command = { kind: 'retire' };
const childOf = (world: World, who: Who): number => world.sessions[who].view().children[0]?.id ?? 0;

/** Effects of the initiator by which one of its pairs gets outbound traffic. */
const takesTraffic = (effect: Effect): boolean =>
  effect.kind === 'activate-outbound' || (effect.kind === 'install-child' && effect.pair.outbound === 'now');

test('it is deleted after a moment, and packets under way then are taken', () => {
  const world = new World().connect();
  world.feed('i', { kind: 'command', command: RETIRE });
  world.run(900);
  assert.equal(world.state('i'), 'ESTABLISHED');
  assert.deepEqual(world.of('i', 'remove-child'), []);
  world.run(1_000);
  assert.deepEqual(world.closed('i'), { kind: 'closed', failure: undefined });
  assert.equal(world.closed('r')?.failure?.code, 'PEER_DELETED');
  assert.deepEqual(
    world.of('i', 'remove-child').map((e) => e.lingerMs),
    [LINGER_MS],
  );
});

test('the peer deletes it first: packets under way are taken all the same', () => {
  const world = new World().connect();
  world.feed('i', { kind: 'command', command: RETIRE });
  world.feed('r', { kind: 'command', command: { kind: 'close' } });
  world.run(3_000);
  assert.ok(world.closed('i'));
  assert.deepEqual(
    world.of('i', 'remove-child').map((e) => e.lingerMs),
    [LINGER_MS],
  );
});

test('nothing is begun in it any more, and the end by command is at once', () => {
  const world = new World({ initiator: { lifetime: { lifetime: 1500, margin: 900, fuzz: 0 } as never } });
  world.connect().feed('i', { kind: 'command', command: RETIRE });
  const id = childOf(world, 'i');
  const before = world.sent.length;
  for (const command of [{ kind: 'rekey-ike' }, { kind: 'rekey-child', id }, { kind: 'probe' }] as const)
    world.feed('i', { kind: 'command', command });
  world.run(700);
  assert.equal(world.sent.length, before);
  world.feed('i', { kind: 'command', command: { kind: 'close' } });
  world.run(100);
  assert.ok(world.closed('i'));
});

test('a rekey that is under way, by either side, brings no traffic back', () => {
  for (const what of ['child', 'ike'] as const)
    for (const by of ['i', 'r'] as const)
      for (const order of orders(4)) {
        const world = new World().connect().hold();
        const rekey: Command =
          what === 'ike' ? { kind: 'rekey-ike' } : { kind: 'rekey-child', id: childOf(world, by) };
        world.feed(by, { kind: 'command', command: rekey });
        world.feed('i', { kind: 'command', command: RETIRE });
        const since = world.effects.i.length;
        for (const who of order) if (world.held?.some((h) => h.from === who)) world.deliver(who);
        world.release().run(60_000);
        assert.deepEqual(world.effects.i.slice(since).filter(takesTraffic), []);
        assert.ok(world.closed('i'), `${what} by ${by}, ${order.join('')}`);
        assert.deepEqual(world.paths.i.live(), []);
        for (const { lingerMs } of world.of('i', 'remove-child')) assert.equal(lingerMs, LINGER_MS);
      }
});

test('a rehearsal that works is a rekey like any other', () => {
  const world = new World().connect();
  world.feed('i', {
    kind: 'command',
    command: { kind: 'rekey-child', id: childOf(world, 'i'), rehearsal: true },
  });
  world.run(2_000);
  world.assertSameChildren(1);
  assert.equal(world.sessions.i.view().children[0]?.generation, 1);
  assert.ok(world.of('i', 'note').some((n) => n.data?.cause === 'rehearsal' && n.data.done === true));
  assert.deepEqual(world.of('i', 'child-failed'), []);
});

test('a rehearsal finds the PFS that the gateway wants, once, and the pair stays', () => {
  for (const [ours, theirs, code] of [
    ['aes128gcm16-x25519', 'aes128gcm16-ecp256', 'INVALID_KE_PAYLOAD'],
    ['aes128gcm16', 'aes128gcm16-ecp256', 'NO_PROPOSAL_CHOSEN'],
  ] as const) {
    const world = new World({
      initiator: { children: [childConfig({ proposals: proposals('esp', ours) })] },
      responder: {
        children: [
          childConfig({
            proposals: proposals('esp', theirs),
            local: [selector('10.99.0.0/16')],
            remote: ['dynamic'],
          }),
        ],
      },
    }).connect();
    const before = world.sent.length;
    const id = childOf(world, 'i');
    world.feed('i', { kind: 'command', command: { kind: 'rekey-child', id, rehearsal: true } });
    world.run(20_000);
    const failed = world.of('i', 'child-failed');
    assert.deepEqual(
      failed.map((e) => [e.name, e.failure.check, e.failure.authenticated]),
      [['net', 'rehearsal', true]],
    );
    assert.ok([code, 'NO_PROPOSAL_CHOSEN'].includes(failed[0]?.failure.code as never));
    assert.equal(world.sent.length - before, 2, 'asked once');
    assert.deepEqual(
      world.sessions.i.view().children.map((c) => [c.id, c.state]),
      [[id, 'INSTALLED']],
    );
  }
});
