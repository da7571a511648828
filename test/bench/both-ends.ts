/**
 * TCP through a tunnel with the same program at both ends, through the NAT: Culvert's engine and its embedded gateway,
 * beside strongSwan's charon with its user-space ESP twice, in the same run; what processor time and memory it takes.
 * With the two ciphers that may be compared with it, beside wireguard-go as well when CULVERT_WIREGUARD_GO names it. One benchmark a suite, so that a run may be taken up where it was left.
 */
import { ADDRESS, Lab, NEEDS } from '../interop/lab/lab.ts';
import { iperfServer, residentSet } from '../interop/lab/probe.ts';
import { type Bench, row } from './row.ts';
import { type Connect, charonEnds, culvertEnds, processorSeconds } from './support/ends.ts';
import { tcpRounds } from './support/static-ends.ts';
import { WIREGUARD_GO, wireguardEnds } from './support/wireguard.ts';

const ROUNDS = 5;
const SECONDS = 2;
const PEER = 'strongSwan';
const SUITES = ['aes128gcm16', 'aes256gcm16', 'chacha20poly1305', 'aes256-sha256'];
/** Beside wireguard-go, which has ChaCha20-Poly1305 alone: the same cipher, and the fastest of ours. */
const BESIDE_WIREGUARD: readonly string[] = ['aes128gcm16', 'chacha20poly1305'];

interface Figures {
  readonly up: number[];
  readonly down: number[];
  /** Both ends together, seconds a GiB of payload. */
  readonly processor: number[];
  readonly idle: number[];
  readonly loaded: number[];
}

const ROWS: readonly (readonly [figure: keyof Figures, metric: string, unit: string])[] = [
  ['up', 'up', 'Mbit/s'],
  ['down', 'down', 'Mbit/s'],
  ['processor', 'processor, both ends', 's/GiB'],
  ['idle', 'client resident, connected', 'MiB'],
  ['loaded', 'client resident, after load', 'MiB'],
];

async function measure(lab: Lab, connect: Connect, esp: string): Promise<Figures> {
  const ends = await connect(lab, esp);
  const idle = [await residentSet(ends.clientPid)];
  const used = async (): Promise<number> =>
    (await processorSeconds(ends.clientPid)) + (await processorSeconds(ends.gatewayPid));
  const speeds = { up: [] as number[], down: [] as number[] };
  const processor: number[] = [];
  for (const direction of ['up', 'down'] as const) {
    const down = direction === 'down';
    await tcpRounds(lab.client, ADDRESS.lan, 1, { seconds: 1, down });
    for (let round = 0; round < ROUNDS; round++) {
      const before = await used();
      const [speed = 0] = await tcpRounds(lab.client, ADDRESS.lan, 1, { seconds: SECONDS, down });
      speeds[direction].push(speed);
      processor.push(((await used()) - before) / ((speed * 1e6 * SECONDS) / 8 / 2 ** 30));
    }
  }
  const loaded = [await residentSet(ends.clientPid)];
  await ends.close();
  return { ...speeds, processor, idle, loaded };
}

const benchOf = (esp: string): Bench => ({
  name: `both-ends-${esp}`,
  describe: `iperf3 TCP with the same program at both ends, ${esp}`,
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      await iperfServer(lab.lan);
      const ours = await measure(lab, culvertEnds, esp);
      const peers: { readonly name: string; readonly figures: Figures }[] = [];
      if (BESIDE_WIREGUARD.includes(esp)) {
        if (WIREGUARD_GO === undefined)
          console.error('wireguard-go is not compared: CULVERT_WIREGUARD_GO names no binary');
        else {
          const figures = await measure(lab, wireguardEnds(WIREGUARD_GO), esp);
          peers.push({ name: 'wireguard-go', figures });
        }
      }
      peers.push({ name: PEER, figures: await measure(lab, charonEnds, esp) });
      for (const { name, figures } of peers)
        for (const [figure, metric, unit] of ROWS)
          report(
            row({ bench: `both-ends ${esp}`, metric, unit }, ours[figure], { name, values: figures[figure] }),
          );
    } finally {
      await lab.close();
    }
  },
});

export const benches: readonly Bench[] = SUITES.map(benchOf);
