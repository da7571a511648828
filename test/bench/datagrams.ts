/**
 * UDP through the tunnel, the same program at both ends, beside strongSwan: datagrams a second that arrive when as many
 * are sent as can be; the knee, which is the highest rate that comes through with no more than one in a hundred lost, and
 * the share lost there; round trips of pings, idle and beside a TCP flow. Sizes are those of the inner IP packet. One
 * benchmark a size, so that a run may be taken up where it was left.
 */
import { ADDRESS, Lab, NEEDS } from '../interop/lab/lab.ts';
import { iperfServer, ping } from '../interop/lab/probe.ts';
import { type Bench, row } from './row.ts';
import { type Connect, charonEnds, culvertEnds } from './support/ends.ts';
import { tcpRounds } from './support/static-ends.ts';

const ROUNDS = 5;
const SIZES = [64, 512, 1400];
const HEADERS = 28;
const PEER = 'strongSwan';
const SUITE = 'aes128gcm16';
const PINGS = 200;
/** What may be lost at the knee, in percent. */
const TOLERATED = 1;
/** Halvings of the interval in which the knee lies. */
const STEPS = 4;

interface Udp {
  /** Datagrams a second. */
  readonly sent: number;
  readonly received: number;
  readonly lostPercent: number;
}

/** One second of datagrams, `rate` of them; as many as can be without it. */
async function udp(lab: Lab, size: number, rate?: number): Promise<Udp> {
  const length = size - HEADERS;
  const bits = rate === undefined ? 0 : Math.max(1, Math.round(rate * length * 8));
  const text = await lab.client.must(
    ['iperf3', '-c', ADDRESS.lan, '-u', '-J', '-t', '1', '-l', String(length), '-b', String(bits)],
    { timeout: 30_000 },
  );
  const { sum } = (
    JSON.parse(text) as { end: { sum: { packets: number; lost_packets: number; seconds: number } } }
  ).end;
  return {
    sent: sum.packets / sum.seconds,
    received: (sum.packets - sum.lost_packets) / sum.seconds,
    lostPercent: (100 * sum.lost_packets) / Math.max(1, sum.packets),
  };
}

/** Between nothing and what was sent in a flood, by halving. */
async function knee(lab: Lab, size: number, flood: Udp): Promise<Udp> {
  let [low, high] = [0, flood.sent];
  let best: Udp | undefined;
  for (let step = 0; step < STEPS; step++) {
    const rate = (low + high) / 2;
    const outcome = await udp(lab, size, rate);
    if (outcome.lostPercent <= TOLERATED) {
      low = rate;
      if (best === undefined || outcome.received > best.received) best = outcome;
    } else high = rate;
  }
  // Even the lowest rate of all lost more: then that is said.
  return best ?? (await udp(lab, size, low === 0 ? high / 2 : low));
}

type Figures = ReadonlyMap<string, { readonly unit: string; readonly values: number[] }>;

class Collected {
  readonly figures = new Map<string, { unit: string; values: number[] }>();

  add(metric: string, unit: string, value: number): void {
    const figure = this.figures.get(metric) ?? { unit, values: [] };
    figure.values.push(value);
    this.figures.set(metric, figure);
  }
}

const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;

const packets =
  (size: number) =>
  async (lab: Lab): Promise<Figures> => {
    const collected = new Collected();
    for (let round = 0; round < ROUNDS; round++) {
      const flood = await udp(lab, size);
      const bent = await knee(lab, size, flood);
      collected.add(`${size} octets, arriving in a flood`, 'packets/s', flood.received);
      collected.add(`${size} octets, at the knee`, 'packets/s', bent.received);
      collected.add(`${size} octets, lost at the knee`, '%', bent.lostPercent);
    }
    return collected.figures;
  };

async function pings(lab: Lab): Promise<Figures> {
  const collected = new Collected();
  for (let round = 0; round < ROUNDS; round++) {
    const idle = await ping(lab.client, ADDRESS.lan, { count: PINGS });
    collected.add('ping p50, idle', 'ms', percentile(idle.times, 0.5));
    collected.add('ping p99, idle', 'ms', percentile(idle.times, 0.99));
    const flow = tcpRounds(lab.client, ADDRESS.lan, 1, { seconds: 4 });
    const loaded = await ping(lab.client, ADDRESS.lan, { count: PINGS });
    await flow;
    collected.add('ping p50, beside TCP', 'ms', percentile(loaded.times, 0.5));
    collected.add('ping p99, beside TCP', 'ms', percentile(loaded.times, 0.99));
  }
  return collected.figures;
}

async function between(
  lab: Lab,
  connect: Connect,
  measure: (lab: Lab) => Promise<Figures>,
): Promise<Figures> {
  const ends = await connect(lab, SUITE);
  try {
    return await measure(lab);
  } finally {
    await ends.close();
  }
}

const benchOf = (name: string, describe: string, measure: (lab: Lab) => Promise<Figures>): Bench => ({
  name: `datagrams-${name}`,
  describe,
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      await iperfServer(lab.lan);
      const ours = await between(lab, culvertEnds, measure);
      const theirs = await between(lab, charonEnds, measure);
      for (const [metric, { unit, values }] of ours) {
        const peer = { name: PEER, values: theirs.get(metric)?.values ?? [] };
        report(row({ bench: 'datagrams', metric, unit }, values, peer));
      }
    } finally {
      await lab.close();
    }
  },
});

export const benches: readonly Bench[] = [
  ...SIZES.map((size) => benchOf(`${size}`, `UDP packets a second, ${size} octets each`, packets(size))),
  benchOf('pings', 'round trips of pings, idle and beside TCP', pings),
];
