/** The gateway gives other networks than asked for: fewer, or none. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import type { Host } from '../lab/host.ts';
import { ADDRESS } from '../lab/lab.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('selectors', async (stage) => {
  await stage.step('none of those asked for', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.refused(profile({ remote: ['10.55.0.0/16'] }), { code: 'TS_UNACCEPTABLE' });
  });

  await stage.step('fewer: exactly those are routed', async () => {
    await stage.gateway.load(gatewayConf());
    const tunnel = await stage.connect(profile({ remote: ['0.0.0.0/0', '::/0'] }));
    const [child] = tunnel.children;
    assert.equal(child?.narrowed, true);
    assert.deepEqual([...(child?.remote ?? [])].sort(), [ADDRESS.lanNet, ADDRESS.lanNet6]);
    assert.deepEqual([...tunnel.routes].sort(), [ADDRESS.lanNet, ADDRESS.lanNet6]);
    assert.deepEqual(await routesInto(stage.lab.client, tunnel.datapath?.interface ?? ''), [
      ADDRESS.lanNet,
      ADDRESS.lanNet6,
    ]);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step(
    'everything: the tunnel takes the default route, and the gateway stays reachable',
    async () => {
      await stage.gateway.load(gatewayConf({ child: { local_ts: '0.0.0.0/0, ::/0' } }));
      await stage.connect(profile({ remote: ['0.0.0.0/0', '::/0'] }));
      await stage.carries();
      await stage.carries({ to: ADDRESS.lan6 });
      await stage.disconnect();
    },
  );
});

/** Every destination that the kernel sends into the interface, without its own addresses and multicast. */
async function routesInto(client: Host, link: string): Promise<string[]> {
  const text =
    (await client.must(['ip', '-4', 'route', 'show', 'table', 'all', 'dev', link])) +
    (await client.must(['ip', '-6', 'route', 'show', 'table', 'all', 'dev', link]));
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(local|multicast|anycast|broadcast|fe80::|ff00::)/.test(line))
    .map((line) => line.split(' ')[0] ?? '')
    .sort();
}
