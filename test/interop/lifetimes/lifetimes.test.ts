/** Soft lifetimes of a CHILD_SA and of the IKE SA by time, octets and packets: each rekeys by itself, and nothing is lost. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { iperf, pingStream } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const topics = (history: readonly { topic: string; text: string }[]) =>
  history.filter((event) => event.topic === 'rekey').map((event) => event.text);

scenario('lifetimes', async (stage) => {
  await stage.step('a CHILD_SA of 4 s and an IKE SA of 9 s, for 12 s under traffic', async () => {
    await stage.gateway.load(gatewayConf());
    const more = { esp: { lifetime: 4, margin: 2, fuzz: 0 }, ike: { lifetime: 9, margin: 3, fuzz: 0 } };
    await stage.connect(profile({ more }));
    const stream = pingStream(stage.lab.client, ADDRESS.lan);
    await stage.tunnelUntil(
      'rekeys of both',
      ({ children, ike }) =>
        children.length === 1 && (children[0]?.rekeysDone ?? 0) >= 5 && (ike?.rekeysDone ?? 0) >= 1,
    );
    const answers = await stream.stop();
    assert.deepEqual(answers.missing, [], 'pings without answer');
    await stage.disconnect();
  });

  for (const [what, esp] of [
    ['octets', { lifebytes: 3_000_000, marginbytes: 1_500_000 }],
    ['packets', { lifepackets: 3000, marginpackets: 1500 }],
  ] as const)
    await stage.step(`by ${what}`, async () => {
      await stage.connect(profile({ more: { esp } }));
      const transfer = await iperf(stage.lab.client, 'up', { bytes: '8M' });
      assert.ok(
        transfer.bytes > 4_000_000,
        `${transfer.bytes} bytes arrived, which one pair could have carried`,
      );
      const tunnel = await stage.tunnelUntil('a rekey', (now) => (now.children[0]?.rekeysDone ?? 0) >= 1);
      assert.match(topics(tunnel.history).join('\n'), /volume is nearly used up/);
      await stage.carries();
      await stage.disconnect();
    });
});
