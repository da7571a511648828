/**
 * "The engine is not running", with the window that is shipped: what is offered for each standing of the service, and
 * how it ends: the user says no, it fails with its reason, it is done and the window connects by itself.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type Service, systemService } from '../../../electron/engine/service.ts';
import { type Command, type Ended, installCommand } from '../../../electron/engine/service-command.ts';
import type { ServiceFacts } from '../../../electron/engine/standing.ts';
import { eventually } from '../running.ts';
import { buildRenderer, type DoubleStage, openWorld, type PageWorld, root } from './stage.ts';

const place = mkdtempSync(join(tmpdir(), 'culvert-service-'));
const socket = join(place, 'engine.sock');
const renderer = join(place, 'renderer');
const engines: ChildProcess[] = [];
let world: PageWorld<DoubleStage>;
before(async () => {
  await buildRenderer(renderer);
  world = await openWorld('');
});

async function endEngines(): Promise<void> {
  for (const engine of engines.splice(0)) {
    engine.kill('SIGTERM');
    await once(engine, 'exit');
  }
}
after(async () => {
  await world.close();
  await endEngines();
  rmSync(place, { recursive: true, force: true });
});

/** What a service manager does: returns at once, the engine listens somewhat later. */
function startEngine(): Ended {
  const state = join(place, `state-${engines.length}`);
  mkdirSync(state, { recursive: true });
  const command = ['--import', 'tsx', 'engine/cli/main.ts', 'engine', '--socket', socket, '--state', state];
  engines.push(spawn(process.execPath, command, { cwd: root, stdio: 'ignore' }));
  return { code: 0, stderr: '' };
}

interface Machine {
  facts: ServiceFacts;
  readonly ran: Command[];
  readonly answers: (() => Ended | Promise<Ended>)[];
  readonly service: Service;
}

/** The shell's own service, on a machine that answers as the test says. */
function machine(change: Partial<ServiceFacts> = {}): Machine {
  const ran: Command[] = [];
  const answers: Machine['answers'] = [];
  const it: Machine = {
    facts: { manager: true, definition: 'missing', programs: { kind: 'trusted' }, canAsk: true, ...change },
    ran,
    answers,
    service: systemService(
      'linux',
      {},
      {
        facts: async () => it.facts,
        run: async (command) => {
          ran.push(command);
          return (answers.shift() ?? assert.fail('nothing more was to be run'))();
        },
      },
    ),
  };
  return it;
}

const open = (t: TestContext, { service }: Machine): Promise<DoubleStage> =>
  world.open(t, { renderer, socket, service });

const banner = (page: Page) =>
  page.getByRole('alert').filter({ has: page.getByRole('heading', { name: 'The engine is not running' }) });

test('the service is missing: no, a failure, then yes; the window connects by itself', async (t) => {
  const it = machine();
  const { page, running } = await open(t, it);
  t.after(endEngines);
  const install = banner(page).getByRole('button', { name: 'Install the service' });
  await install.waitFor();
  await banner(page).getByText('the service of Culvert is not installed').waitFor();
  const tray = () => running.trays[0]?.menu?.labels() ?? [];
  assert.ok(tray().includes('Install the service…'));

  it.answers.push(() => ({
    code: 126,
    stderr: 'Error executing command as another user: Request dismissed',
  }));
  await install.click();
  await banner(page).getByText('the service was not installed: the permission was not given').waitFor();

  it.answers.push(() => ({ code: 1, stderr: 'groupadd: cannot lock /etc/group; try again later.' }));
  await install.click();
  await banner(page).getByText('could not be installed: groupadd: cannot lock /etc/group').waitFor();
  await banner(page).getByText('permission was not given').waitFor({ state: 'detached' });

  it.answers.push(startEngine);
  await install.click();
  await banner(page).waitFor({ state: 'detached', timeout: 45_000 });
  await page.getByText('Engine running').waitFor();
  assert.deepEqual(it.ran, [
    installCommand('linux', {}),
    installCommand('linux', {}),
    installCommand('linux', {}),
  ]);
  await eventually('the tray of a running engine', () => !tray().includes('Install the service…'));
});

test('each other standing: what is offered, or what to do where nothing is', async (t) => {
  const it = machine({ definition: 'disabled' });
  const { page } = await open(t, it);
  const buttons = banner(page).getByRole('button');
  await banner(page).getByRole('button', { name: 'Switch the service on' }).waitFor();
  await banner(page).getByText('culvert.service is switched off on this machine').waitFor();
  it.facts = { ...it.facts, definition: 'enabled' };
  // The shell looks again by itself, every five seconds at most.
  await banner(page).getByRole('button', { name: 'Start the engine' }).waitFor({ timeout: 20_000 });
  it.facts = { ...it.facts, definition: 'masked' };
  await banner(page)
    .getByText('has masked culvert.service, so that it does not start. To undo it: sudo')
    .waitFor({ timeout: 20_000 });
  assert.equal(await buttons.count(), 0);
  const reason = 'others than root may write to the folder /opt';
  it.facts = { ...it.facts, definition: 'missing', programs: { kind: 'refused', reason } };
  await banner(page).getByText(reason).waitFor({ timeout: 20_000 });
  await banner(page).getByText('Install the package of Culvert for this system.').waitFor();
  assert.equal(await buttons.count(), 0);
  // A window that asks all the same is told what to do instead.
  const outcome = await page.evaluate(() => window.culvert.startEngine());
  assert.ok(!outcome.ok && outcome.failure.code === 'NOT_SUPPORTED');
  assert.deepEqual(outcome.failure.advice, ['Install the package of Culvert for this system.']);
  assert.deepEqual(it.ran, []);
});

test('two clicks ask the user once, and the tray tells of a failure that no window shows', async (t) => {
  const it = machine({ definition: 'enabled' });
  const { page, running } = await open(t, it);
  await banner(page).getByRole('button', { name: 'Start the engine' }).waitFor();
  let answer: (ended: Ended) => void = () => undefined;
  it.answers.push(() => new Promise((resolve) => (answer = resolve)));
  const menu = () => running.trays[0]?.menu;
  menu()?.click('Start the engine…');
  menu()?.click('Start the engine…');
  await eventually('the question', () => it.ran.length === 1);
  answer({ code: 1, stderr: 'Job for culvert.service failed because the control process exited.' });
  const note = await eventually('a notification', () => running.notifications[0]);
  assert.equal(note.options.title, 'The engine was not started');
  assert.match(note.options.body ?? '', /Job for culvert\.service failed/);
  assert.equal(it.ran.length, 1);
});

test('German and Arabic say the same', async (t) => {
  const it = machine();
  const { page } = await open(t, it);
  await page.evaluate(() => window.culvert.setSettings({ language: 'de' }));
  await page.getByRole('button', { name: 'Dienst installieren' }).waitFor();
  await page.evaluate(() => window.culvert.setSettings({ language: 'ar' }));
  await page.getByRole('button', { name: 'تثبيت الخدمة' }).waitFor();
});
