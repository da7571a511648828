/** The gateway is reached over IPv6. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('ipv6-outside', async (stage) => {
  for (const encapsulation of ['forced', 'auto'] as const) {
    await stage.step(`encapsulation ${encapsulation}, without any NAT`, async () => {
      await stage.gateway.load(gatewayConf());
      const tunnel = await stage.connect(profile({ host: ADDRESS.gw6, more: { encapsulation } }));
      assert.equal(tunnel.ike?.remote?.address, ADDRESS.gw6);
      assert.equal(tunnel.ike?.nat.forced, encapsulation === 'forced');
      assert.equal((await stage.sa()).values['remote-host'], ADDRESS.client6);
      await stage.carries({ to: ADDRESS.lan });
      await stage.carries({ to: ADDRESS.lan6 });
      await stage.disconnect();
    });
  }
});
