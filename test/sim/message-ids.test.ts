/** Message IDs do not start over: an IKE SA whose own are nearly used up is replaced (RFC 7296 §2.2). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEARLY_LAST_ID } from '../../engine/ike/transport.ts';
import { Window } from '../../engine/ike/window.ts';
import { World } from './world.ts';

test('the SA is rekeyed by the side whose message IDs come to their end, and counts from 0 again', () => {
  const windows: Window[] = [];
  const clear = Object.getOwnPropertyDescriptor(Window.prototype, 'takeId');
  assert.ok(clear);
  const original = Window.prototype.takeId;
  Window.prototype.takeId = function takeId(this: Window) {
    if (!windows.includes(this)) windows.push(this);
    return original.call(this);
  };
  try {
    const world = new World().connect();
    const [ours] = windows;
    assert.ok(ours && windows.length === 1);
    // Both ends have come a long way: what one sends next, the other expects next.
    const theirs: Window[] = [];
    const probe = (): void => void world.feed('i', { kind: 'command', command: { kind: 'probe' } });
    world.feed('r', { kind: 'command', command: { kind: 'probe' } });
    theirs.push(...windows.filter((w) => w !== ours));
    world.run(5_000);
    const [peer] = theirs;
    assert.ok(peer);
    ours.nextOut = NEARLY_LAST_ID - 1;
    peer.nextIn = NEARLY_LAST_ID - 1;
    probe();
    world.run(1_000);
    assert.equal(world.sessions.i.view().generation, 0);
    probe();
    world.run(20_000);
    assert.deepEqual([world.sessions.i.view().generation, world.sessions.r.view().generation], [1, 1]);
    world.assertSameIke();
    world.assertSameChildren(1);
    probe();
    world.run(1_000);
    assert.match(world.exchanges('i').at(-1) ?? '', /INFORMATIONAL response [0-2] /);
    for (const window of windows) window.nextOut = 2 ** 32;
    probe();
    assert.equal(world.closed('i')?.failure?.code, 'LIFETIME_EXPIRED');
  } finally {
    Window.prototype.takeId = original;
  }
});
