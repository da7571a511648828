/** The bridge from a page to a real engine: calls, events, files, and what comes of arbitrary values. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Page } from 'playwright-core';
import type { CulvertBridge, EngineState, Outcome } from '../../../electron/bridge/contract.ts';
import { failureSchema } from '../../../engine/api/failure.ts';
import { eventually } from '../running.ts';
import { type DoubleStage, openWorld, type PageWorld, root } from './stage.ts';

declare global {
  interface Window {
    readonly culvert: CulvertBridge;
    readonly heard: {
      engine: EngineState[];
      snapshots: number;
      opened: string[];
      screens: string[];
      log: string[];
    };
  }
}

/** Keeps what it hears. */
const SCRIPT = `
  window.heard = { engine: [], snapshots: 0, opened: [], screens: [], log: [] };
  culvert.on('engine', (state) => heard.engine.push(state));
  culvert.on('snapshot', () => { heard.snapshots += 1; });
  culvert.on('opened', (files) => heard.opened.push(...files.map((file) => file.name)));
  culvert.on('navigate', ({ screen }) => heard.screens.push(screen));
  culvert.on('log', ({ lines }) => heard.log.push(...lines.map((line) => line.message)));
`;

const place = mkdtempSync(join(tmpdir(), 'culvert-engine-'));
const socket = join(place, 'engine.sock');
let world: PageWorld<DoubleStage>;
before(async () => {
  world = await openWorld(SCRIPT);
});
after(async () => {
  await world.close();
  rmSync(place, { recursive: true, force: true });
});

/** The engine as it is shipped, but for its folder. */
async function startEngine(t: TestContext): Promise<ChildProcess> {
  const engine = spawn(
    process.execPath,
    ['--import', 'tsx', 'engine/cli/main.ts', 'engine', '--socket', socket, '--state', join(place, 'state')],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(async () => {
    if (engine.exitCode !== null || engine.signalCode !== null) return;
    engine.kill('SIGTERM');
    await once(engine, 'exit');
  });
  const ready = once(engine.stdout ?? assert.fail(), 'data');
  assert.match(String((await ready)[0]), /^ready /);
  return engine;
}

const lastState = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => window.heard.engine.at(-1)?.kind);

async function stateBecomes(page: Page, kind: EngineState['kind']): Promise<void> {
  await page.waitForFunction((wanted) => window.heard.engine.at(-1)?.kind === wanted, kind, {
    timeout: 45_000,
  });
}

test('engine there, killed, back: the page hears of each, and calls say so meanwhile', async (t) => {
  const first = await startEngine(t);
  const { page } = await world.open(t, { socket });
  await stateBecomes(page, 'connected');
  await page.waitForFunction(() => window.heard.snapshots > 0, undefined, { timeout: 45_000 });
  const info = await page.evaluate(() => window.culvert.call('engine.info', {}));
  assert.ok(info.ok && info.value.pid === first.pid);

  first.kill('SIGKILL');
  await once(first, 'exit');
  await stateBecomes(page, 'not-running');
  const offline = await page.evaluate(() => window.culvert.call('engine.info', {}));
  assert.ok(!offline.ok && offline.failure.code === 'ENGINE_NOT_RUNNING');

  const second = await startEngine(t);
  await stateBecomes(page, 'connected');
  const again = await page.evaluate(() => window.culvert.call('engine.info', {}));
  assert.ok(again.ok && again.value.pid === second.pid);
});

test('the log is followed when it is asked for, across a restart of the engine', async (t) => {
  const engine = await startEngine(t);
  const { page } = await world.open(t, { socket });
  await stateBecomes(page, 'connected');
  assert.deepEqual(await page.evaluate(() => window.heard.log), []);
  await page.evaluate(() => window.culvert.followLog(true));
  await page.waitForFunction(() => window.heard.log.includes('the engine is ready'));
  engine.kill('SIGKILL');
  await once(engine, 'exit');
  await stateBecomes(page, 'not-running');
  await startEngine(t);
  await page.waitForFunction(
    () => window.heard.log.filter((line) => line === 'the engine is ready').length === 2,
    undefined,
    { timeout: 45_000 },
  );
  await page.evaluate(() => window.culvert.followLog(false));
});

