/**
 * The notifications of Windows over events in memory that have the manners of the real ones: one wait takes an event
 * that resets itself, and a handle that is closed while somebody waits for it, or used after that, is an error.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import { WAIT } from '../../../../engine/os/ffi/abi.win32.ts';
import type { ChangeKind } from '../../../../engine/os/ffi/notify.win32.ts';
import { changeNotices, type NoticeCalls } from '../../../../engine/os/netmon/notices.win32.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function world({ refuse }: { readonly refuse?: ChangeKind } = {}) {
  const events = new Map<number, { readonly manual: boolean; set: boolean }>();
  const registrations = new Map<number, { readonly what: ChangeKind; readonly event: number }>();
  const misuse: string[] = [];
  let next = 4;
  let waiting: { readonly handles: readonly number[]; readonly done: (which: number) => void } | undefined;
  const settle = (): void => {
    if (!waiting) return;
    const at = waiting.handles.findIndex((handle) => events.get(handle)?.set);
    if (at < 0) return;
    const event = events.get(waiting.handles[at] as number);
    if (event && !event.manual) event.set = false;
    const { done } = waiting;
    waiting = undefined;
    setImmediate(done, WAIT.OBJECT_0 + at);
  };
  const set = (handle: number): number => {
    const event = events.get(handle);
    if (!event) misuse.push(`SetEvent of ${handle}, which is closed`);
    else event.set = true;
    settle();
    return event ? 1 : 0;
  };
  const calls: NoticeCalls = {
    kernel: {
      lastError: () => 8,
      createEvent: (manual) => {
        events.set(next, { manual, set: false });
        next += 4;
        return next - 4;
      },
      setEvent: set,
      closeHandle: (handle) => {
        if (!events.delete(handle)) misuse.push(`CloseHandle of ${handle}, which is closed`);
        if (waiting?.handles.includes(handle)) misuse.push(`CloseHandle of ${handle}, which is waited for`);
        return 1;
      },
      waitForAnyAsync: (at, count, milliseconds, done) => {
        assert.ok(milliseconds > 0 && milliseconds < 0xffff_ffff, 'a wait has an end');
        const handles = [
          ...(koffi.decode(at, koffi.array('uint64', count)) as Iterable<number | bigint>),
        ].map(Number);
        for (const handle of handles) if (!events.has(handle)) misuse.push(`a wait for ${handle}`);
        if (waiting) misuse.push('two waits');
        waiting = { handles, done };
        settle();
      },
    },
    notices: {
      register: (what, event) => {
        if (what === refuse) throw new Error(`${what}: error 50`);
        registrations.set(next, { what, event });
        next += 4;
        return next - 4;
      },
      cancel: (registration) => {
        if (!registrations.delete(registration)) misuse.push(`cancelled ${registration}, which is not there`);
        return 0;
      },
    },
  };
  return {
    calls,
    misuse,
    events,
    registrations,
    change: (kind: ChangeKind) => {
      for (const { what, event } of registrations.values()) if (what === kind) set(event);
    },
    /** The wait ends with this, as with a time that is over. */
    end: (which: number) => {
      const done = waiting?.done;
      waiting = undefined;
      done?.(which);
    },
  };
}

function listen(calls: NoticeCalls) {
  const said = { changes: 0, lost: [] as string[] };
  const close = changeNotices(() => calls).open({
    changed: () => said.changes++,
    lost: (reason) => said.lost.push(reason),
  });
  return { said, close };
}

test('each kind of change is heard, also after a wait whose time is over', async () => {
  const { calls, change, end, misuse } = world();
  const { said, close } = listen(calls);
  for (const kind of ['interface', 'address', 'route'] as const) {
    change(kind);
    await turn();
  }
  assert.equal(said.changes, 3);
  end(WAIT.TIMEOUT);
  assert.equal(said.changes, 3);
  change('route');
  await turn();
  assert.equal(said.changes, 4);
  close();
  assert.deepEqual(misuse, []);
});

test('a burst between two waits is not lost, and at most one more call', async () => {
  const { calls, change, misuse } = world();
  const { said, close } = listen(calls);
  for (let i = 0; i < 100; i++) change('address');
  await turn();
  await turn();
  assert.ok(said.changes >= 1 && said.changes <= 2, `${said.changes}`);
  close();
  assert.deepEqual(misuse, []);
});

test('its end cancels at once, and closes what it waited for once that wait is over', async () => {
  const { calls, change, events, registrations, misuse } = world();
  const { said, close } = listen(calls);
  change('route');
  close();
  assert.equal(registrations.size, 0);
  assert.equal(events.size, 2, 'the wait has not ended yet');
  close();
  await turn();
  await turn();
  assert.equal(events.size, 0);
  assert.equal(said.changes, 0);
  assert.deepEqual(misuse, []);
});

test('an end that a change brings about', async () => {
  const { calls, change, events, misuse } = world();
  const close = changeNotices(() => calls).open({ changed: () => close(), lost: () => assert.fail('lost') });
  change('interface');
  await turn();
  await turn();
  assert.equal(events.size, 0);
  assert.deepEqual(misuse, []);
});

for (const refuse of ['interface', 'address', 'route'] as const)
  test(`nothing stays when ${refuse} cannot be registered`, () => {
    const { calls, events, registrations, misuse } = world({ refuse });
    assert.throws(() => listen(calls), new RegExp(`${refuse}: error 50`));
    assert.deepEqual([events.size, registrations.size, misuse], [0, 0, []]);
  });

test('a wait that fails is the end, and is said once', async () => {
  const { calls, end, events, registrations, misuse } = world();
  const { said, close } = listen(calls);
  end(WAIT.FAILED);
  assert.deepEqual(said, { changes: 0, lost: ['WaitForMultipleObjects failed'] });
  assert.deepEqual([events.size, registrations.size], [0, 0]);
  close();
  await turn();
  assert.deepEqual(misuse, []);
});
