/** The gateway ends the CHILD_SA or the IKE SA, against a profile that lets go and one that connects again. */
import assert from 'node:assert/strict';
import { CONNECTION, gatewayConf } from '../lab/gateway.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('gateway-deletes', async (stage) => {
  for (const [what, order] of [
    ['IKE SA', { ike: CONNECTION }],
    ['CHILD_SA', { child: CHILD }],
  ] as const) {
    await stage.step(`its ${what}, and we let go`, async () => {
      await stage.gateway.load(gatewayConf());
      await stage.connect(profile({ more: { dpd: { action: 'clear' } } }));
      assert.equal((await stage.gateway.terminate(order)).code, 0);
      await stage.unchanged();
      const tunnel = await stage.culvert.tunnel(TUNNEL);
      assert.equal(tunnel?.usable ?? false, false);
      if (tunnel !== undefined) assert.equal(tunnel.lastFailure?.code, 'PEER_DELETED');
      await stage.culvert.down();
      await stage.gatewayEmpty();
    });

    await stage.step(`its ${what}, and we connect again`, async () => {
      await stage.gateway.load(gatewayConf());
      const first = await stage.connect(profile({ more: { dpd: { action: 'restart' } } }));
      assert.equal((await stage.gateway.terminate(order)).code, 0);
      await stage.tunnelUntil(
        'a new CHILD_SA',
        (now) =>
          now.usable && now.children[0] !== undefined && now.children[0].spiIn !== first.children[0]?.spiIn,
      );
      await stage.carries();
      await stage.disconnect();
    });
  }
});
