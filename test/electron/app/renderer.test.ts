/** The renderer that is shipped, in the shell's window: it lives with the policy, and says nothing on the console. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SCREENS } from '../../../electron/bridge/contract.ts';
import { eventually } from '../running.ts';
import { buildRenderer, type DoubleStage, openWorld, type PageWorld } from './stage.ts';

const renderer = mkdtempSync(join(tmpdir(), 'culvert-renderer-'));
let world: PageWorld<DoubleStage>;
before(async () => {
  await buildRenderer(renderer);
  world = await openWorld('');
});
after(async () => {
  await world.close();
  rmSync(renderer, { recursive: true, force: true });
});

test('every screen, and what opens on it, without a word on the console', async (t) => {
  const { page, running } = await world.open(t, { renderer });
  const said: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  await page.reload();
  await page.getByText('The engine is not running').waitFor();
  const titles = new Set<string>();
  for (const screen of SCREENS) {
    running.app.emit('open-url', `culvert://open/${screen}`);
    // Home is there already; each of the others looks unlike all before.
    const before = [...titles];
    await page.waitForFunction(
      (seen) => !seen.includes(document.querySelector('main')?.innerText ?? ''),
      before,
      { timeout: 20_000 },
    );
    titles.add(await page.locator('main').innerText());
    // Whatever pops up brings styles of its own, which the policy must not have to allow.
    for (const button of await page.locator('main [aria-haspopup]:visible').all()) {
      await button.click();
      await page.waitForTimeout(100);
      await page.keyboard.press('Escape');
    }
  }
  assert.equal(titles.size, SCREENS.length);
  assert.deepEqual(said, []);
});

test('a change of language reaches the tray as well as the page', async (t) => {
  const { page, running } = await world.open(t, { renderer });
  await page.getByText('The engine is not running').waitFor();
  await page.evaluate(() => window.culvert.setSettings({ language: 'de' }));
  await eventually('the German menu', () => running.trays[0]?.menu?.labels().includes('Culvert öffnen'));
  await page.waitForFunction(() => document.documentElement.lang === 'de');
});
