/** Pairs of tunnel ends in the laboratory, all on the same machines and the same path: the client behind the NAT, the gateway. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Charon } from '../../interop/lab/charon.ts';
import { ended, sleep, until } from '../../interop/lab/command.ts';
import { Culvert } from '../../interop/lab/culvert.ts';
import { gatewayConf } from '../../interop/lab/gateway.ts';
import { ADDRESS, type Lab } from '../../interop/lab/lab.ts';
import { firstPing } from '../../interop/lab/probe.ts';
import { profile } from '../../interop/lab/profile.ts';
import { clientConf } from '../../interop/lab/strongswan-pair.ts';

const GATEWAY = fileURLToPath(new URL('gateway-process.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');

/** A connected pair. */
export interface Ends {
  readonly clientPid: number;
  readonly gatewayPid: number;
  close(): Promise<void>;
}

export type Connect = (lab: Lab, esp: string) => Promise<Ends>;

/** Culvert's engine and its embedded gateway. */
export const culvertEnds: Connect = async (lab, esp) => {
  const gateway = lab.gw.spawn([process.execPath, '--import', TSX, GATEWAY, esp], {
    log: `${lab.gw.folder}/gateway.log`,
    stdout: 'pipe',
  });
  let said = '';
  gateway.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await until('a ready gateway', () => {
    if (gateway.exitCode !== null) throw new Error(`the gateway ended at once: ${said}`);
    return said.includes('ready');
  });
  const culvert = await Culvert.start(lab.client);
  const document = profile({ esp });
  // The gateway has no port 500.
  const gatewayPort = { ...document.gateway, port: 4500 };
  const answer = await culvert.upByCall({ ...document, gateway: gatewayPort });
  if (!answer.ok) throw new Error(`Culvert did not connect: ${JSON.stringify(answer.failure)}`);
  await firstPing(lab.client, ADDRESS.lan);
  return {
    clientPid: culvert.pid,
    gatewayPid: gateway.pid as number,
    close: async () => {
      await culvert.stop();
      gateway.kill('SIGKILL');
      await ended(gateway, 5_000);
    },
  };
};

/** strongSwan's charon with kernel-libipsec at both ends. */
export const charonEnds: Connect = async (lab, esp) => {
  const [gateway, client] = await Promise.all([
    Charon.start(lab.gw, { logLevel: 1 }),
    Charon.start(lab.client, { logLevel: 1 }),
  ]);
  await gateway.load(gatewayConf({ esp }));
  await client.load(clientConf({ esp }));
  const { code, stdout, stderr } = await client.initiate('net');
  if (code !== 0) throw new Error(`strongSwan did not connect: ${stdout}${stderr}`);
  await firstPing(lab.client, ADDRESS.lan);
  return {
    clientPid: client.pid,
    gatewayPid: gateway.pid,
    close: async () => {
      await client.stop();
      await gateway.stop();
    },
  };
};

/** Culvert's engine and strongSwan's gateway. */
export const mixedEnds: Connect = async (lab, esp) => {
  const gateway = await Charon.start(lab.gw, { logLevel: 1 });
  await gateway.load(gatewayConf({ esp }));
  const culvert = await Culvert.start(lab.client);
  const answer = await culvert.upByCall(profile({ esp }));
  if (!answer.ok) throw new Error(`Culvert did not connect: ${JSON.stringify(answer.failure)}`);
  await firstPing(lab.client, ADDRESS.lan);
  return {
    clientPid: culvert.pid,
    gatewayPid: gateway.pid,
    close: async () => {
      await culvert.stop();
      await gateway.stop();
    },
  };
};

/** Seconds of processor time that a process has used, all threads. */
export async function processorSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in clock ticks of which Linux has 100 a second for user space.
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Returns when a process has had nothing to do for half a second: what it prepares for the next time is ready then. */
export async function idle(pid: number): Promise<void> {
  let used = Number.NaN;
  for (let still = 0; still < 5; ) {
    await sleep(100);
    const now = await processorSeconds(pid);
    still = now === used ? still + 1 : 0;
    used = now;
  }
}
