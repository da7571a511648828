/**
 * UDP through the tunnel, the same program at both ends, beside strongSwan: datagrams a second that arrive when more
 * are sent than fit, and the share lost when half of that is sent; round trips of pings, idle and beside a TCP flow.
 */
import { ADDRESS, Lab, NEEDS } from '../interop/lab/lab.ts';
import { iperfServer, ping } from '../interop/lab/probe.ts';
import { type Bench, row } from './row.ts';
import { type Connect, charonEnds, culvertEnds } from './support/ends.ts';
import { tcpRounds } from './support/static-ends.ts';

const ROUNDS = 5;
const SIZES = [64, 512, 1300];
const PEER = 'strongSwan';
const PINGS = 200;

interface Udp {
  readonly received: number;
  readonly lostPercent: number;
}

async function udp(lab: Lab, size: number, bitsPerSecond: number): Promise<Udp> {
  const text = await lab.client.must(
    ['iperf3', '-c', ADDRESS.lan, '-u', '-J', '-t', '1', '-l', String(size), '-b', String(bitsPerSecond)],
    { timeout: 30_000 },
  );
  const { sum } = (
    JSON.parse(text) as { end: { sum: { packets: number; lost_packets: number; seconds: number } } }
  ).end;
  return {
    received: (sum.packets - sum.lost_packets) / sum.seconds,
    lostPercent: (100 * sum.lost_packets) / Math.max(1, sum.packets),
  };
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;

async function measure(lab: Lab, connect: Connect): Promise<Map<string, { unit: string; values: number[] }>> {
  const figures = new Map<string, { unit: string; values: number[] }>();
  const add = (metric: string, unit: string, value: number): void => {
    const figure = figures.get(metric) ?? { unit, values: [] };
    figure.values.push(value);
    figures.set(metric, figure);
  };
  const ends = await connect(lab, 'aes128gcm16');
  try {
    for (const size of SIZES)
      for (let round = 0; round < ROUNDS; round++) {
        const most = await udp(lab, size, 0);
        add(`${size} octets, most`, 'packets/s', most.received);
        const half = await udp(lab, size, Math.max(1e6, Math.round((most.received / 2) * size * 8)));
        add(`${size} octets, lost at half of that`, '%', half.lostPercent);
      }
    for (let round = 0; round < ROUNDS; round++) {
      const idle = await ping(lab.client, ADDRESS.lan, { count: PINGS });
      add('ping p50, idle', 'ms', percentile(idle.times, 0.5));
      add('ping p99, idle', 'ms', percentile(idle.times, 0.99));
      const flow = tcpRounds(lab.client, ADDRESS.lan, 1, { seconds: 4 });
      const loaded = await ping(lab.client, ADDRESS.lan, { count: PINGS });
      await flow;
      add('ping p50, beside TCP', 'ms', percentile(loaded.times, 0.5));
      add('ping p99, beside TCP', 'ms', percentile(loaded.times, 0.99));
    }
  } finally {
    await ends.close();
  }
  return figures;
}

export const bench: Bench = {
  name: 'datagrams',
  describe: 'UDP packets a second and pings, the same program at both ends',
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      await iperfServer(lab.lan);
      const ours = await measure(lab, culvertEnds);
      const theirs = await measure(lab, charonEnds);
      for (const [metric, { unit, values }] of ours) {
        const peer = { name: PEER, values: theirs.get(metric)?.values ?? [] };
        report(row({ bench: 'datagrams', metric, unit }, values, peer));
      }
    } finally {
      await lab.close();
    }
  },
};
