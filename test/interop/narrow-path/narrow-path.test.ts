/** A path of 1280 octets: large pings and TCP get through, whoever on the way knows of it. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { ping } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const NARROW = 1280;

scenario('narrow-path', async (stage) => {
  const { lab } = stage;
  for (const [where, links] of [
    [
      'our own link',
      [
        [lab.client, 'nat0'],
        [lab.nat, 'client'],
      ],
    ],
    [
      'a router in the middle',
      [
        [lab.nat, 'wan0'],
        [lab.gw, 'wan0'],
      ],
    ],
  ] as const)
    await stage.step(`of ${where}: TCP both ways, and pings of 8,000 octets`, async () => {
      for (const [host, link] of links) await host.script([`ip link set ${link} mtu ${NARROW}`]);
      try {
        await stage.gateway.load(gatewayConf());
        const tunnel = await stage.connect(profile());
        await stage.carries({ bytes: '4M' });
        const large = await ping(lab.client, ADDRESS.lan, { count: 5, size: 8000, interval: 0.1 });
        assert.deepEqual(large.missing, [], 'large pings without answer');
        // IPv6 is fragmented by its sender alone, which learns the size from its first packet (RFC 8201).
        await ping(lab.client, ADDRESS.lan6, { count: 2, size: 8000, interval: 0.2, wait: 1 });
        const six = await ping(lab.client, ADDRESS.lan6, { count: 5, size: 8000, interval: 0.1 });
        assert.deepEqual(six.missing, [], 'large IPv6 pings without answer');
        const mtu = tunnel.datapath?.mtu ?? 0;
        assert.ok(where !== 'our own link' || mtu <= NARROW, `an inner MTU of ${mtu} on a link of ${NARROW}`);
        await stage.culvert.down('lab');
      } finally {
        for (const [host, link] of links) await host.script([`ip link set ${link} mtu 1500`]);
      }
      await stage.unchanged();
    });
});
