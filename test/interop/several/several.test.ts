/** Several children in one tunnel, and several tunnels at once. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { iperf, ping } from '../lab/probe.ts';
import { CHILD, profile } from '../lab/profile.ts';
import type { Settings } from '../lab/settings.ts';
import { scenario } from '../lab/stage.ts';

const SECOND = 'second.lab.example';
const esp = { esp_proposals: 'aes128gcm16', rekey_time: 0 };

scenario('several', async (stage) => {
  const { lab, culvert } = stage;
  const answered = async (to: string): Promise<void> => {
    assert.deepEqual(
      (await ping(lab.client, to, { count: 10 })).missing,
      [],
      `pings to ${to} without answer`,
    );
  };

  await stage.step('three children, each its own pair of SAs', async () => {
    const children: Settings = {
      [CHILD]: { ...esp, local_ts: `${ADDRESS.lanNet}[tcp]` },
      echo: { ...esp, local_ts: `${ADDRESS.lanNet}[icmp]` },
      six: { ...esp, local_ts: ADDRESS.lanNet6 },
    };
    await stage.gateway.load(gatewayConf({ connection: { children } }));
    const child = (remote: string) => ({ proposals: 'aes128gcm16!', remote: [remote] });
    const document = profile({
      more: {
        children: {
          [CHILD]: child(`${ADDRESS.lanNet}[tcp]`),
          echo: child(`${ADDRESS.lanNet}[icmp]`),
          six: child(ADDRESS.lanNet6),
        },
      },
    });
    const answer = await culvert.upByCall(document);
    assert.ok(answer.ok, JSON.stringify(answer));
    const tunnel = await stage.tunnelUntil('three children', (now) => now.children.length === 3);
    assert.deepEqual(tunnel.children.map((c) => c.name).sort(), ['echo', CHILD, 'six'].sort());
    await answered(ADDRESS.lan);
    await answered(ADDRESS.lan6);
    await iperf(lab.client, 'up', { bytes: '1M' }, ADDRESS.lan);
    const carried = (await stage.tunnel()).children.map((c) => c.packetsIn);
    assert.ok(
      carried.every((packets) => packets >= 10),
      `each child carries its own: ${carried.join(' ')}`,
    );
    await stage.disconnect();
  });

  const conf = (): Settings => {
    const base = gatewayConf();
    const connections = base.connections as Settings;
    const first = connections.gw as Settings;
    return {
      ...base,
      connections: { ...connections, second: { ...first, remote: { auth: 'psk', id: SECOND } } },
    };
  };
  const first = profile({ remote: [ADDRESS.lanNet] });
  const second = { ...profile({ remote: [ADDRESS.lanNet6], localId: SECOND }), name: 'second' };

  await stage.step('two tunnels at once, and each goes by itself', async () => {
    await stage.gateway.load(conf());
    assert.ok((await culvert.upByCall(first)).ok);
    assert.ok((await culvert.upByCall(second)).ok);
    const { tunnels } = await culvert.snapshot();
    assert.equal(tunnels.filter((t) => t.usable).length, 2);
    assert.equal(new Set(tunnels.map((t) => t.datapath?.interface)).size, 2);
    await answered(ADDRESS.lan);
    await answered(ADDRESS.lan6);
    await culvert.downByCall('lab');
    await answered(ADDRESS.lan6);
    await culvert.downByCall('second');
    await stage.unchanged();
  });

  await stage.step('two that want the same packets: the second is refused, and says why', async () => {
    await stage.gateway.load(conf());
    assert.ok((await culvert.upByCall(first)).ok);
    const answer = await culvert.upByCall({ ...second, children: { all: { remote: ['0.0.0.0/0'] } } });
    assert.ok(!answer.ok);
    assert.equal(answer.failure.code, 'SELECTORS_OVERLAP');
    assert.match(answer.failure.message, /0\.0\.0\.0\/0.*lab.*10\.99\.0\.0\/24/);
    await answered(ADDRESS.lan);
    await culvert.downByCall('lab');
    await stage.unchanged();
  });
});
