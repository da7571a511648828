/**
 * From the command to the first answered ping, Culvert beside strongSwan's own client against the same gateway through
 * the same NAT. Both daemons are warm: each turn waits until there is nothing left for its daemon to do, such as making
 * the next data path ready. For Culvert twice: by a call to the engine, as the desktop shell does it, and by the command
 * line, which adds the start of a process as `swanctl` does. From source that start is slow; `CULVERT_CLI=dist/culvert.mjs`
 * measures what ships.
 */
import { join } from 'node:path';
import type { ProfileDocument } from '../../engine/profile/schema.ts';
import { Charon, type CredentialFiles } from '../interop/lab/charon.ts';
import { Culvert } from '../interop/lab/culvert.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../interop/lab/gateway.ts';
import { ADDRESS, Lab, NEEDS } from '../interop/lab/lab.ts';
import { Authority } from '../interop/lab/pki.ts';
import { firstPing } from '../interop/lab/probe.ts';
import { CLIENT_ID, GATEWAY_ID, profile, TUNNEL } from '../interop/lab/profile.ts';
import type { Settings } from '../interop/lab/settings.ts';
import { clientConf } from '../interop/lab/strongswan-pair.ts';
import { type Bench, row } from './row.ts';
import { idle } from './support/ends.ts';

const ROUNDS = 20;
const COMMAND_ROUNDS = 7;
const PEER = 'strongSwan (swanctl)';

/** What gateway, Culvert and strongSwan's client are told for one kind of connection. */
interface Setup {
  readonly gateway: Settings;
  readonly gatewayFiles?: CredentialFiles;
  readonly culvert: ProfileDocument;
  readonly charon: Settings;
  readonly charonFiles?: CredentialFiles;
}

function sharedKey(group: string): Setup {
  const ike = `aes128gcm16-prfsha256-${group}`;
  return { gateway: gatewayConf({ ike }), culvert: profile({ ike }), charon: clientConf({ ike }) };
}

async function rsa(lab: Lab): Promise<Setup> {
  const root = await Authority.root(join(lab.folder, 'pki'), 'Laboratory root', 'rsa3072');
  const own = await root.leaf({ key: 'rsa3072', names: [`DNS:${GATEWAY_ID}`] });
  const client = await root.leaf({ key: 'rsa3072', names: [`DNS:${CLIENT_ID}`] });
  return {
    gateway: gatewayConf({
      local: byCertificate(),
      remote: { auth: 'pubkey', cacerts: 'clients-root.pem' },
    }),
    gatewayFiles: gatewayFiles(own, root.certificate),
    culvert: profile({ auth: client, anchors: [root.certificate] }),
    charon: clientConf({
      local: { auth: 'pubkey', certs: 'client.pem' },
      remote: { auth: 'pubkey', cacerts: 'root.pem' },
    }),
    charonFiles: {
      'x509/client.pem': client.certificate,
      'private/client.key': client.key,
      'x509ca/root.pem': root.certificate,
    },
  };
}

const benchOf = (name: string, what: string, prepare: (lab: Lab) => Setup | Promise<Setup>): Bench => ({
  name: `connect-${name}`,
  describe: `command to first answered ping, ${what}`,
  needs: NEEDS,
  async run(report) {
    const lab = await Lab.open();
    try {
      const setup = await prepare(lab);
      const gateway = await Charon.start(lab.gw, { logLevel: 1 });
      await gateway.load(setup.gateway, setup.gatewayFiles);
      const ours = await measureCulvert(lab, setup);
      await gateway.forget();
      const peer = { name: PEER, values: await measureCharon(lab, setup) };
      report(row({ bench: 'connect', metric: `${what}, by call`, unit: 'ms' }, ours.byCall, peer));
      report(row({ bench: 'connect', metric: `${what}, by command line`, unit: 'ms' }, ours.byCommand, peer));
    } finally {
      await lab.close();
    }
  },
});

export const benches: readonly Bench[] = [
  benchOf('x25519', 'PSK, x25519', () => sharedKey('x25519')),
  benchOf('rsa3072', 'RSA-3072, x25519', rsa),
  benchOf('ecp384', 'PSK, ecp384', () => sharedKey('ecp384')),
  benchOf('modp2048', 'PSK, modp2048', () => sharedKey('modp2048')),
];

async function measureCulvert(lab: Lab, { culvert: document }: Setup): Promise<Record<Way, number[]>> {
  const culvert = await Culvert.start(lab.client);
  const figures: Record<Way, number[]> = { byCall: [], byCommand: [] };
  // One before it counts: the first use of an algorithm loads it.
  await connectCulvert(lab, culvert, document, 'byCall');
  for (let round = 0; round < ROUNDS; round++)
    figures.byCall.push(await connectCulvert(lab, culvert, document, 'byCall'));
  for (let round = 0; round < COMMAND_ROUNDS; round++)
    figures.byCommand.push(await connectCulvert(lab, culvert, document, 'byCommand'));
  await culvert.stop();
  return figures;
}

async function measureCharon(lab: Lab, { charon: conf, charonFiles }: Setup): Promise<number[]> {
  const charon = await Charon.start(lab.client, { logLevel: 1 });
  await charon.load(conf, charonFiles);
  await connectCharon(lab, charon);
  const figures: number[] = [];
  for (let round = 0; round < ROUNDS; round++) figures.push(await connectCharon(lab, charon));
  await charon.stop();
  return figures;
}

type Way = 'byCall' | 'byCommand';

async function connectCulvert(
  lab: Lab,
  culvert: Culvert,
  document: ProfileDocument,
  way: Way,
): Promise<number> {
  await idle(culvert.pid);
  const start = performance.now();
  const answer = await (way === 'byCall' ? culvert.upByCall(document) : culvert.up(document));
  if (!answer.ok) throw new Error(`Culvert did not connect: ${JSON.stringify(answer.failure)}`);
  await firstPing(lab.client, ADDRESS.lan);
  const milliseconds = performance.now() - start;
  await culvert.downByCall(TUNNEL);
  return milliseconds;
}

async function connectCharon(lab: Lab, charon: Charon): Promise<number> {
  await idle(charon.pid);
  const start = performance.now();
  const { code, stdout, stderr } = await charon.initiate('net');
  if (code !== 0) throw new Error(`strongSwan did not connect: ${stdout}${stderr}`);
  await firstPing(lab.client, ADDRESS.lan);
  const milliseconds = performance.now() - start;
  await charon.terminate({ ike: 'gw' });
  return milliseconds;
}
