/**
 * The same specs in a real Electron, where there is one: `CULVERT_ELECTRON`, else what the package has downloaded.
 * Elsewhere they are skipped with one loud line.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { _electron } from 'playwright-core';
import { defineHostileSpecs, HOSTILE_SCRIPT } from './hostile-specs.ts';
import { type PageWorld, root, writeRenderer } from './stage.ts';

function findElectron(): string | undefined {
  const named = process.env.CULVERT_ELECTRON;
  if (named) return existsSync(named) ? named : undefined;
  const folder = join(root, 'node_modules/electron');
  const pointer = join(folder, 'path.txt');
  if (!existsSync(pointer)) return undefined;
  const path = join(folder, 'dist', readFileSync(pointer, 'utf8').trim());
  return existsSync(path) ? path : undefined;
}

/** The built shell with a renderer of the test's own, as an app of its own. */
function makeApp(folder: string, script: string): void {
  assert.ok(existsSync(join(root, 'dist/electron/main.mjs')), 'run `npm run build` first');
  cpSync(join(root, 'dist/electron'), join(folder, 'dist/electron'), { recursive: true });
  writeRenderer(join(folder, 'dist/renderer'), script);
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'culvert', version: '0.1.0', type: 'module', main: 'dist/electron/main.mjs' }),
  );
}

function electronWorld(executablePath: string, folder: string): PageWorld {
  let runs = 0;
  return {
    async open(t) {
      // As root Chromium has no sandbox; a user of its own data lets each run be the first instance.
      const flags = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
      runs += 1;
      const app = await _electron.launch({
        executablePath,
        args: [folder, `--user-data-dir=${join(folder, `data-${runs}`)}`, ...flags],
        env: { ...(process.env as Record<string, string>), CULVERT_SOCKET: join(folder, 'none.sock') },
      });
      t.after(() => app.close());
      const page = await app.firstWindow();
      await page.waitForLoadState();
      return { page };
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

const electron = findElectron();
if (electron === undefined) {
  const words = 'the specs in a real Electron need its binary (CULVERT_ELECTRON)';
  console.error(`SKIPPED: ${words}`);
  test('the specs in a real Electron', { skip: words }, () => undefined);
} else {
  let world: PageWorld;
  before(() => {
    const folder = mkdtempSync(join(tmpdir(), 'culvert-electron-'));
    makeApp(folder, HOSTILE_SCRIPT);
    world = electronWorld(electron, folder);
  });
  after(() => world.close());
  defineHostileSpecs(() => world);
}
