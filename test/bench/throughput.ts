/**
 * TCP through the tunnel by iperf3, Culvert to strongSwan beside strongSwan to strongSwan, on the same gateway
 * through the same NAT in the same run; and the memory of both clients, idle and after the load.
 */
import { Charon } from '../interop/lab/charon.ts';
import { Culvert } from '../interop/lab/culvert.ts';
import { gatewayConf } from '../interop/lab/gateway.ts';
import { Lab, NEEDS } from '../interop/lab/lab.ts';
import { iperf, iperfServer, residentSet } from '../interop/lab/probe.ts';
import { profile, TUNNEL } from '../interop/lab/profile.ts';
import { clientConf } from '../interop/lab/strongswan-pair.ts';
import { type Bench, row } from './row.ts';

const ROUNDS = 3;
const SECONDS = 2;
const PEER = 'strongSwan';
const SUITES = ['aes128gcm16', 'aes256gcm16', 'chacha20poly1305'];
const DIRECTIONS = ['up', 'down'] as const;

/** Figures of one client: Mbit/s by suite and direction, MiB by moment. */
interface Figures {
  readonly speeds: Map<string, number[]>;
  readonly memory: Map<'idle' | 'after load', number[]>;
}

export const bench: Bench = {
  name: 'throughput',
  describe: 'iperf3 TCP through the tunnel, and the memory it takes',
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      const gateway = await Charon.start(lab.gw, { logLevel: 1 });
      await iperfServer(lab.lan);
      const ours = await measureCulvert(lab, gateway);
      await gateway.forget();
      const theirs = await measureCharon(lab, gateway);
      for (const [metric, speeds] of ours.speeds) {
        const peer = { name: PEER, values: theirs.speeds.get(metric) ?? [] };
        report(row({ bench: 'throughput', metric, unit: 'Mbit/s' }, speeds, peer));
      }
      for (const [moment, sizes] of ours.memory) {
        const peer = { name: PEER, values: theirs.memory.get(moment) ?? [] };
        report(row({ bench: 'throughput', metric: `resident set, ${moment}`, unit: 'MiB' }, sizes, peer));
      }
    } finally {
      await lab.close();
    }
  },
};

async function measureCulvert(lab: Lab, gateway: Charon): Promise<Figures> {
  const culvert = await Culvert.start(lab.client);
  const figures = await measure(lab, culvert.pid, async (esp, body) => {
    await gateway.load(gatewayConf({ esp }));
    const answer = await culvert.upByCall(profile({ esp }));
    if (!answer.ok) throw new Error(`Culvert did not connect: ${JSON.stringify(answer.failure)}`);
    await body();
    await culvert.down(TUNNEL);
  });
  await culvert.stop();
  return figures;
}

async function measureCharon(lab: Lab, gateway: Charon): Promise<Figures> {
  const charon = await Charon.start(lab.client, { logLevel: 1 });
  const figures = await measure(lab, charon.pid, async (esp, body) => {
    await gateway.load(gatewayConf({ esp }));
    await charon.load(clientConf({ esp }));
    const { code, stdout, stderr } = await charon.initiate('net');
    if (code !== 0) throw new Error(`strongSwan did not connect: ${stdout}${stderr}`);
    await body();
    await charon.terminate({ ike: 'gw' });
  });
  await charon.stop();
  return figures;
}

async function measure(
  lab: Lab,
  pid: number,
  connected: (esp: string, body: () => Promise<void>) => Promise<void>,
): Promise<Figures> {
  const speeds = new Map<string, number[]>();
  const memory = new Map<'idle' | 'after load', number[]>([['idle', [await residentSet(pid)]]]);
  for (const esp of SUITES) {
    await connected(esp, async () => {
      for (const direction of DIRECTIONS) {
        await iperf(lab.client, direction, { seconds: 1 });
        const values: number[] = [];
        for (let round = 0; round < ROUNDS; round++) {
          const { bitsPerSecond } = await iperf(lab.client, direction, { seconds: SECONDS });
          values.push(bitsPerSecond / 1e6);
        }
        speeds.set(`${esp} ${direction}`, values);
      }
    });
  }
  memory.set('after load', [await residentSet(pid)]);
  return { speeds, memory };
}
