/**
 * What the ciphers cost the data path: TCP between two ends with given keys, beside the same with the cipher replaced
 * by a copy of each packet.
 */
import { Lab, NEEDS } from '../interop/lab/lab.ts';
import { type Bench, row } from './row.ts';
import { INSIDE, tcpRounds, withStaticEnds } from './support/static-ends.ts';

const ROUNDS = 5;
const SUITES = [
  { name: 'aes128gcm16', suite: { encr: 20, keyBits: 128, integ: 0 } },
  { name: 'chacha20poly1305', suite: { encr: 28, keyBits: 256, integ: 0 } },
] as const;

export const bench: Bench = {
  name: 'ceiling',
  describe: 'TCP between two data paths, beside the same with a copy in place of the cipher',
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      for (const { name, suite } of SUITES) {
        const figures = { engine: [] as number[], copy: [] as number[] };
        for (const worker of ['engine', 'copy'] as const)
          await withStaticEnds(lab, { suite, worker }, async (client) => {
            await tcpRounds(client, INSIDE, 1, { seconds: 1 });
            figures[worker] = await tcpRounds(client, INSIDE, ROUNDS);
          });
        const peer = { name: 'copy', values: figures.copy };
        report(row({ bench: 'ceiling', metric: name, unit: 'Mbit/s' }, figures.engine, peer));
      }
    } finally {
      await lab.close();
    }
  },
};
