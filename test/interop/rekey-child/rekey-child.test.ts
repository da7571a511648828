/** Rekeying a CHILD_SA under traffic, started by each side, with and without PFS: no packet is lost. */
import assert from 'node:assert/strict';
import { sleep } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { pingStream } from '../lab/probe.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const ROUNDS = 3;

scenario('rekey-child', async (stage) => {
  for (const esp of ['aes128gcm16', 'aes256gcm16-x25519', 'aes128-sha256-ecp256']) {
    for (const side of ['us', 'the gateway'] as const) {
      await stage.step(`${esp}, started by ${side}`, async () => {
        await stage.gateway.load(gatewayConf({ esp }));
        const first = (await stage.connect(profile({ esp }))).children[0];
        const stream = pingStream(stage.lab.client, ADDRESS.lan);
        await sleep(200);
        for (let round = 1; round <= ROUNDS; round++) {
          if (side === 'us') await stage.culvert.rekey(TUNNEL, CHILD);
          else await stage.gateway.rekey({ child: CHILD });
          await stage.tunnelUntil(`rekey ${round}`, ({ children }) =>
            children.some((child) => child.rekeysDone === round && child.state === 'INSTALLED'),
          );
        }
        await sleep(200);
        const result = await stream.stop();
        assert.deepEqual(result.missing, [], `lost in ${result.sent}`);
        const { children } = await stage.tunnelUntil(
          'only the newest child',
          (now) => now.children.length === 1,
        );
        assert.notEqual(children[0]?.spiIn, first?.spiIn);
        const theirs = (await stage.sa()).children;
        assert.equal(theirs.filter((child) => child.values.state === 'INSTALLED').length, 1);
        await stage.carries();
        await stage.disconnect();
      });
    }
  }
});
