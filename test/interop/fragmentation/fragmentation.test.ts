/** Certificates too large for one datagram, behind a router that drops IP fragments (RFC 7383). */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { dropIpFragments } from '../lab/network.ts';
import { Authority } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const LARGE = 4_000;

scenario(
  'fragmentation',
  async (stage) => {
    await dropIpFragments(stage.lab);
    const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
    const sub = await root.sub('First sub CA', 'p256', LARGE);
    const subSub = await sub.sub('Second sub CA', 'p256', LARGE);
    const own = await subSub.leaf({ names: [`DNS:${GATEWAY_ID}`], padding: LARGE });
    const client = await subSub.leaf({ names: [`DNS:${CLIENT_ID}`], padding: LARGE });
    const load = () =>
      stage.gateway.load(
        gatewayConf({
          local: byCertificate(),
          remote: { auth: 'pubkey', cacerts: 'clients-root.pem' },
          connection: { fragmentation: 'yes' },
        }),
        gatewayFiles(own, root.certificate),
      );

    await stage.step('a chain of 12 kB each way', async () => {
      await load();
      const mark = stage.gateway.log().length;
      const tunnel = await stage.connect(profile({ auth: client, anchors: [root.certificate] }));
      const log = stage.gateway.logSince(mark);
      assert.equal(tunnel.ike?.fragmentation, true);
      assert.match(log, /parsed IKE_AUTH request 1 \[ EF\(10\/\d+\) \]/);
      assert.match(log, /generating IKE_AUTH response 1 \[ EF\(10\/\d+\) \]/);
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step('in small fragments', async () => {
      await load();
      const mark = stage.gateway.log().length;
      await stage.connect(
        profile({ auth: client, anchors: [root.certificate], more: { fragmentation: { size: 576 } } }),
      );
      assert.match(stage.gateway.logSince(mark), /parsed IKE_AUTH request 1 \[ EF\(20\/\d+\) \]/);
      await stage.disconnect();
    });
  },
  { settings: { max_packet: 40_000 } },
);
