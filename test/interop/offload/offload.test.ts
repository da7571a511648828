/** What is carried in bulk arrives as single packets with right checksums, at every level of offload. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OFFLOAD_LEVELS, type OffloadLevel } from '../../../engine/base/offload-level.ts';
import { ended, sleep, until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { iperf } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const SENDER = fileURLToPath(new URL('send-in-bulk.ts', import.meta.url));
/** charon's tun on the gateway: what comes from the client is there as it was before it was sealed. */
const INSIDE = 'ipsec0';
const FROM_CLIENT = '(src net 10.66.0.0/24 or src net fd66::/64)';

const DESCRIPTIONS: Readonly<Record<OffloadLevel, RegExp>> = {
  packet: /^workers, culvert0, no offload, DSCP ECN$/,
  udp: /^workers, culvert0, UDP GSO UDP GRO, DSCP ECN$/,
  tso: /^workers, culvert0, TSO UDP GSO UDP GRO, DSCP ECN$/,
  uso: /^workers, culvert0, TSO USO UDP GSO UDP GRO, DSCP ECN$/,
};

/** What one packet looked like inside the gateway. */
interface Seen {
  readonly length: number;
  readonly ipChecksum: string;
  readonly checksum: string;
}

/** Packets from the client while `body` runs, as tshark reads them. */
async function capture(stage: Stage, filter: string, body: () => Promise<void>): Promise<Seen[]> {
  const { gw } = stage.lab;
  const file = join(gw.folder, 'inside.pcap');
  const log = join(gw.folder, 'tcpdump.log');
  writeFileSync(log, '');
  const child = gw.spawn(
    [
      'tcpdump',
      '--immediate-mode',
      '-U',
      '-i',
      INSIDE,
      '-s',
      '0',
      '-B',
      '16384',
      '-w',
      file,
      `${FROM_CLIENT} and ${filter}`,
    ],
    { log },
  );
  await until('tcpdump', () => readFileSync(log, 'utf8').includes('listening'), { interval: 20 });
  await body();
  // On a busy machine the last packets are written late.
  for (let before = -1, now = 0; now !== before; now = statSync(file).size) {
    before = now;
    await sleep(1000);
  }
  child.kill('SIGINT');
  await ended(child, 5_000);
  const text = await gw.must([
    ...['tshark', '-r', file, '-T', 'fields', '-E', 'separator=,'],
    ...['-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE', '-o', 'udp.check_checksum:TRUE'],
    ...[
      '-e',
      'frame.len',
      '-e',
      'ip.checksum.status',
      '-e',
      'tcp.checksum.status',
      '-e',
      'udp.checksum.status',
    ],
  ]);
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [length, ip = '', tcp = '', udp = ''] = line.split(',');
      return { length: Number(length), ipChecksum: ip, checksum: tcp + udp };
    });
}

/** 1 is tshark's word for a right checksum. */
function checkSums(packets: readonly Seen[], version: 4 | 6): void {
  const bad = packets.filter(
    (packet) => packet.checksum !== '1' || packet.ipChecksum !== (version === 4 ? '1' : ''),
  );
  assert.deepEqual(bad.slice(0, 3), [], `${bad.length} of ${packets.length} packets`);
}

scenario('offload', async (stage) => {
  for (const level of OFFLOAD_LEVELS) {
    await stage.step(level, async () => {
      await stage.culvert.stop();
      await stage.culvert.restart(level);
      await stage.gateway.load(gatewayConf());
      const tunnel = await stage.connect(profile());
      assert.match(tunnel.datapath?.description ?? '', DESCRIPTIONS[level]);
      for (const [version, to] of [
        [4, ADDRESS.lan],
        [6, ADDRESS.lan6],
      ] as const) {
        const tcp = await capture(stage, `${version === 4 ? 'ip' : 'ip6'} proto 6`, async () => {
          await iperf(stage.lab.client, 'up', { bytes: '3M' }, to);
          await iperf(stage.lab.client, 'down', { bytes: '3M' }, to);
        });
        assert.ok(tcp.length > 1000, `only ${tcp.length} packets`);
        assert.ok(Math.max(...tcp.map((packet) => packet.length)) <= (tunnel.datapath?.mtu ?? 0));
        checkSums(tcp, version);
        const udp = await capture(stage, 'udp port 9', async () => {
          const command = [process.execPath, '--import', import.meta.resolve('tsx'), SENDER, to, '3'];
          assert.equal((await stage.lab.client.must(command)).trim(), 'sent 120');
        });
        const header = version === 4 ? 28 : 48;
        assert.equal(udp.filter((packet) => packet.length === header + 1000).length, 117);
        assert.equal(udp.filter((packet) => packet.length === header + 700).length, 3);
        checkSums(udp, version);
      }
      const { drops } = (await stage.tunnel()).datapath ?? {};
      assert.deepEqual([drops?.malformed, drops?.integrity, drops?.['udp-error']], [0, 0, 0]);
      await stage.disconnect();
    });
  }

  await stage.step('a path that has become too narrow for what is sent at once', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile());
    const narrow = async (mtu: number): Promise<void> => {
      await stage.lab.client.must(['ip', 'link', 'set', 'nat0', 'mtu', String(mtu)]);
      await stage.lab.nat.must(['ip', 'link', 'set', 'client', 'mtu', String(mtu)]);
    };
    try {
      // From now on each ESP packet of full size takes two IP fragments, and no message may be segmented.
      await narrow(1300);
      await stage.carries({ bytes: '2M' });
      assert.equal((await stage.tunnel()).datapath?.drops['udp-error'], 0);
    } finally {
      await narrow(1500);
    }
    await stage.disconnect();
  });
});
