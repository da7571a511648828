/** Name servers from the gateway's pool, used while connected and gone afterwards. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { resolve } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const NAME = 'www.lab.example';

scenario('dns', async (stage) => {
  const { client } = stage.lab;
  await stage.step('names resolve through the tunnel and only while it is there', async () => {
    // No route to the machine's own name server: its questions fail at once.
    assert.equal(await resolve(client, NAME), undefined);
    await stage.gateway.load(gatewayConf());
    const tunnel = await stage.connect(profile());
    assert.deepEqual(tunnel.dns, [ADDRESS.dns]);
    assert.equal(await resolve(client, NAME), ADDRESS.lan);
    await stage.disconnect();
    assert.equal(await resolve(client, NAME), undefined);
  });

  await stage.step('both families of name servers', async () => {
    await stage.gateway.load(
      gatewayConf({
        pools: {
          pool4: { addrs: ADDRESS.pool, dns: ADDRESS.dns },
          pool6: { addrs: ADDRESS.pool6, dns: ADDRESS.dns6 },
        },
      }),
    );
    const tunnel = await stage.connect(profile());
    assert.deepEqual([...tunnel.dns].sort(), [ADDRESS.dns, ADDRESS.dns6]);
    assert.equal(await resolve(client, NAME), ADDRESS.lan);
    await stage.disconnect();
  });

  await stage.step('a profile that ignores them', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile({ more: { dns: { mode: 'ignore' } } }));
    assert.equal(await resolve(client, NAME), undefined);
    await stage.disconnect();
  });
});
