/**
 * From the command to the first answered ping, Culvert beside strongSwan's own client, turn by turn against the
 * same gateway through the same NAT. Both daemons are warm. For Culvert twice: by a call to the engine, as the
 * desktop shell does it, and by the command line, which adds the start of a process.
 */
import { Charon } from '../interop/lab/charon.ts';
import { Culvert } from '../interop/lab/culvert.ts';
import { gatewayConf } from '../interop/lab/gateway.ts';
import { ADDRESS, Lab, NEEDS } from '../interop/lab/lab.ts';
import { firstPing } from '../interop/lab/probe.ts';
import { profile, TUNNEL } from '../interop/lab/profile.ts';
import { clientConf } from '../interop/lab/strongswan-pair.ts';
import { type Bench, type BenchRow, row } from './row.ts';

const ROUNDS = 7;
const PEER = 'strongSwan';
const SUITES = [
  'aes128gcm16-prfsha256-x25519',
  'aes128gcm16-prfsha256-ecp384',
  'aes128gcm16-prfsha256-modp2048',
];

export const bench: Bench = {
  name: 'connect',
  describe: 'command to first answered ping, PSK',
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      const gateway = await Charon.start(lab.gw, { logLevel: 1 });
      for (const ike of SUITES) await compare(lab, gateway, ike, report);
    } finally {
      await lab.close();
    }
  },
};

async function compare(
  lab: Lab,
  gateway: Charon,
  ike: string,
  report: (row: BenchRow) => void,
): Promise<void> {
  await gateway.load(gatewayConf({ ike }));
  const byCall: number[] = [];
  const byCommand: number[] = [];
  const culvert = await Culvert.start(lab.client);
  // One each before it counts: the first use of an algorithm loads it.
  await connectCulvert(lab, culvert, ike, 'call');
  for (let round = 0; round < ROUNDS; round++) {
    byCall.push(await connectCulvert(lab, culvert, ike, 'call'));
    byCommand.push(await connectCulvert(lab, culvert, ike, 'command'));
  }
  await culvert.stop();
  await gateway.forget();

  const theirs: number[] = [];
  const charon = await Charon.start(lab.client, { logLevel: 1 });
  await charon.load(clientConf({ ike }));
  await connectCharon(lab, charon);
  for (let round = 0; round < ROUNDS; round++) theirs.push(await connectCharon(lab, charon));
  await charon.stop();
  await gateway.forget();

  const what = { bench: 'connect', unit: 'ms' };
  const group = ike.split('-').at(-1);
  const peer = { name: `${PEER} (swanctl)`, values: theirs };
  report(row({ ...what, metric: `${group}, by call` }, byCall, peer));
  report(row({ ...what, metric: `${group}, by command line` }, byCommand, peer));
}

async function connectCulvert(
  lab: Lab,
  culvert: Culvert,
  ike: string,
  way: 'call' | 'command',
): Promise<number> {
  const start = performance.now();
  const answer = await (way === 'call' ? culvert.upByCall(profile({ ike })) : culvert.up(profile({ ike })));
  if (!answer.ok) throw new Error(`Culvert did not connect: ${JSON.stringify(answer.failure)}`);
  await firstPing(lab.client, ADDRESS.lan);
  const milliseconds = performance.now() - start;
  await culvert.down(TUNNEL);
  return milliseconds;
}

async function connectCharon(lab: Lab, charon: Charon): Promise<number> {
  const start = performance.now();
  const { code, stdout, stderr } = await charon.initiate('net');
  if (code !== 0) throw new Error(`strongSwan did not connect: ${stdout}${stderr}`);
  await firstPing(lab.client, ADDRESS.lan);
  const milliseconds = performance.now() - start;
  await charon.terminate({ ike: 'gw' });
  return milliseconds;
}
