/** The gateway is gone without a word; liveness checks notice (RFC 7296 §2.4). */
import assert from 'node:assert/strict';
import { Charon } from '../lab/charon.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { firstPing } from '../lab/probe.ts';
import { profile, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const QUICK = { timeout: 1, base: 1, jitter: 0, tries: 3 };

scenario('gateway-killed', async (stage) => {
  await stage.step('and we let go: the machine is as before', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile({ more: { dpd: { delay: 2, action: 'clear' }, retransmission: QUICK } }));
    await stage.gateway.kill();
    const after = await stage
      .tunnelUntil('the end of the tunnel', (now) => !now.usable && now.lastFailure !== undefined, 20_000)
      .catch(async (error: unknown) => {
        if ((await stage.culvert.tunnel(TUNNEL)) === undefined) return undefined;
        throw error;
      });
    if (after !== undefined) assert.equal(after.lastFailure?.code, 'PEER_GONE');
    await stage.unchanged();
    await stage.culvert.down();
  });

  await stage.step('and we connect again when it is back', async () => {
    stage.gateway = await Charon.start(stage.lab.gw);
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile({ more: { dpd: { delay: 2, action: 'restart' }, retransmission: QUICK } }));
    await stage.gateway.kill();
    stage.gateway = await Charon.start(stage.lab.gw);
    await stage.gateway.load(gatewayConf());
    await firstPing(stage.lab.client, ADDRESS.lan, 40_000);
    await stage.tunnelUntil('a usable tunnel', (now) => now.usable);
    await stage.carries();
    await stage.disconnect();
  });
});
