/**
 * A kill switch of everything on a machine that moves about: not one packet leaves beside the tunnel on either uplink,
 * IPv6 does not either where the tunnel has none, names are asked of the tunnel's servers alone, and what a machine
 * needs to keep its place in a network still leaves.
 */
import assert from 'node:assert/strict';
import { sleep, until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { askServer, firstPing, startNameServer } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';
import { watchUplinks } from '../lab/uplinks.ts';

const QUICK = { timeout: 1, base: 1.5, jitter: 0, tries: 4 };
const EVERYTHING = ['0.0.0.0/0', '::/0'];

const guarded = (mode: 'while-up' | 'always', { mobike = false, remote = EVERYTHING } = {}) =>
  profile({
    remote,
    more: {
      killSwitch: { mode },
      ike: { proposals: 'aes128gcm16-prfsha256-x25519!', mobike },
      retransmission: QUICK,
    },
  });

const conf = (mobike: boolean) =>
  gatewayConf({
    connection: { mobike: mobike ? 'yes' : 'no' },
    child: { local_ts: EVERYTHING.join(', ') },
  });

/** The gateway by the second uplink, without a NAT in front; and as before. */
const toDirect = ({ lab }: Stage): Promise<string> =>
  lab.client.script([`ip route replace 10.77.0.0/24 dev direct0 src ${ADDRESS.clientDirect}`]);
const toNat = ({ lab }: Stage): Promise<string> =>
  lab.client.script(['ip route del 10.77.0.0/24 dev direct0']);

/** Sends one datagram, whose way out the capture tells. */
function send({ lab }: Stage, from: number, to: string, port: number): Promise<unknown> {
  const script =
    'const [, from, to, port] = process.argv; const ipv6 = to.includes(":");' +
    'const socket = require("node:dgram").createSocket(ipv6 ? "udp6" : "udp4");' +
    'socket.bind(Number(from), () => { if (!ipv6) socket.setBroadcast(true);' +
    'socket.send("x", Number(port), to, () => socket.close()); });';
  return lab.client.run([process.execPath, '-e', script, String(from), to, String(port)]);
}

scenario('leaks', async (stage) => {
  const { lab, culvert } = stage;

  for (const mobike of [true, false])
    await stage.step(`to another uplink and back, ${mobike ? 'with' : 'without'} MOBIKE`, async () => {
      await stage.gateway.load(conf(mobike));
      await stage.connect(guarded('while-up', { mobike }));
      const watch = await watchUplinks(lab);
      try {
        await toDirect(stage);
        await stage.tunnelUntil(
          'the direct path',
          (now) => now.usable && now.ike?.local?.address === ADDRESS.clientDirect,
        );
        await firstPing(lab.client, ADDRESS.lan);
        await toNat(stage);
        await stage.tunnelUntil(
          'the path by the NAT',
          (now) => now.usable && now.ike?.local?.address === ADDRESS.client,
        );
        await firstPing(lab.client, ADDRESS.lan);
        await sleep(500);
        assert.deepEqual(watch.leaks(), []);
      } finally {
        watch.stop();
      }
      await stage.disconnect();
    });

  await stage.step('IPv6 stays inside of a tunnel that has none', async () => {
    await stage.gateway.load(
      gatewayConf({
        child: { local_ts: '0.0.0.0/0' },
        pools: { pool4: { addrs: ADDRESS.pool, dns: ADDRESS.dns } },
      }),
    );
    const tunnel = await stage.connect(guarded('while-up', { remote: ['0.0.0.0/0'] }));
    assert.ok(tunnel.addresses.every((address) => !address.includes(':')));
    const watch = await watchUplinks(lab);
    try {
      const ping = await lab.client.run(['ping', '-6', '-c2', '-i0.2', '-W1', ADDRESS.wan6]);
      assert.notEqual(ping.code, 0);
      await firstPing(lab.client, ADDRESS.lan);
      await sleep(1_000);
      assert.deepEqual(watch.leaks(), []);
    } finally {
      watch.stop();
    }
    await stage.disconnect();
  });

  await stage.step('names are asked of the tunnel’s servers alone, also inside of it', async () => {
    const NAME = 'www.lab.example';
    const other = await startNameServer(lab.lan, '.', '203.0.113.9', [ADDRESS.lan]);
    await stage.gateway.load(conf(false));
    await stage.connect(profile({ remote: EVERYTHING }));
    assert.equal(
      await askServer(lab.client, ADDRESS.lan, NAME),
      '203.0.113.9',
      'reachable without a kill switch',
    );
    await stage.disconnect();
    const heard = other().length;
    await stage.connect(guarded('while-up'));
    assert.equal(await askServer(lab.client, ADDRESS.dns, NAME), ADDRESS.lan);
    assert.equal(await askServer(lab.client, ADDRESS.lan, NAME), 'nothing');
    assert.equal(other().length, heard);
    await stage.disconnect();
  });

  await stage.step('shut, a machine may still ask for its address', async () => {
    await stage.gateway.load(conf(false));
    await stage.connect(guarded('always'));
    await culvert.down('lab');
    const seen: string[] = [];
    const capture = lab.client.spawn(['tcpdump', '-lnn', '-Q', 'out', '-i', 'nat0', 'udp'], {
      stdout: 'pipe',
    });
    capture.stdout?.setEncoding('utf8').on('data', (text: string) => seen.push(text));
    await sleep(500);
    const saw = (words: string): boolean => seen.join('').includes(words);
    await send(stage, 69, '255.255.255.255', 67);
    await send(stage, 68, ADDRESS.natInside, 68);
    await send(stage, 547, 'ff02::1:2%nat0', 547);
    await send(stage, 546, 'ff02::1:2%nat0', 547);
    await send(stage, 68, '255.255.255.255', 67);
    await send(stage, 68, ADDRESS.natInside, 67);
    await until('the last of them', () => saw(`.68 > ${ADDRESS.natInside}.67:`), { timeout: 5_000 });
    capture.kill('SIGINT');
    assert.ok(saw('.68 > 255.255.255.255.67:') && saw('.546 > ff02::1:2.547:'), seen.join(''));
    assert.ok(!saw('.69 >') && !saw('.68:') && !saw('.547 >'), seen.join(''));
    assert.equal((await culvert.cli(['release', '--json'])).code, 0);
    await stage.unchanged();
  });
});
