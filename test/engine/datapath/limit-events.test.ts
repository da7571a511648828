/** A pair's limits are told once, whichever direction says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LimitEvents } from '../../../engine/datapath/limit-events.ts';

test('each limit is news once, the soft one not after the hard one', () => {
  const limits = new LimitEvents();
  const soft = { kind: 'soft-limit', id: 1 } as const;
  const hard = { kind: 'hard-limit', id: 1 } as const;
  assert.deepEqual(
    [soft, soft, hard, soft, hard].map((event) => limits.isNews(event)),
    [true, false, true, false, false],
  );
  assert.equal(limits.isNews({ ...soft, id: 2 }), true);
  limits.forget(1);
  assert.equal(limits.isNews(hard), true);
});

test('other events are always news', () => {
  const limits = new LimitEvents();
  for (let i = 0; i < 2; i++) assert.equal(limits.isNews({ kind: 'first-inbound', id: 1 }), true);
});
