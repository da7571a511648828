/** One packet in ten is lost each way: everything still happens, later. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { lose } from '../lab/network.ts';
import { iperf, ping } from '../lab/probe.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

/**
 * An exchange fails with 19 tries in a hundred, so twelve all fail less often than once in a hundred million runs; the
 * gateway's patience is the same. Our Delete has seven of its own, each of which alone ends the gateway's SA.
 */
const QUICK = { timeout: 1, base: 1, jitter: 0.1, tries: 12 };
const GATEWAY = { retransmit_timeout: '0.5', retransmit_base: '1.2', retransmit_tries: 11 };
const ROUNDS = 2;

scenario(
  'packet-loss',
  async (stage) => {
    await stage.step('connects, rekeys both SAs from both sides and disconnects', async () => {
      await stage.gateway.load(gatewayConf());
      const stop = await lose(stage.lab, 10);
      for (let round = 0; round < ROUNDS; round++) {
        await stage.connect(profile({ more: { retransmission: QUICK } }));
        // On a busy machine fewer are sent, and what is not sent counts as lost.
        const answers = await ping(stage.lab.client, ADDRESS.lan, { count: 100, wait: 3 });
        assert.ok(answers.received >= 20 && answers.received < 100, `${answers.received} of 100 answered`);
        await stage.culvert.rekey(TUNNEL, CHILD);
        await stage.tunnelUntil(
          'our CHILD rekey',
          (now) => now.children.some((child) => child.rekeysDone === 1),
          60_000,
        );
        await stage.gateway.rekey({ ike: 'gw' });
        await stage.tunnelUntil(
          'the IKE rekey',
          (now) => now.ike?.rekeysDone === 1 && now.state === 'ESTABLISHED',
          60_000,
        );
        const transfer = await iperf(stage.lab.client, 'up', { bytes: '1M' });
        assert.ok(transfer.bytes > 100_000, `${transfer.bytes} bytes arrived`);
        // What was replaced is gone there, so that nothing waits for an answer of ours when we go.
        await stage.sa();
        await stage.disconnect(40_000);
      }
      await stop();
    });
  },
  { settings: GATEWAY },
);
