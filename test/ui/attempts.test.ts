/** The status window of a tunnel that goes on trying: each attempt with its address and reason, and when the next is. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { demoProfiles } from '../../engine/demo-ui.ts';
import { StatusPage } from './pages/status.ts';
import { Stage } from './stage.ts';

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage.close());

test('attempts are listed with their reasons, and the wait for the next', async () => {
  const profile = demoProfiles(stage.demo?.scene ?? assert.fail()).find(
    (p) => p.name === 'no-common-algorithm',
  );
  assert.ok(profile);
  const ike = { ...(profile.ike as Readonly<Record<string, unknown>>), keyingtries: 0 };
  await stage.engine.addProfile({ profile: { ...profile, name: 'patient', ike } });
  await stage.engine.up({ profile: 'patient' });
  const status = new StatusPage(await stage.window());
  await status.open('Status');
  const card = status.card('Attempts');
  await card.getByText('No common algorithms').nth(2).waitFor({ timeout: 20_000 });
  assert.match(await card.ariaSnapshot(), /row "[^"]*\b1 (127\.0\.0\.1|\S+):\d+ No common algorithms"/);
  await stage.engine.down({});
});
