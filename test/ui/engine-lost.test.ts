/** A real engine process behind the window: killed, and back. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectEngine } from '../../engine/rpc/client.ts';
import { WindowPage } from './pages/window.ts';
import { Stage } from './stage.ts';

const CLI = fileURLToPath(new URL('../../engine/cli/main.ts', import.meta.url));
let folder: string;
let socket: string;
let engine: ChildProcess | undefined;
let stage: Stage;

async function startEngine(): Promise<void> {
  engine = spawn(
    process.execPath,
    ['--import', import.meta.resolve('tsx'), CLI, 'engine', '--socket', socket, '--state', folder],
    { stdio: 'ignore' },
  );
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    try {
      (await connectEngine(socket)).close();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  assert.fail('the engine does not start');
}

async function killEngine(): Promise<void> {
  const gone = new Promise((resolve) => engine?.once('exit', resolve));
  engine?.kill('SIGKILL');
  await gone;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'culvert-ui-'));
  socket = join(folder, 'engine.sock');
  await startEngine();
  stage = await Stage.open({ socket });
});
after(async () => {
  await stage.close();
  await killEngine();
  rmSync(folder, { recursive: true, force: true });
});

test('the engine is killed: the window says so; it comes back: all is well', async () => {
  const page = await stage.window();
  const window = new WindowPage(page);
  await window.main.getByRole('heading', { name: 'No profiles yet' }).waitFor();
  await page.getByText('Engine running').waitFor();
  await killEngine();
  await window.alert.getByRole('heading', { name: 'The engine is not running' }).waitFor();
  assert.match(
    await window.alert.ariaSnapshot(),
    /alert:[\s\S]*heading "The engine is not running" \[level=2\]/,
  );
  await page.getByText('Engine not running').waitFor();
  await startEngine();
  await window.alert.waitFor({ state: 'detached' });
  await page.getByText('Engine running').waitFor();
  await window.button('New profile').click();
  assert.equal(await window.title.innerText(), 'New profile');
});

test('nobody complained', () => {
  assert.deepEqual(stage.complaints, []);
});
