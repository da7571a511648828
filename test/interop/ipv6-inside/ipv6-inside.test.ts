/** IPv6 through the tunnel, beside IPv4 and alone. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('ipv6-inside', async (stage) => {
  await stage.step('both families in one CHILD_SA', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile());
    await stage.carries({ to: ADDRESS.lan6 });
    await stage.carries({ to: ADDRESS.lan });
    await stage.disconnect();
  });

  await stage.step('IPv6 alone', async () => {
    await stage.gateway.load(
      gatewayConf({ pools: { pool6: { addrs: ADDRESS.pool6 } }, child: { local_ts: ADDRESS.lanNet6 } }),
    );
    const tunnel = await stage.connect(
      profile({ remote: [ADDRESS.lanNet6], more: { virtualIp: { ipv4: false, ipv6: true } } }),
    );
    assert.match(tunnel.addresses.join(), /^fd66::[\da-f]+\/64$/);
    await stage.carries({ to: ADDRESS.lan6 });
    await stage.disconnect();
  });
});
