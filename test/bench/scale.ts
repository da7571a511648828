/** Whether the cost of a packet grows with what is installed: SA pairs, beside one; parallel flows, beside one. */
import { Lab, NEEDS } from '../interop/lab/lab.ts';
import { type Bench, row } from './row.ts';
import { INSIDE, tcpRounds, withStaticEnds } from './support/static-ends.ts';

const ROUNDS = 5;
const SUITE = { encr: 20, keyBits: 128, integ: 0 };
const PAIRS = [1, 10, 100, 1000];
const FLOWS = [1, 8, 64];

export const bench: Bench = {
  name: 'scale',
  describe: 'TCP with 1 to 1,000 SA pairs and 1 to 64 flows, beside one of each',
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      let one: number[] | undefined;
      for (const pairs of PAIRS)
        await withStaticEnds(lab, { suite: SUITE, worker: 'engine', pairs }, async (client) => {
          await tcpRounds(client, INSIDE, 1, { seconds: 1 });
          const values = await tcpRounds(client, INSIDE, ROUNDS, { seconds: 1 });
          one ??= values;
          const what = { bench: 'scale', metric: `${pairs} SA pairs`, unit: 'Mbit/s' };
          report(row(what, values, { name: '1 pair', values: one }));
        });
      await withStaticEnds(lab, { suite: SUITE, worker: 'engine', pairs: 1 }, async (client) => {
        let single: number[] | undefined;
        for (const flows of FLOWS) {
          const values = await tcpRounds(client, INSIDE, ROUNDS, { seconds: 1, flows });
          single ??= values;
          const what = { bench: 'scale', metric: `${flows} flows`, unit: 'Mbit/s' };
          report(row(what, values, { name: '1 flow', values: single }));
        }
      });
    } finally {
      await lab.close();
    }
  },
};
