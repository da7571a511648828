/** The gateway is under load and asks for a COOKIE first (RFC 7296 §2.6). */
import assert from 'node:assert/strict';
import { Charon } from '../lab/charon.ts';
import { until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';
import { clientConf } from '../lab/strongswan-pair.ts';

scenario(
  'cookie',
  async (stage) => {
    await stage.step('connects with the cookie', async () => {
      await stage.gateway.load(gatewayConf());
      // A stranger who never hears the answer leaves an SA half open.
      await stage.lab.wan.script([
        'nft add table inet deaf',
        "nft 'add chain inet deaf in { type filter hook input priority 0; }'",
        'nft add rule inet deaf in udp sport 500 drop',
      ]);
      const stranger = await Charon.start(stage.lab.wan);
      await stranger.load(clientConf());
      const waiting = stranger.initiate('net', 1);
      await until('a half-open SA', () => /IKE_SA_INIT response 0/.test(stage.gateway.log()));
      const mark = stage.gateway.log().length;
      await stage.connect(profile());
      const log = stage.gateway.logSince(mark);
      assert.match(log, /generating IKE_SA_INIT response 0 \[ N\(COOKIE\) \]/);
      assert.match(log, /parsed IKE_SA_INIT request 0 \[ N\(COOKIE\) SA /);
      await waiting;
      await stranger.kill();
      await stage.carries();
      await stage.culvert.down();
      await stage.unchanged();
    });
  },
  { settings: { cookie_threshold: 1 } },
);
