/** The status of a tunnel: rekeys seen on the lifetime bar and in the history, the timeline, traffic, the messages. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { demoProfiles } from '../../engine/demo-ui.ts';
import { NegotiationPage } from './pages/negotiation.ts';
import { StatusPage } from './pages/status.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let page: Page;
before(async () => {
  stage = await Stage.open();
  const [office] = demoProfiles(stage.demo?.scene ?? assert.fail());
  await stage.engine.addProfile({ profile: office ?? {} });
  await stage.engine.up({ profile: 'office', wait: true });
  page = await stage.window();
});
after(() => stage.close());

test('a tunnel is shown with all that the engine knows of it', async () => {
  const status = new StatusPage(page);
  await status.open('Status');
  assert.equal(await status.title.innerText(), 'office');
  const ike = await status.card('IKE SA').ariaSnapshot();
  const tunnel = stage.engine.snapshot().tunnels[0] ?? assert.fail();
  for (const words of [
    'gateway.demo',
    'roamer@demo',
    tunnel.ike?.spiInitiator ?? '',
    tunnel.ike?.suite?.text ?? '',
  ])
    assert.ok(ike.includes(words), `${words} in ${ike}`);
  assert.match(
    ike,
    /heading "IKE SA" \[level=2\][\s\S]*ESTABLISHED[\s\S]*button "Rekey IKE SA"[\s\S]*meter "Lifetime of IKE SA"/,
  );
  const child = await status.card('CHILD_SA office').ariaSnapshot();
  assert.match(child, /INSTALLED[\s\S]*meter "Lifetime of CHILD_SA office"[\s\S]*0\.0\.0\.0\/0/);
  await status
    .card('Throughput')
    .getByRole('img', { name: /Receiving .*, Sending/ })
    .waitFor();
});

test('a rekey is seen: the bar begins anew, the history tells it, the SPI is another', async () => {
  const status = new StatusPage(page);
  const card = status.child('office');
  const bar = card.getByRole('meter');
  const before = stage.engine.snapshot().tunnels[0]?.children[0] ?? assert.fail();
  await card.getByText(before.spiOut).waitFor();
  await card.getByText('not rekeyed yet').waitFor();
  await page.waitForTimeout(2500);
  await card.getByRole('button', { name: 'Rekey CHILD_SA' }).click();
  await card.getByText('rekeyed once').waitFor();
  const after = stage.engine.snapshot().tunnels[0]?.children.at(-1) ?? assert.fail();
  assert.notEqual(after.spiOut, before.spiOut);
  await card.getByText(after.spiOut).waitFor();
  const words = (await bar.getAttribute('aria-valuetext')) ?? '';
  assert.match(words, /^Rekey in 2m .*, expires in [23]m/);
  const elapsed = Number(await bar.getAttribute('aria-valuenow'));
  assert.ok(elapsed <= 2, `the bar shows ${elapsed} %`);
  await status.rekeys.filter({ hasText: 'CHILD_SA office' }).first().waitFor();
  await status.card('IKE SA').getByRole('button', { name: 'Rekey IKE SA' }).click();
  await status.card('IKE SA').getByText('rekeyed once').waitFor();
  await status.rekeys.filter({ hasText: 'IKE SA' }).first().waitFor();
});

test('the last hour is there in words as well', async () => {
  const status = new StatusPage(page);
  const card = status.card('The last hour');
  await card.getByRole('button', { name: /events in words/ }).click();
  const list = await card.getByRole('list', { name: 'The last hour' }).ariaSnapshot();
  assert.match(
    list,
    /listitem:[\s\S]*IKE SA rekeyed in [\s\S]*CHILD_SA office rekeyed in [\s\S]*ESTABLISHED/,
  );
});

test('traffic moves the counters and the graph', async () => {
  const status = new StatusPage(page);
  await status
    .card('Throughput')
    .getByText(/Receiving (?!0 )/)
    .first()
    .waitFor();
  const drawn = await status
    .card('Throughput')
    .locator('canvas')
    .evaluate((canvas) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const pixels =
        (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
      return pixels.filter((value) => value !== 0).length;
    });
  assert.ok(drawn > 1000, `${drawn} octets of the canvas are not empty`);
});

test('the negotiation shows offers, what was chosen, and the messages of the rekey', async () => {
  const negotiation = new NegotiationPage(page);
  await negotiation.open('Negotiation');
  const init = await negotiation.exchange('IKE_SA_INIT').ariaSnapshot();
  assert.match(init, /You asked[\s\S]*aes256gcm16[\s\S]*\(chosen\)[\s\S]*The gateway answered/);
  assert.equal(await negotiation.exchange('CREATE_CHILD_SA').count(), 2);
  await negotiation.exchange('IKE_AUTH').getByText('CP(CFG_REPLY)').waitFor();
  assert.ok(!(await negotiation.main.innerText()).includes(stage.demo?.scene.psk ?? assert.fail()));
});

test('nobody complained', () => {
  assert.deepEqual(stage.complaints, []);
});
