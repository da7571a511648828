/** Rekeying the IKE SA under traffic, started by each side: no packet is lost and the CHILD_SA stays. */
import assert from 'node:assert/strict';
import { sleep } from '../lab/command.ts';
import { CONNECTION, gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { pingStream } from '../lab/probe.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const ROUNDS = 3;

scenario('rekey-ike', async (stage) => {
  for (const side of ['us', 'the gateway'] as const) {
    await stage.step(`started by ${side}`, async () => {
      await stage.gateway.load(gatewayConf());
      const first = await stage.connect(profile());
      const stream = pingStream(stage.lab.client, ADDRESS.lan);
      await sleep(200);
      for (let round = 1; round <= ROUNDS; round++) {
        if (side === 'us') await stage.culvert.rekey(TUNNEL);
        else await stage.gateway.rekey({ ike: CONNECTION });
        await stage.tunnelUntil(
          `rekey ${round}`,
          (now) => now.ike?.rekeysDone === round && now.state === 'ESTABLISHED',
        );
      }
      await sleep(200);
      const result = await stream.stop();
      assert.deepEqual(result.missing, [], `lost in ${result.sent}`);
      const last = await stage.tunnel();
      const sa = await stage.sa();
      assert.equal(last.ike?.spiResponder === first.ike?.spiResponder, false);
      assert.equal(sa.children.length, 1);
      assert.equal(last.children[0]?.spiIn, first.children[0]?.spiIn, 'the CHILD_SA was inherited');
      await stage.disconnect();
    });
  }

  await stage.step(
    'the inherited CHILD_SA can be rekeyed and the tunnel deleted on the new IKE SA',
    async () => {
      await stage.gateway.load(gatewayConf());
      await stage.connect(profile());
      await stage.culvert.rekey(TUNNEL);
      await stage.tunnelUntil(
        'the IKE rekey',
        (now) => now.ike?.rekeysDone === 1 && now.state === 'ESTABLISHED',
      );
      await stage.gateway.rekey({ child: CHILD });
      await stage.tunnelUntil('the CHILD rekey', ({ children }) =>
        children.some((child) => child.rekeysDone === 1),
      );
      await stage.carries();
      await stage.disconnect();
    },
  );
});