test('a stranger’s method, and a wrong field, are refused with their names', async (t) => {
  const { page } = await world.open(t, { socket });
  const refusals = await page.evaluate(async () => {
    const call = window.culvert.call as (method: string, params: unknown) => Promise<Outcome<unknown>>;
    return [await call('snapshot.watch', {}), await call('tunnel.down', { name: 'a/b' })];
  });
  const messages = refusals.map((r) => (r.ok ? '' : r.failure.message));
  assert.match(messages[0] ?? '', /method/);
  assert.match(messages[1] ?? '', /params\.name/);
});

test('arbitrary values through every function of the bridge: an answer or a refusal, and the shell lives', async (t) => {
  const { page, running } = await world.open(t, { socket });
  const values = fc.sample(fc.array(fc.anything({ maxDepth: 2 }), { maxLength: 3 }), 150);
  // What JSON cannot say reaches the page as null; the unit tests fuzz with the rest.
  const rows = JSON.parse(
    JSON.stringify(values, (_key, value) => (typeof value === 'bigint' ? Number(value) : value)),
  );
  const outcomes = await page.evaluate(async (all: unknown[][]) => {
    const bridge = window.culvert as unknown as Record<string, (...args: unknown[]) => unknown>;
    const names = Object.keys(bridge).filter((name) => name !== 'startEngine');
    const results: { name: string; outcome: unknown; thrown?: string }[] = [];
    for (const [index, args] of all.entries()) {
      const name = names[index % names.length] ?? '';
      try {
        results.push({ name, outcome: await bridge[name]?.(...args) });
      } catch (error) {
        results.push({ name, outcome: undefined, thrown: error instanceof Error ? error.name : 'no error' });
      }
    }
    return results.map((r) => ({ ...r, outcome: JSON.parse(JSON.stringify(r.outcome ?? null)) }));
  }, rows);
  assert.equal(outcomes.length, rows.length);
  for (const { name, outcome, thrown } of outcomes) {
    if (thrown !== undefined) assert.ok(['Error', 'TypeError'].includes(thrown), `${name} threw ${thrown}`);
    else if (outcome !== null && outcome.ok === false)
      assert.ok(failureSchema.safeParse(outcome.failure).success);
  }
  assert.equal(running.windows[0]?.isDestroyed(), false);
  assert.equal((await page.evaluate(() => window.culvert.about())).version, '0.1.0');
});

test('functions and other things that cannot be sent are refused, not thrown', async (t) => {
  const { page } = await world.open(t, { socket });
  const outcome = await page.evaluate(() => {
    const copy = window.culvert.copy as (text: unknown) => Promise<Outcome<boolean>>;
    return copy(() => undefined);
  });
  assert.ok(!outcome.ok && outcome.failure.code === 'INTERNAL_ERROR');
});

test('a file that the app was opened with reaches a page that is loaded later', async (t) => {
  const file = join(place, 'office.mobileconfig');
  writeFileSync(file, '<plist/>');
  const { page, running } = await world.open(t, { socket, argv: [file] });
  await page.waitForFunction(() => window.heard.opened.length > 0);
  assert.deepEqual(await page.evaluate(() => window.heard.opened), ['office.mobileconfig']);
  await page.waitForFunction(() => window.heard.screens.includes('import'));
  running.app.emit('open-url', 'culvert://open/diagnostics');
  await page.waitForFunction(() => window.heard.screens.at(-1) === 'diagnostics');
});

test('a window that is closed and opened again knows all that it must', async (t) => {
  await startEngine(t);
  const { page, running } = await world.open(t, { socket });
  await stateBecomes(page, 'connected');
  running.windows[0]?.userCloses();
  running.app.emit('activate');
  const window = await eventually('a new window', () => running.windows[1]);
  await eventually('its page', () => window.visible);
  const next = await window.page();
  await stateBecomes(next, 'connected');
  await next.waitForFunction(() => globalThis.window.heard.snapshots > 0);
  assert.equal(await lastState(next), 'connected');
});
