/** The editor, the log, the diagnostics and the settings, with a real engine behind them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Download } from 'playwright-core';
import { demoProfiles } from '../../engine/demo-ui.ts';
import { DiagnosticsPage } from './pages/diagnostics.ts';
import { EditorPage } from './pages/editor.ts';
import { HomePage } from './pages/home.ts';
import { LogPage } from './pages/log.ts';
import { SettingsPage } from './pages/settings.ts';
import { Stage } from './stage.ts';

let stage: Stage;

async function textOf(download: Download): Promise<string> {
  let text = '';
  for await (const chunk of await download.createReadStream()) text += String(chunk);
  return text;
}

before(async () => {
  stage = await Stage.open();
  const [office] = demoProfiles(stage.demo?.scene ?? assert.fail());
  await stage.engine.addProfile({ profile: office ?? {} });
});
after(() => stage.close());

test('a new profile: what is missing is said at the end, what is wrong at once', async () => {
  const page = await stage.window();
  const home = new HomePage(page);
  await home.button('New profile').click();
  const editor = new EditorPage(page);
  await editor.fill('Name', 'not a name');
  await editor.main.getByText('must be 1 to 64 letters').waitFor();
  await editor.fill('Name', 'branch');
  await editor.button('Save').click();
  await editor.main.getByText(/fields? needs? your attention/).waitFor();
  assert.equal(await editor.field('Address of the gateway').getAttribute('aria-invalid'), 'true');
  await editor.fill('Address of the gateway', 'vpn.example.org');
  await editor.fill('Pre-shared key', 'a secret that is long enough to be one');
  await editor.button('Save').click();
  await home.hero('branch').waitFor();
  assert.ok(stage.engine.snapshot().profiles.some((p) => p.name === 'branch'));
});

test('proposals are judged while they are typed, weak ones marked', async () => {
  const page = await stage.window();
  const home = new HomePage(page);
  await home.choose('branch');
  await home.menu('branch', 'Edit');
  const editor = new EditorPage(page);
  assert.equal(await editor.title.innerText(), 'Edit branch');
  await editor.advanced();
  await editor.fill('IKE proposals', 'aes256-sha256-modp2048, aes999');
  assert.match(await editor.said('IKE proposals'), /“aes999” is no known algorithm/);
  await editor.fill('IKE proposals', '3des-md5-modp1024');
  const algorithms = editor.main.getByRole('region', { name: 'Algorithms' });
  await algorithms.getByText('md5 is broken', { exact: true }).waitFor();
  assert.match(await editor.said('IKE proposals'), /Broken: [^.]*md5/);
  assert.equal(await editor.field('IKE proposals').getAttribute('aria-invalid'), 'true');
  await editor.field('For the traffic (ESP)').selectOption('suite-b');
  assert.match(
    await editor.field('ESP proposals').inputValue(),
    /^aes256gcm16-esn-noesn,\s*aes128gcm16-esn-noesn$/,
  );
  await editor.fill('IKE proposals', 'aes256gcm16-prfsha384-ecp384!');
  await editor.fill('Lifetime of the IKE SA', 'soon');
  assert.match(await editor.said('Lifetime of the IKE SA'), /must be whole seconds/);
  await editor.fill('Lifetime of the IKE SA', '2h');
  await editor.button('Save').click();
  await home.hero('branch').waitFor();
  const { profile } = await stage.engine.getProfile('branch');
  assert.deepEqual(profile.ike, { proposals: 'aes256gcm16-prfsha384-ecp384!', lifetime: '2h' });
  assert.deepEqual(profile.esp, { proposals: 'suite-b', rehearsal: true });
});

test('a stored secret stays as it is unless another one is typed', async () => {
  const page = await stage.window();
  const home = new HomePage(page);
  await home.choose('office');
  await home.menu('office', 'Edit');
  const editor = new EditorPage(page);
  assert.equal(await editor.field('Pre-shared key').inputValue(), '');
  assert.equal(await editor.field('Pre-shared key').getAttribute('placeholder'), 'unchanged');
  await editor.button('Save and connect').click();
  await home.shows('office', 'Connected');
});

test('the log follows, filters, and searches', async () => {
  const log = new LogPage(await stage.window());
  await log.open('Log');
  await log.lines.first().waitFor();
  await log.search('assigned');
  await log.lines.filter({ hasText: 'assigned 10.77.8.' }).first().waitFor();
  for (const line of await log.lines.allInnerTexts()) assert.match(line, /assigned/);
  await log.search('');
  await log.main.getByLabel('Level').selectOption('debug');
  await log.about('IKE messages');
  const before = await log.lines.count();
  await stage.engine.rekey({ name: 'office', what: 'ike' });
  await log.lines.nth(before).waitFor();
  assert.match(
    await log.main.ariaSnapshot(),
    /heading "Log" \[level=1\][\s\S]*textbox "Search"[\s\S]*combobox "Level"[\s\S]*log "Log"[\s\S]*switch "Follow" \[checked\]/,
  );
});

test('the doctor examines a profile, and says what to mend first', async () => {
  const page = await stage.window();
  const diagnostics = new DiagnosticsPage(page);
  await diagnostics.open('Diagnostics');
  await diagnostics.examine('office');
  const found = await diagnostics.doctor.ariaSnapshot();
  assert.match(found, /status: office, checked[\s\S]*listitem:[\s\S]*heading [^\n]* \[level=3\]/);
  const download = page.waitForEvent('download');
  await diagnostics.button('Save the file').click();
  const bundle: { readonly profiles: readonly { readonly name: string }[] } = JSON.parse(
    await textOf(await download),
  );
  assert.ok(
    bundle.profiles.some((profile) => profile.name === 'office'),
    'the bundle lacks the profile',
  );
  await diagnostics.button('Repair').click();
  await diagnostics.main.getByText('Nothing was left behind.').waitFor();
});

test('settings hold for every window', async () => {
  const first = new SettingsPage(await stage.window());
  await first.open('Settings');
  assert.match(
    await first.main.ariaSnapshot(),
    /heading "Settings" \[level=1\][\s\S]*combobox "Language"[\s\S]*combobox "Appearance"[\s\S]*combobox "Shown in the log"[\s\S]*heading "About"/,
  );
  const second = await stage.window();
  await first.appearance('Dark');
  await second.waitForFunction(() => document.documentElement.dataset.appearance === 'dark');
});

test('an export is saved as a file, without secrets unless a passphrase seals them', async () => {
  const page = await stage.window();
  const home = new HomePage(page);
  await home.choose('office');
  await home.menu('office', 'Export');
  const download = page.waitForEvent('download');
  await home.dialog.getByRole('button', { name: 'Save' }).click();
  const file = await download;
  const text = await textOf(file);
  assert.match(file.suggestedFilename(), /^office/);
  assert.ok(text.includes('roamer@demo'));
  assert.ok(!text.includes(stage.demo?.scene.psk ?? assert.fail()));
  await home.dialog.getByText(/^Saved as office/).waitFor();
});

test('nobody complained', () => {
  assert.deepEqual(stage.complaints, []);
});
