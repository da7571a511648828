/**
 * Whether the cost of a packet grows with what is installed, or with the number of flows: SA pairs, selectors of one
 * pair, and parallel TCP flows, each beside one of it, turn by turn. Throughput has TCP's own cost in it, of which many
 * flows have more; what the data path itself takes is the processor time of both ends.
 */
import { Lab, NEEDS } from '../interop/lab/lab.ts';
import { type Bench, row } from './row.ts';
import { processorSeconds } from './support/ends.ts';
import { type Ends, INSIDE, tcpRounds, withStaticEnds } from './support/static-ends.ts';

const ROUNDS = 5;
const SECONDS = 2;
const SUITE = { encr: 20, keyBits: 128, integ: 0 };
const INSTALLED = [1, 10, 100, 1000];
const FLOWS = [1, 8, 64];

interface Figures {
  readonly speeds: number[];
  /** Seconds a GiB, both ends together. */
  readonly processor: number[];
}

async function withLab(body: (lab: Lab) => Promise<void>): Promise<void> {
  const lab = await Lab.open();
  try {
    await body(lab);
  } finally {
    await lab.close();
  }
}

async function measure(lab: Lab, ends: readonly number[], figures: Figures, flows = 1): Promise<void> {
  const used = async (): Promise<number> =>
    (await Promise.all(ends.map(processorSeconds))).reduce((sum, each) => sum + each, 0);
  const before = await used();
  const [speed = 0] = await tcpRounds(lab.gw, INSIDE, 1, { seconds: SECONDS, flows });
  figures.speeds.push(speed);
  figures.processor.push(((await used()) - before) / ((speed * 1e6 * SECONDS) / 8 / 2 ** 30));
}

function tell(
  counts: readonly number[],
  what: string,
  figures: ReadonlyMap<number, Figures>,
  report: Parameters<Bench['run']>[0],
): void {
  const one = figures.get(1);
  for (const count of counts) {
    const { speeds, processor } = figures.get(count) ?? { speeds: [], processor: [] };
    const peer = (values: readonly number[] = []) => ({ name: '1', values });
    const bench = 'scale';
    report(row({ bench, metric: `${count} ${what}`, unit: 'Mbit/s' }, speeds, peer(one?.speeds)));
    const used = row(
      { bench, metric: `${count} ${what}, processor`, unit: 's/GiB' },
      processor,
      peer(one?.processor),
    );
    report(used);
  }
}

const empty = (counts: readonly number[]): ReadonlyMap<number, Figures> =>
  new Map(counts.map((count) => [count, { speeds: [], processor: [] }]));

const installedBench = (kind: 'pairs' | 'selectors', what: string): Bench => ({
  name: `scale-${kind}`,
  describe: `TCP with 1 to 1,000 ${what}, beside one`,
  needs: NEEDS,
  run: (report) =>
    withLab(async (lab) => {
      const figures = empty(INSTALLED);
      for (let round = 0; round < ROUNDS; round++)
        for (const [count, values] of figures) {
          const wanted: Ends = { suite: SUITE, worker: 'engine', [kind]: count };
          await withStaticEnds(lab, wanted, async (client, ends) => {
            await tcpRounds(client, INSIDE, 1, { seconds: 1 });
            await measure(lab, ends, values);
          });
        }
      tell(INSTALLED, what, figures, report);
    }),
});

const flowsBench: Bench = {
  name: 'scale-flows',
  describe: 'TCP with 1 to 64 flows, beside one',
  needs: NEEDS,
  run: (report) =>
    withLab((lab) =>
      withStaticEnds(lab, { suite: SUITE, worker: 'engine' }, async (client, ends) => {
        const figures = empty(FLOWS);
        await tcpRounds(client, INSIDE, 1, { seconds: 1 });
        for (let round = 0; round < ROUNDS; round++)
          for (const [flows, values] of figures) await measure(lab, ends, values, flows);
        tell(FLOWS, 'flows', figures, report);
      }),
    ),
};

export const benches: readonly Bench[] = [
  installedBench('pairs', 'SA pairs'),
  installedBench('selectors', 'selectors'),
  flowsBench,
];
