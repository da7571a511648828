/**
 * DSCP and ECN through the tunnel (RFC 4301 §5.1.2, RFC 6040): what the router sees on our ESP packets, and what the
 * client gets of what the router has marked.
 */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import type { Host } from '../lab/host.ts';
import { ADDRESS } from '../lab/lab.ts';
import { ping } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const PINGS = 20;
/** Octets that so many pings have at least. What goes out in one piece (UDP_SEGMENT) counts as one packet on its way. */
const OCTETS = PINGS * 84;
/** As ping's -Q writes them. */
const [EF_ECT0, EF_NOT_ECT] = ['0xba', '0xb8'];

interface Seen {
  readonly packets: number;
  readonly octets: number;
}

/** Counts what a rule's text matches on a machine, and may change it, until the table is deleted. */
async function watch(host: Host, hook: string, rules: readonly string[]): Promise<() => Promise<Seen[]>> {
  await host.script([
    'nft add table inet classes',
    `nft 'add chain inet classes seen { type filter hook ${hook} priority 0; }'`,
    ...rules.map((rule) => `nft 'add rule inet classes seen ${rule}'`),
  ]);
  return async () => {
    const text = await host.must(['nft', 'list', 'table', 'inet', 'classes']);
    await host.must(['nft', 'delete', 'table', 'inet', 'classes']);
    return [...text.matchAll(/counter packets (\d+) bytes (\d+)/g)].map(([, packets, octets]) => ({
      packets: Number(packets),
      octets: Number(octets),
    }));
  };
}

async function congested(stage: Stage): Promise<number> {
  return (await stage.tunnel()).datapath?.drops.congestion ?? 0;
}

scenario('traffic-class', async (stage) => {
  const { client, nat } = stage.lab;
  for (const [host, family, from] of [
    [ADDRESS.gw, 'ip', 'iifname client'],
    [ADDRESS.gw6, 'ip6', 'iifname client'],
  ] as const)
    await stage.step(`the router sees our marks, ${family} outside`, async () => {
      await stage.gateway.load(gatewayConf());
      await stage.connect(profile({ host }));
      const seen = await watch(nat, 'forward', [
        `${from} udp dport 4500 ${family} dscp ef ${family} ecn ect0 counter`,
        `${from} udp dport 4500 ${family} dscp ef ${family} ecn not-ect counter`,
      ]);
      assert.deepEqual((await ping(client, ADDRESS.lan, { count: PINGS, tos: EF_ECT0 })).missing, []);
      assert.deepEqual((await ping(client, ADDRESS.lan, { count: PINGS, tos: EF_NOT_ECT })).missing, []);
      const [ect = 0, plain = 0] = (await seen()).map(({ octets }) => octets);
      assert.ok(ect >= OCTETS && plain >= OCTETS, `${ect} octets with ECT, ${plain} without`);
      await stage.disconnect();
    });

  await stage.step('copyDscp no, copyEcn off: the outside tells nothing', async () => {
    await stage.connect(profile({ more: { esp: { copyDscp: 'no', copyEcn: false } } }));
    const seen = await watch(nat, 'forward', [
      'iifname client udp dport 4500 ip dscp != 0 counter',
      'iifname client udp dport 4500 ip ecn != not-ect counter',
      'iifname client udp dport 4500 counter',
    ]);
    assert.deepEqual((await ping(client, ADDRESS.lan, { count: PINGS, tos: EF_ECT0 })).missing, []);
    const [dscp, ecn, all = 0] = (await seen()).map(({ octets }) => octets);
    assert.deepEqual([dscp, ecn], [0, 0]);
    assert.ok(all >= OCTETS);
    await stage.disconnect();
  });

  for (const [host, family] of [
    [ADDRESS.gw, 'ip'],
    [ADDRESS.gw6, 'ip6'],
  ] as const)
    await stage.step(
      `congestion that the router marks reaches the application, ${family} outside`,
      async () => {
        await stage.connect(profile({ host }));
        const marked = await watch(nat, 'forward', [
          `iifname wan0 udp sport 4500 ${family} ecn set ce counter`,
        ]);
        const heard = await watch(client, 'input', ['iifname != nat0 ip protocol icmp ip ecn ce counter']);
        assert.deepEqual((await ping(client, ADDRESS.lan, { count: PINGS, tos: EF_ECT0 })).missing, []);
        const before = await congested(stage);
        // Their sender has never heard of congestion marks: nothing but a loss tells it.
        const lost = await ping(client, ADDRESS.lan, { count: PINGS, tos: EF_NOT_ECT, wait: 0.5 });
        assert.equal(lost.received, 0);
        const [marks = 0] = (await marked()).map(({ packets }) => packets);
        const [ce = 0] = (await heard()).map(({ packets }) => packets);
        assert.ok(marks >= 2 * PINGS && ce >= PINGS, `${marks} marked, ${ce} heard of`);
        assert.ok((await congested(stage)) >= before + PINGS);
        await stage.carries();
        await stage.disconnect();
      },
    );
});
