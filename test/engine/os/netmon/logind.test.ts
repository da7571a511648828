/** Sleep by logind's word: a real bus, a real `busctl`, and a double that says what logind says. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import fc from 'fast-check';
import {
  type LogindOptions,
  readPrepareForSleep,
  watchLogind,
  withLogind,
} from '../../../../engine/os/netmon/logind.linux.ts';
import type { NetworkEvent } from '../../../../engine/os/netmon/port.ts';
import { findCommand, requireOrSkip } from '../../../support/require.ts';

const DOUBLE = fileURLToPath(new URL('../../../support/logind-double.mjs', import.meta.url));

const config = (
  socket: string,
): string => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
    <allow send_type="signal"/>
  </policy>
</busconfig>
`;

/** A bus of our own until the test ends: its address. */
async function startBus(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-bus-'));
  const socket = join(folder, 'bus');
  writeFileSync(join(folder, 'conf'), config(socket));
  const bus = spawn('dbus-daemon', [`--config-file=${join(folder, 'conf')}`, '--nofork', '--nopidfile'], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  t.after(() => {
    bus.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  while (!existsSync(socket)) await sleep(10);
  return `unix:path=${socket}`;
}

async function until(what: string, ask: () => boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!ask()) {
    assert.ok(Date.now() < end, `waited in vain: ${what}`);
    await sleep(20);
  }
}

const NEEDS = { commands: ['dbus-daemon', 'busctl'] };

type Say = (...words: readonly string[]) => Promise<unknown>;

async function startDouble(t: TestContext): Promise<{ options: LogindOptions; say: Say }> {
  const address = await startBus(t);
  return {
    options: { busctl: findCommand('busctl') ?? '', address },
    say: (...words) => promisify(execFile)(process.execPath, [DOUBLE, address, ...words]),
  };
}

/** A monitor makes itself known to nobody: words are said until one is heard. */
async function sayUntil(say: Say, words: readonly string[], heard: readonly unknown[]): Promise<void> {
  for (let n = 0; heard.length === 0; n++) {
    assert.ok(n < 50, 'nothing was ever heard');
    await say(...words);
    await sleep(100);
  }
}

test('logind is believed, and nobody else', async (t) => {
  if (!requireOrSkip(t, NEEDS)) return;
  const { options, say } = await startDouble(t);
  const heard: boolean[] = [];
  t.after(watchLogind(options, (asleep) => heard.push(asleep)));
  await sayUntil(say, ['wake'], heard);
  await say('sleep');
  // The bus keeps the order: what was said before has been heard by now.
  await until('the last word so far', () => heard.at(-1) === true);
  heard.length = 0;
  await say('impostor', 'sleep', 'wake');
  await say('wake');
  await until('the word of logind', () => heard.length > 0);
  assert.deepEqual(heard, [false]);
});

test('a wake is heard once, whoever notices it first, with the time between', async (t) => {
  if (!requireOrSkip(t, NEEDS)) return;
  const { options, say } = await startDouble(t);
  const heard: NetworkEvent[] = [];
  let clock: (event: NetworkEvent) => void = () => undefined;
  let closed = false;
  const monitor = withLogind((hear) => {
    clock = hear;
    return {
      close: () => {
        closed = true;
      },
    };
  }, options)((event) => heard.push(event));
  t.after(() => monitor.close());
  await sayUntil(say, ['wake'], heard);
  const before = heard.length;
  await say('sleep', '500', 'wake');
  const slept = (): number =>
    heard.reduce((ms, event) => Math.max(ms, event.kind === 'wake' ? event.asleepMs : 0), 0);
  await until('the time between', () => slept() >= 400);
  assert.ok(slept() < 10_000 && heard.length > before, JSON.stringify(heard));
  heard.length = 0;
  clock({ kind: 'network' });
  clock({ kind: 'wake', asleepMs: 7000 });
  assert.deepEqual(heard, [{ kind: 'network' }], 'the same wake by the clock is no second one');
  monitor.close();
  assert.ok(closed);
});

test('a line is read for what it is, and any text is read without a throw', () => {
  const line = (data: unknown, member = 'PrepareForSleep'): string =>
    JSON.stringify({ type: 'signal', member, payload: { type: 'b', data } });
  assert.equal(readPrepareForSleep(line([true])), true);
  assert.equal(readPrepareForSleep(line([false])), false);
  for (const other of [
    line([true], 'PrepareForShutdown'),
    line(true),
    line(['true']),
    line([]),
    'null',
    '[]',
    '{',
  ])
    assert.equal(readPrepareForSleep(other), undefined, other);
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void readPrepareForSleep(text)));
});
