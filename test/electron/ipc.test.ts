/** IPC: whoever calls and whatever comes, the answer is a value or a typed refusal, and nothing is done unasked. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { CHANNELS } from '../../electron/bridge/channels.ts';
import type { Outcome } from '../../electron/bridge/contract.ts';
import { type Service, systemService } from '../../electron/engine/service.ts';
import type { ServiceFacts } from '../../electron/engine/standing.ts';
import type { CallerPort } from '../../electron/host.ts';
import { readCall } from '../../electron/ipc/schemas.ts';
import { METHOD_NAMES } from '../../engine/api/commands.ts';
import { failureSchema } from '../../engine/api/failure.ts';
import { type RunningShell, runShell } from './running.ts';

const CALLS = Object.values(CHANNELS).filter((channel) => channel !== CHANNELS.event);

interface Desk {
  readonly running: RunningShell;
  readonly caller: CallerPort;
  ask(channel: string, ...args: unknown[]): Promise<Outcome<unknown>>;
}

async function desk(t: TestContext, service?: Service): Promise<Desk> {
  const running = await runShell(service ? { service } : {});
  t.after(() => running.close());
  const window = running.windows[0] ?? assert.fail('no window');
  const caller = {
    sender: { id: window.webContents.id },
    senderFrame: { url: 'culvert-app://app/index.html', parent: null },
  };
  const ask = (channel: string, ...args: unknown[]): Promise<Outcome<unknown>> =>
    running.invoke(caller, channel, ...args) as Promise<Outcome<unknown>>;
  return { running, caller, ask };
}

const isRefusal = (outcome: Outcome<unknown>): boolean =>
  !outcome.ok && failureSchema.safeParse(outcome.failure).success;

test('a handler for each channel of the bridge, and for no other', async (t) => {
  const { running } = await desk(t);
  assert.deepEqual([...running.channels].sort(), [...CALLS].sort());
});

test('only our page in the main frame of our window is answered', async (t) => {
  const { running, caller } = await desk(t);
  const own = { url: 'culvert-app://app/index.html', parent: null };
  const strangers: CallerPort[] = [
    { ...caller, senderFrame: null },
    { ...caller, senderFrame: { ...own, parent: {} } },
    { ...caller, senderFrame: { ...own, url: 'https://example.com/' } },
    { ...caller, senderFrame: { ...own, url: 'culvert-app://app.example/index.html' } },
    { ...caller, senderFrame: { ...own, url: 'file:///index.html' } },
    { ...caller, senderFrame: { ...own, url: 'about:blank' } },
    { sender: { id: caller.sender.id + 1 }, senderFrame: own },
  ];
  for (const channel of CALLS)
    for (const stranger of strangers) {
      const outcome = (await running.invoke(stranger, channel)) as Outcome<unknown>;
      assert.ok(!outcome.ok && outcome.failure.code === 'NOT_PERMITTED', channel);
    }
  running.windows[0]?.userCloses();
  const late = (await running.invoke(caller, CHANNELS.about)) as Outcome<unknown>;
  assert.ok(!late.ok && late.failure.code === 'NOT_PERMITTED', 'a window that is gone');
});

test('arbitrary arguments on every channel: a value or a typed refusal, never an exception', async (t) => {
  const { running, ask } = await desk(t);
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  });
  // These go out to the user or the system when their arguments are right.
  const quiet = CALLS.filter((c) => c !== CHANNELS.startEngine && c !== CHANNELS.copy);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...quiet),
      fc.array(anything, { maxLength: 3 }),
      async (channel, args) => {
        const outcome = await ask(channel, ...args);
        assert.ok(outcome.ok || isRefusal(outcome), channel);
      },
    ),
    { numRuns: 600 },
  );
  assert.equal(running.clipboard.length, 0);
});

test('arbitrary parameters of every method are refused by the field, before anything is sent', async (t) => {
  const { ask } = await desk(t);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...METHOD_NAMES), fc.anything(), async (method, params) => {
      const outcome = await ask(CHANNELS.call, method, params);
      assert.ok(isRefusal(outcome));
      if (!outcome.ok) assert.ok(['USAGE', 'ENGINE_NOT_RUNNING'].includes(outcome.failure.code), method);
    }),
    { numRuns: 600 },
  );
});

test('methods that are not for windows, or not at all, are refused', () => {
  for (const method of [
    'snapshot.watch',
    'log.follow',
    'log.unfollow',
    '__proto__',
    'constructor',
    'toString',
    '',
    7,
  ])
    assert.equal(readCall([method, {}]).ok, false, String(method));
  assert.equal(readCall(['engine.info', {}]).ok, true);
  assert.equal(readCall(['engine.info', {}, 'more']).ok, false);
  assert.equal(readCall(['engine.info', { extra: 1 }]).ok, false);
});

test('what is too large or no JSON is refused; a refusal never repeats the value', () => {
  const large = readCall(['profiles.add', { profile: { name: 'x'.repeat(2 ** 21) } }]);
  assert.ok(!large.ok && /octets/.test(large.problem));
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const looped = readCall(['profiles.add', { profile: cyclic }]);
  assert.ok(!looped.ok && /JSON/.test(looped.problem));
  const secret = readCall(['tunnel.answer', { name: 'office', prompt: 'hunter2', answer: 'hunter2' }]);
  assert.ok(!secret.ok);
  assert.doesNotMatch(secret.problem, /hunter2/);
});

test('a file is saved where the user says, under no other name, for nobody else to read', async (t) => {
  const { running, ask } = await desk(t);
  const file = { name: 'office.culvert', content: Buffer.from('profile').toString('base64') };
  const none = await ask(CHANNELS.saveFile, file);
  assert.deepEqual(none, { ok: true, value: false });
  const path = join(running.folder, 'saved.culvert');
  running.chosen.save = path;
  assert.deepEqual(await ask(CHANNELS.saveFile, file), { ok: true, value: true });
  assert.equal(readFileSync(path, 'utf8'), 'profile');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  running.chosen.save = join(running.folder, 'never');
  for (const name of ['../x', '/etc/x', 'a\\b', 'C:x', '', '.hidden', 'a\u0000', 'x'.repeat(300)])
    assert.ok(isRefusal(await ask(CHANNELS.saveFile, { ...file, name })), name);
  assert.equal(existsSync(running.chosen.save), false);
  running.chosen.save = join(running.folder, 'no-folder', 'x');
  assert.ok(isRefusal(await ask(CHANNELS.saveFile, file)));
});

test('chosen files are read; a missing one is a refusal with its name', async (t) => {
  const { running, ask } = await desk(t);
  assert.deepEqual(await ask(CHANNELS.chooseFiles), { ok: true, value: undefined });
  running.chosen.open = [join(running.folder, 'anna.p12')];
  const missing = await ask(CHANNELS.chooseFiles);
  assert.ok(!missing.ok && missing.failure.message === 'anna.p12 cannot be read (ENOENT)');
});

test('without an engine a call says so; about tells of the shell', async (t) => {
  const { ask } = await desk(t);
  const call = await ask(CHANNELS.call, 'engine.info', {});
  assert.ok(!call.ok && call.failure.code === 'ENGINE_NOT_RUNNING');
  const about = await ask(CHANNELS.about);
  assert.deepEqual(about, {
    ok: true,
    value: { version: '0.1.0', platform: 'linux', locale: 'en-GB', hasShell: true },
  });
});

test('a service that is not installed is not started, and the refusal says what to do', async (t) => {
  const facts: ServiceFacts = {
    manager: true,
    definition: 'missing',
    programs: { kind: 'absent' },
    canAsk: true,
  };
  const run = () => assert.fail('nothing is run');
  const service = systemService('linux', {}, { facts: async () => facts, run });
  const { ask } = await desk(t, service);
  const outcome = await ask(CHANNELS.startEngine);
  assert.ok(!outcome.ok && outcome.failure.code === 'NOT_SUPPORTED');
  assert.ok((outcome.failure.advice ?? []).length > 0);
  assert.ok(isRefusal(await ask(CHANNELS.startEngine, 'now')));
});
