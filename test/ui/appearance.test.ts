/** Languages, dark, high contrast, narrow windows, magnification: on every screen, without violations or scrolling sideways. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { demoProfiles } from '../../engine/demo-ui.ts';
import { HomePage } from './pages/home.ts';
import { SettingsPage } from './pages/settings.ts';
import { SCREEN_NAMES, WindowPage } from './pages/window.ts';
import { Stage, type WindowOptions } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
  for (const profile of demoProfiles(stage.demo?.scene ?? assert.fail()))
    await stage.engine.addProfile({ profile });
  await stage.engine.up({ profile: 'wrong-secret', wait: true }).catch(() => undefined);
  await stage.engine.up({ profile: 'office', wait: true });
});
after(() => stage.close());

/** Every screen in turn, the editor with all that it can unfold. */
async function eachScreen(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  const window = new WindowPage(page);
  for (const name of SCREEN_NAMES) {
    await window.open(name);
    await look(name);
  }
  const home = new HomePage(page);
  await home.open('Home');
  await home.choose('wrong-secret');
  await home.shows('wrong-secret', 'Failed');
  await look('Home with a failure');
  await home.button('New profile').click();
  await home.button('Advanced settings').click();
  await home.main.getByRole('region', { name: 'Algorithms' }).waitFor();
  await look('Editor');
}

async function violations(page: Page): Promise<readonly string[]> {
  const { violations: found } = await new AxeBuilder({ page }).analyze();
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

const LOOKS: readonly (readonly [string, WindowOptions])[] = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['high contrast, light', { colorScheme: 'light', contrast: 'more' }],
  ['high contrast, dark', { colorScheme: 'dark', contrast: 'more' }],
  ['forced colours', { forcedColors: 'active' }],
];

for (const [title, options] of LOOKS)
  test(`axe finds nothing on any screen: ${title}`, async () => {
    const page = await stage.window(options);
    await eachScreen(page, async (name) => assert.deepEqual(await violations(page), [], name));
    await page.context().close();
  });

const NARROW: readonly (readonly [string, WindowOptions])[] = [
  ['320 px wide', { width: 320, height: 640 }],
  // A window of 1000 by 700 at 200 % has half as many CSS pixels, and two device pixels for each.
  ['200 % of a window of 1000 px', { width: 500, height: 350, deviceScaleFactor: 2 }],
];

for (const [title, options] of NARROW)
  test(`nothing scrolls sideways: ${title}`, async () => {
    const page = await stage.window(options);
    await eachScreen(page, async (name) => {
      const wide = await page.evaluate(() => {
        const { clientWidth, scrollWidth } = document.documentElement;
        const tooWide = [...document.querySelectorAll('main *')].filter(
          (e) =>
            e.getBoundingClientRect().right > clientWidth + 1 && !e.closest('[class*=scroll],[class*=lines]'),
        );
        return { over: scrollWidth - clientWidth, elements: tooWide.map((e) => e.outerHTML.slice(0, 120)) };
      });
      assert.deepEqual(wide, { over: 0, elements: [] }, name);
    });
    await page.context().close();
  });

test('the language changes at once, and Arabic runs from right to left', async () => {
  const page = await stage.window();
  const settings = new SettingsPage(page);
  await settings.open('Settings');
  await settings.language('Deutsch');
  await page.getByRole('heading', { name: 'Einstellungen', level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
  await settings.language('العربية');
  await page.getByRole('heading', { name: 'الإعدادات', level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dir), 'rtl');
  const side = await page.getByRole('navigation').boundingBox();
  const main = await page.getByRole('main').boundingBox();
  assert.ok(side && main && side.x > main.x, 'the navigation is on the right');
  assert.deepEqual(await violations(page), []);
  for (const name of ['الرئيسية', 'الحالة', 'التفاوض', 'السجل']) {
    await page.getByRole('navigation').getByRole('button', { name }).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.deepEqual(await violations(page), [], name);
  }
  stage.web.tell('navigate', { screen: 'settings' });
  await page.getByRole('combobox').first().selectOption('en');
  await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
  await page.context().close();
});

test('the appearance that was chosen beats the system’s', async () => {
  const page = await stage.window({ colorScheme: 'light' });
  const settings = new SettingsPage(page);
  const background = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await settings.open('Settings');
  const light = await background();
  await settings.appearance('Dark');
  await page.waitForFunction(() => document.documentElement.dataset.appearance === 'dark');
  assert.notEqual(await background(), light);
  await settings.appearance('As the system');
  await page.waitForFunction(() => document.documentElement.dataset.appearance === undefined);
  assert.equal(await background(), light);
  await page.context().close();
});

test('nobody complained', () => {
  assert.deepEqual(stage.complaints, []);
});
