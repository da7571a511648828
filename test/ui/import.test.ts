/** A PKCS#12 file from its passphrase to a connection, and questions that a connection asks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Handout, handout, PASSPHRASE } from './certificates.ts';
import { HomePage } from './pages/home.ts';
import { ImportPage } from './pages/import.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let given: Handout;
before(async () => {
  given = await handout();
  stage = await Stage.open({ identity: given.identity });
});
after(() => stage.close());

test('a PKCS#12 file: wrong passphrase, right passphrase, a look, a name, saved', async () => {
  const page = await stage.window();
  const screen = new ImportPage(page);
  await screen.open('Import');
  await screen.choose(given.bundle);
  await screen.unlock('open barley');
  await screen.main.getByText('This passphrase does not open the file.').waitFor();
  assert.equal(await screen.field('Passphrase').getAttribute('aria-invalid'), 'true');
  await screen.unlock(PASSPHRASE);
  const own = await screen.card('Your certificate').ariaSnapshot();
  assert.match(
    own,
    /CN=Alice Example[\s\S]*Issued by[\s\S]*Example Root CA[\s\S]*alice@example\.org[\s\S]*ECDSA P-256/,
  );
  assert.match(
    await screen.card('Whom to trust').ariaSnapshot(),
    /checkbox "Trust [^"]*Example Root CA[^"]*" \[checked\]/,
  );
  // A bundle does not say where to connect to.
  await screen.button('Save').click();
  await screen.main.getByText('Where is the gateway?').waitFor();
  await screen.field('Gateway').fill('127.0.0.1');
  await screen.main.getByLabel('The gateway’s identity').fill(given.gatewayName);
  await screen.field('Name of the profile').fill('work');
  await screen.button('Save').click();
  const home = new HomePage(page);
  await home.shows('work', 'Not connected');
  const [profile] = stage.engine.snapshot().profiles;
  assert.deepEqual([profile?.name, profile?.auth, profile?.hosts], ['work', 'pubkey', ['127.0.0.1']]);
});

test('what was imported connects', async () => {
  // The demo's gateway has a port of its own, which no bundle knows.
  const { profile } = await stage.engine.getProfile('work');
  const gateway = { hosts: ['127.0.0.1'], port: stage.demo?.scene.gatewayPort };
  await stage.engine.addProfile({ profile: { ...profile, gateway }, replace: true });
  const home = new HomePage(await stage.window());
  await home.connect('work');
  await home.shows('work', 'Connected');
  await home.disconnect('work');
  await home.shows('work', 'Not connected');
});

test('a file that is nothing is refused with its reason', async () => {
  const screen = new ImportPage(await stage.window());
  await screen.open('Import');
  await screen.choose({ name: 'holiday.jpg', content: Buffer.from('not a profile').toString('base64') });
  await screen.alert.first().waitFor();
  assert.match(await screen.alert.first().innerText(), /holiday\.jpg|nothing/i);
  await screen.button('Choose files').waitFor();
});

test('dropping a file is another way in', async () => {
  const page = await stage.window();
  const screen = new ImportPage(page);
  await screen.open('Import');
  const transfer = await page.evaluateHandle((content) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], 'alice.p12'));
    return data;
  }, given.bundle.content);
  await screen.main.getByText('Drop files here').dispatchEvent('drop', { dataTransfer: transfer });
  await screen.card('A passphrase is needed').waitFor();
});

test('a question of the connection: a wrong answer asks again, the right one connects', async () => {
  const port = stage.demo?.scene.gatewayPort ?? 0;
  await stage.engine.addProfile({ profile: given.locked('locked-key', port) });
  const home = new HomePage(await stage.window());
  await home.choose('locked-key');
  await home.connect('locked-key');
  await home.dialog.waitFor();
  assert.match(
    await home.dialog.ariaSnapshot(),
    /dialog "Passphrase for locked-key"[\s\S]*textbox "Passphrase"[\s\S]*checkbox "Keep it with the profile"[\s\S]*button "Cancel"[\s\S]*button "Continue"/,
  );
  const answer = async (words: string): Promise<void> => {
    await home.dialog.getByLabel('Passphrase', { exact: true }).fill(words);
    await home.dialog.getByRole('button', { name: 'Continue' }).click();
  };
  await answer('open barley');
  await home.dialog.getByRole('alert').waitFor();
  await answer(PASSPHRASE);
  await home.shows('locked-key', 'Connected');
  await home.dialog.waitFor({ state: 'detached' });
});

test('Escape on a question ends the attempt', async () => {
  const page = await stage.window();
  const home = new HomePage(page);
  await home.choose('locked-key');
  await home.shows('locked-key', 'Connected');
  await home.disconnect('locked-key');
  await home.shows('locked-key', 'Not connected');
  await home.connect('locked-key');
  await home.dialog.waitFor();
  await page.keyboard.press('Escape');
  await home.dialog.waitFor({ state: 'detached' });
  await home.shows('locked-key', 'Not connected');
});

test('nobody complained', () => {
  assert.deepEqual(stage.complaints, []);
});
