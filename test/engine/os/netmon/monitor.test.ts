/** The monitor over its sources: one event of a burst, and the next source when one is not to be had or is lost. */
import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { type TestContext, test } from 'node:test';
import type { Log } from '../../../../engine/base/log.ts';
import { silentLog } from '../../../../engine/base/log.ts';
import { networkMonitor } from '../../../../engine/os/netmon/monitor.ts';
import type { NetworkEvent } from '../../../../engine/os/netmon/port.ts';
import type { ChangeSource, SourceEvents } from '../../../../engine/os/netmon/source.ts';

class FakeSource implements ChangeSource {
  readonly name: string;
  readonly #refuses: string | undefined;
  events: SourceEvents | undefined;
  closed = 0;

  constructor(name: string, refuses?: string) {
    this.name = name;
    this.#refuses = refuses;
  }

  open(events: SourceEvents): () => void {
    if (this.#refuses !== undefined) throw new Error(this.#refuses);
    this.events = events;
    return () => {
      this.closed++;
    };
  }
}

/** Timers of the test's own, so that a burst takes no time and comparing never happens by itself. */
function world(t: TestContext, sources: readonly ChangeSource[]) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const events: NetworkEvent[] = [];
  const warned: unknown[] = [];
  const log: Log = {
    ...silentLog,
    warn: (message, fields) => warned.push([message, fields?.by, fields?.reason]),
  };
  const monitor = networkMonitor({ sources, log })((event) => events.push(event));
  t.after(() => monitor.close());
  // A timer that is set meanwhile counts from the end of a tick.
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 50) t.mock.timers.tick(50);
  };
  return { events, warned, monitor, pass };
}

test('a burst is one event, and unrest that does not end is one now and then', (t) => {
  const source = new FakeSource('one');
  const { events, pass } = world(t, [source]);
  for (let i = 0; i < 10; i++) source.events?.changed();
  pass(1000);
  assert.deepEqual(events, [{ kind: 'network' }]);
  for (let i = 0; i < 100; i++) {
    source.events?.changed();
    pass(100);
  }
  assert.ok(events.length > 10 && events.length < 30, `${events.length} events in 10 s`);
});

test('the next source when one cannot be opened, with the reason in the log', (t) => {
  const second = new FakeSource('two');
  const { events, warned, pass } = world(t, [new FakeSource('one', 'no such function'), second]);
  assert.deepEqual(warned, [['changes of the network are not told', 'one', 'no such function']]);
  second.events?.changed();
  pass(1000);
  assert.equal(events.length, 1);
});

test('the next source when one is lost; what happened in between counts as a change', (t) => {
  const [first, second] = [new FakeSource('one'), new FakeSource('two')];
  const { events, warned, pass } = world(t, [first, second]);
  first.events?.lost('gone');
  pass(1000);
  assert.deepEqual(warned, [['changes of the network are not told', 'one', 'gone']]);
  assert.equal(events.length, 1);
  second.events?.changed();
  pass(1000);
  assert.equal(events.length, 2);
  second.events?.lost('gone as well');
  assert.equal(warned.length, 2);
});

test('after its end nothing is heard, and the source is closed', (t) => {
  const source = new FakeSource('one');
  const { events, monitor, pass } = world(t, [source]);
  source.events?.changed();
  monitor.close();
  pass(60_000);
  assert.deepEqual([events, source.closed], [[], 1]);
});

for (const [what, sources, everyMs] of [
  ['often where nothing else tells', [], 2000],
  ['seldom beside a source', [new FakeSource('one')], 30_000],
] as const)
  test(`interfaces are compared ${what}`, (t) => {
    let address = '192.0.2.1';
    t.mock.method(os, 'networkInterfaces', () => ({ en0: [{ address }] }));
    syncBuiltinESMExports();
    t.after(() => {
      t.mock.restoreAll();
      syncBuiltinESMExports();
    });
    const { events, pass } = world(t, sources);
    pass(everyMs + 1000);
    assert.deepEqual(events, [], 'nothing is another');
    address = '192.0.2.2';
    pass(everyMs - 2000);
    assert.deepEqual(events, []);
    pass(3000);
    assert.deepEqual(events, [{ kind: 'network' }]);
    pass(3 * everyMs);
    assert.equal(events.length, 1);
  });
