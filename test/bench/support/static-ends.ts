/** Two ends of the data path on neighbouring machines of the laboratory, without IKE: `gw` is 10.200.0.1, `wan` 10.200.0.2. */
import { fileURLToPath } from 'node:url';
import { ended, until } from '../../interop/lab/command.ts';
import type { Host } from '../../interop/lab/host.ts';
import { ADDRESS, type Lab } from '../../interop/lab/lab.ts';
import { firstPing } from '../../interop/lab/probe.ts';
import type { End } from './end-process.ts';

const END = fileURLToPath(new URL('end-process.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');
export const INSIDE = '10.200.0.2';

export type Ends = Pick<End, 'suite' | 'worker'> & Partial<Pick<End, 'pairs' | 'selectors'>>;

/** Runs `body` with both ends up and an iperf3 server behind the tunnel; it gets the process ids of the ends. */
export async function withStaticEnds(
  lab: Lab,
  what: Ends,
  body: (client: Host, ends: readonly number[]) => Promise<void>,
): Promise<void> {
  const all = { pairs: 1, selectors: 1, ...what };
  const start = async (host: Host, end: End): Promise<ReturnType<Host['spawn']>> => {
    const child = host.spawn([process.execPath, '--import', TSX, END, JSON.stringify(end)], {
      log: `${host.folder}/${host.name}.end.log`,
      stdout: 'pipe',
    });
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until(`the end on ${host.name}`, () => {
      if (child.exitCode !== null) throw new Error(`the end on ${host.name} ended at once`);
      return said.includes('ready');
    });
    return child;
  };
  const ends = await Promise.all([
    start(lab.gw, { ...all, number: 1, remote: ADDRESS.wan }),
    start(lab.wan, { ...all, number: 2, remote: ADDRESS.gw }),
  ]);
  const server = lab.wan.spawn(['iperf3', '-s']);
  try {
    await firstPing(lab.gw, INSIDE);
    await until('iperf3', async () => (await lab.wan.run(['ss', '-Hltn', 'sport = 5201'])).stdout !== '');
    await body(
      lab.gw,
      ends.map((end) => end.pid as number),
    );
  } finally {
    for (const child of [...ends, server]) child.kill('SIGKILL');
    await Promise.all([...ends, server].map((child) => ended(child, 5_000)));
  }
}

/** Mbit/s of TCP, several times. */
export async function tcpRounds(
  client: Host,
  to: string,
  rounds: number,
  { seconds = 2, flows = 1, down = false } = {},
): Promise<number[]> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const text = await client.must(
      [
        ...[
          'iperf3',
          '-c',
          to,
          '-J',
          '-t',
          String(seconds),
          '-P',
          String(flows),
          '--connect-timeout',
          '3000',
        ],
        ...(down ? ['-R'] : []),
      ],
      { timeout: 60_000 },
    );
    const report = JSON.parse(text) as { end: { sum_received: { bits_per_second: number } } };
    values.push(report.end.sum_received.bits_per_second / 1e6);
  }
  return values;
}
