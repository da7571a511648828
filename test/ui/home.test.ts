/** Home with a real engine behind it: connect, disconnect, why it failed, remove. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { demoProfiles } from '../../engine/demo-ui.ts';
import { HomePage } from './pages/home.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

test('without a profile Home says what to do', async () => {
  const home = new HomePage(await stage.window());
  await home.main.getByRole('heading', { name: 'No profiles yet' }).waitFor();
  assert.match(
    await home.main.ariaSnapshot(),
    /heading "Home" \[level=1\][\s\S]*heading "No profiles yet" \[level=2\][\s\S]*button "New profile"[\s\S]*button "Import"/,
  );
  await home.button('Import').last().click();
  assert.equal(await home.title.innerText(), 'Import');
});

test('connect and disconnect', async () => {
  for (const profile of demoProfiles(stage.demo?.scene ?? assert.fail()))
    await stage.engine.addProfile({ profile });
  const home = new HomePage(await stage.window());
  await home.choose('office');
  await home.shows('office', 'Not connected');
  await home.connect('office');
  await home.shows('office', 'Connected');
  const tunnel = stage.engine.snapshot().tunnels.find((t) => t.name === 'office');
  assert.equal(tunnel?.state, 'ESTABLISHED');
  const address = tunnel.addresses[0] ?? assert.fail('no address');
  await home.hero('office').getByText(address).waitFor();
  const row = await home.row('office').ariaSnapshot();
  assert.match(row, /button "office .*" \[pressed\]/);
  assert.match(row, /button "Disconnect office"/);
  await home.disconnect('office');
  await home.shows('office', 'Not connected');
  assert.equal(stage.engine.snapshot().tunnels.find((t) => t.name === 'office')?.state, 'CREATED');
});

test('a failed authentication is explained, with what to try', async () => {
  const home = new HomePage(await stage.window());
  await home.choose('wrong-secret');
  await home.connect('wrong-secret');
  await home.shows('wrong-secret', 'Failed');
  const note = home.hero('wrong-secret').getByRole('alert');
  assert.match(
    await note.ariaSnapshot(),
    /heading "The gateway did not accept who you are" \[level=3\][\s\S]*heading "What to try" \[level=4\][\s\S]*listitem: [^\n]*secret[\s\S]*AUTHENTICATION_FAILED/,
  );
  await note.getByRole('button', { name: 'Show the messages exchanged' }).click();
  assert.equal(await home.title.innerText(), 'Negotiation of wrong-secret');
});

test('no common algorithm, and a gateway that does not answer, read differently', async () => {
  const home = new HomePage(await stage.window());
  await home.choose('no-common-algorithm');
  await home.connect('no-common-algorithm');
  await home.hero('no-common-algorithm').getByRole('heading', { name: 'No common algorithms' }).waitFor();
  await stage.engine.down({ name: 'no-common-algorithm' });
  await home.choose('no-answer');
  await home.connect('no-answer');
  await home.shows('no-answer', 'Connecting');
  await home.hero('no-answer').getByRole('button', { name: 'Cancel' }).click();
  await home.shows('no-answer', 'Not connected');
});

test('a profile is removed after a question', async () => {
  const home = new HomePage(await stage.window());
  await home.choose('no-answer');
  await home.menu('no-answer', 'Remove');
  await home.dialog.getByRole('button', { name: 'Cancel' }).click();
  assert.ok(stage.engine.snapshot().profiles.some((p) => p.name === 'no-answer'));
  await home.menu('no-answer', 'Remove');
  assert.match(await home.dialog.ariaSnapshot(), /dialog "Remove no-answer\?"/);
  await home.dialog.getByRole('button', { name: 'Remove' }).click();
  await home.row('no-answer').waitFor({ state: 'detached' });
  assert.ok(!stage.engine.snapshot().profiles.some((p) => p.name === 'no-answer'));
});

test('by keyboard alone: to the profile, connect, to its status, back, disconnect', async () => {
  const page = await stage.window();
  const home = new HomePage(page);
  await home.hero('office').or(home.hero('wrong-secret')).waitFor();
  /** Presses Tab until the focus is on an element of that name. */
  const tabTo = async (name: RegExp): Promise<void> => {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate(() => {
        const { activeElement: element } = document;
        return element?.getAttribute('aria-label') ?? element?.textContent ?? '';
      });
      if (name.test(focused)) return;
    }
    assert.fail(`Tab never comes to ${name}`);
  };
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the content');
  await tabTo(/^office/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await home.shows('office', 'Connected');
  await tabTo(/^Home$/);
  await tabTo(/^Details$/);
  await page.keyboard.press('Enter');
  await page.getByRole('meter').first().waitFor();
  assert.equal(await home.title.innerText(), 'office');
  assert.equal(
    await page.evaluate(() => document.activeElement?.tagName),
    'H1',
    'a new screen has the focus',
  );
  await tabTo(/^Disconnect$/);
  await page.keyboard.press('Enter');
  await home.main.getByText('CREATED').first().waitFor();
});

test('nobody complained', () => {
  assert.deepEqual(stage.complaints, []);
});
