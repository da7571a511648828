/** One packet in ten is lost each way: everything still happens, later. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { lose } from '../lab/network.ts';
import { iperf, ping } from '../lab/probe.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const QUICK = { timeout: 1, base: 1.5, jitter: 0.1, tries: 6 };
const ROUNDS = 2;

scenario('packet-loss', async (stage) => {
  await stage.step('connects, rekeys both SAs from both sides and disconnects', async () => {
    await stage.gateway.load(gatewayConf());
    const stop = await lose(stage.lab, 10);
    for (let round = 0; round < ROUNDS; round++) {
      await stage.connect(profile({ more: { retransmission: QUICK } }));
      const answers = await ping(stage.lab.client, ADDRESS.lan, { count: 100, wait: 1 });
      assert.ok(answers.received >= 60 && answers.received < 100, `${answers.received} of 100 answered`);
      await stage.culvert.rekey(TUNNEL, CHILD);
      await stage.tunnelUntil('our CHILD rekey', (now) =>
        now.children.some((child) => child.rekeysDone === 1),
      );
      await stage.gateway.rekey({ ike: 'gw' });
      await stage.tunnelUntil(
        'the IKE rekey',
        (now) => now.ike?.rekeysDone === 1 && now.state === 'ESTABLISHED',
      );
      const transfer = await iperf(stage.lab.client, 'up', { bytes: '1M' });
      assert.ok(transfer.bytes > 100_000, `${transfer.bytes} bytes arrived`);
      await stage.disconnect(15_000);
    }
    await stop();
  });
});
