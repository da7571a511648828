/** Post-quantum pre-shared keys (RFC 8784): demanded, optional, unknown to the gateway, and through rekeys of both. */
import assert from 'node:assert/strict';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { ping } from '../lab/probe.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import type { Settings } from '../lab/settings.ts';
import { scenario } from '../lab/stage.ts';

const PPK = { id: 'lab-ppk', secret: 'the laboratory shares this against quantum computers' };

// strongSwan keeps what nobody finishes for half a minute otherwise.
const HALF_OPEN = { settings: { half_open_timeout: 6 } };

function gateway(connection: Settings, id = PPK.id): Settings {
  const conf = gatewayConf({ connection });
  return {
    ...conf,
    secrets: { ...(conf.secrets as Settings), 'ppk-lab': { id, secret: PPK.secret } },
  };
}

function client(required: boolean): ProfileDocument {
  const document = profile();
  return { ...document, ike: { ...document.ike, ppk: { ...PPK, required } } };
}

scenario(
  'ppk',
  async (stage) => {
    await stage.step('demanded by both, through rekeys of both SAs', async () => {
      await stage.gateway.load(gateway({ ppk_id: PPK.id, ppk_required: 'yes' }));
      const tunnel = await stage.connect(client(true));
      assert.equal(tunnel.ike?.ppk, true);
      assert.equal((await stage.sa()).values.ppk, 'yes');
      await stage.carries();
      await stage.culvert.rekey(TUNNEL);
      await stage.tunnelUntil('a rekeyed IKE SA', (now) => now.ike?.rekeysDone === 1);
      await stage.gateway.rekey({ child: CHILD });
      await stage.tunnelUntil('a rekeyed child', (now) => now.children[0]?.rekeysDone === 1);
      assert.equal((await ping(stage.lab.client, ADDRESS.lan, { count: 5 })).lost, 0);
      assert.equal((await stage.tunnel()).ike?.ppk, true);
      await stage.disconnect();
    });

    await stage.step('optional, and the gateway knows none', async () => {
      await stage.gateway.load(gatewayConf());
      const tunnel = await stage.connect(client(false));
      assert.equal(tunnel.ike?.ppk, false);
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step('optional, and the gateway has another: the proof without it counts', async () => {
      await stage.gateway.load(gateway({ ppk_required: 'no' }, 'another'));
      const tunnel = await stage.connect(client(false));
      assert.equal(tunnel.ike?.ppk, false);
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step('demanded by us, and the gateway knows none', async () => {
      await stage.gateway.load(gatewayConf());
      await stage.refused(client(true), { code: 'PPK_REQUIRED', says: /post-quantum/ });
    });

    await stage.step('demanded by the gateway, and we have none', async () => {
      await stage.gateway.load(gateway({ ppk_id: PPK.id, ppk_required: 'yes' }));
      await stage.refused(profile(), { code: 'AUTHENTICATION_FAILED' });
    });
  },
  HALF_OPEN,
);
