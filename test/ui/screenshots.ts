/**
 * `npm run screenshots`: pictures of every screen in light and dark, of Home in Arabic and of a narrow window, into
 * `resources/screenshots/`. What is shown is real: the demo's engine with its gateway, profiles, traffic and rekeys.
 */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { demoProfiles } from '../../engine/demo-ui.ts';
import { handout, PASSPHRASE } from './certificates.ts';
import { DiagnosticsPage } from './pages/diagnostics.ts';
import { EditorPage } from './pages/editor.ts';
import { HomePage } from './pages/home.ts';
import { ImportPage } from './pages/import.ts';
import { type ScreenName, WindowPage } from './pages/window.ts';
import { Stage } from './stage.ts';

const OUT = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'resources', 'screenshots');
const PAUSE_MS = 400;
/** Traffic for the graph. */
const LET_IT_RUN_MS = Number(process.env.CULVERT_SCREENSHOT_SECONDS ?? 60) * 1000;

type Appearance = 'light' | 'dark';

/** Pictures stay small: of a long screen its beginning is shown. */
const MOST_HEIGHT = 1280;
const WHOLE_STATUS = 2400;

/** With a window as high as its content, so that the navigation reaches down all of it. */
async function take(page: Page, name: string, mostHeight: number = MOST_HEIGHT): Promise<void> {
  const usual = page.viewportSize() ?? { width: 1000, height: 720 };
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ ...usual, height: Math.min(mostHeight, Math.max(usual.height, height)) });
  await page.waitForTimeout(PAUSE_MS);
  await page.screenshot({ path: join(OUT, `${name}.png`), animations: 'disabled' });
  await page.setViewportSize(usual);
  process.stdout.write(`resources/screenshots/${name}.png\n`);
}

/** In one window, which remembers the traffic that it has seen. */
async function everyScreen(page: Page, appearance: Appearance): Promise<void> {
  await page.emulateMedia({ colorScheme: appearance });
  const shot = (name: string, mostHeight?: number): Promise<void> =>
    take(page, `${name}-${appearance}`, mostHeight);
  const window = new WindowPage(page);
  const home = new HomePage(page);
  await home.open('Home');
  await home.choose('office');
  await home.shows('office', 'Connected');
  await shot('home');
  await home.choose('wrong-secret');
  await home.shows('wrong-secret', 'Failed');
  await shot('failure');
  for (const screen of ['Status', 'Negotiation', 'Log', 'Diagnostics', 'Settings'] satisfies ScreenName[]) {
    await window.open(screen);
    if (screen === 'Diagnostics') {
      await new DiagnosticsPage(page).examine('office');
    }
    await shot(screen.toLowerCase(), screen === 'Status' ? WHOLE_STATUS : MOST_HEIGHT);
  }
  const files = new ImportPage(page);
  await files.open('Import');
  await shot('import');
  await files.choose((await handout()).bundle);
  await files.unlock(PASSPHRASE);
  await files.card('Your certificate').waitFor();
  await shot('import-preview');
  await home.open('Home');
  await home.choose('office');
  await home.menu('office', 'Edit');
  const editor = new EditorPage(page);
  await editor.field('Name').waitFor();
  await shot('editor');
  await editor.advanced();
  await editor.fill('IKE proposals', 'aes256-sha256-modp2048, 3des-sha1-modp1024');
  await shot('editor-advanced');
  await editor.button('Cancel').click();
}

mkdirSync(OUT, { recursive: true });
const stage = await Stage.open();
try {
  if (!stage.demo) throw new Error('the demo is not there');
  for (const profile of demoProfiles(stage.demo.scene)) await stage.engine.addProfile({ profile });
  await stage.engine.up({ profile: 'wrong-secret', wait: true }).catch(() => undefined);
  await stage.engine.up({ profile: 'office', wait: true });
  const watching = await stage.window({ width: 1000, height: 720 });
  await new WindowPage(watching).open('Status');
  await watching.waitForTimeout(LET_IT_RUN_MS / 2);
  await stage.engine.rekey({ name: 'office', what: 'child' });
  await watching.waitForTimeout(LET_IT_RUN_MS / 2);
  await stage.engine.rekey({ name: 'office', what: 'ike' });
  for (const appearance of ['light', 'dark'] as const) await everyScreen(watching, appearance);
  const narrow = await stage.window({ width: 320, height: 640 });
  const home = new HomePage(narrow);
  await home.choose('office');
  await home.shows('office', 'Connected');
  await take(narrow, 'home-narrow');
  const arabic = await stage.window({ width: 1000, height: 720 });
  await arabic.getByRole('navigation').getByRole('button').nth(6).click();
  await arabic.getByRole('combobox').first().selectOption('ar');
  await arabic.getByRole('heading', { name: 'الإعدادات' }).waitFor();
  await arabic.getByRole('navigation').getByRole('button').first().click();
  await arabic.getByRole('button', { name: /^office/ }).click();
  await take(arabic, 'home-arabic');
} finally {
  await stage.close();
}
