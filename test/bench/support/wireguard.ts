/**
 * wireguard-go at both ends, on the same machines and the same path as the others, with its own protocol and defaults.
 * `CULVERT_WIREGUARD_GO` names its binary. It is told its keys and peers over its own socket
 * (wireguard.com/xplatform, "Configuration Protocol").
 */
import { connect } from 'node:net';
import { x25519 } from '@noble/curves/ed25519.js';
import { toHex } from '../../../engine/base/bytes.ts';
import { ended, until } from '../../interop/lab/command.ts';
import type { Host } from '../../interop/lab/host.ts';
import { ADDRESS, type Lab } from '../../interop/lab/lab.ts';
import { firstPing } from '../../interop/lab/probe.ts';
import type { Connect } from './ends.ts';

const INTERFACE = 'wg0';
const PORT = 51_820;
const INSIDE = { client: '10.66.0.1', gw: '10.66.0.254' } as const;

/** Absolute path of the binary, or `undefined` when none is named. */
export const WIREGUARD_GO: string | undefined = process.env.CULVERT_WIREGUARD_GO;

/** Sends one operation to the process's socket, which lies in the machine's own /run. @throws Error with its answer */
async function configure(pid: number, lines: readonly string[]): Promise<void> {
  const socket = connect(`/proc/${pid}/root/run/wireguard/${INTERFACE}.sock`);
  let answer = '';
  await new Promise<void>((resolve, reject) => {
    socket.setEncoding('utf8');
    socket.once('error', reject);
    socket.once('close', () => resolve());
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.endsWith('\n\n')) socket.end();
    });
    socket.write(`set=1\n${lines.join('\n')}\n\n`);
  });
  if (!answer.includes('errno=0')) throw new Error(`wireguard-go refused: ${answer.trim()}`);
}

async function start(binary: string, host: Host): Promise<ReturnType<Host['spawn']>> {
  const log = `${host.folder}/${host.name}.wireguard.log`;
  const child = host.spawn([binary, '-f', INTERFACE], { log, env: { LOG_LEVEL: 'error' } });
  const socket = `/run/wireguard/${INTERFACE}.sock`;
  await until(`wireguard-go on ${host.name}`, async () => {
    if (child.exitCode !== null) throw new Error(`wireguard-go on ${host.name} ended at once, see ${log}`);
    return (await host.run(['test', '-S', socket])).code === 0;
  });
  return child;
}

const keyPair = (): { readonly secret: string; readonly public: string } => {
  const secret = x25519.utils.randomSecretKey();
  return { secret: toHex(secret), public: toHex(x25519.getPublicKey(secret)) };
};

export const wireguardEnds =
  (binary: string): Connect =>
  async (lab: Lab) => {
    const keys = { client: keyPair(), gw: keyPair() };
    const [gateway, client] = await Promise.all([start(binary, lab.gw), start(binary, lab.client)]);
    const close = async (): Promise<void> => {
      for (const child of [client, gateway]) {
        child.kill('SIGTERM');
        await ended(child, 5_000);
      }
    };
    try {
      await configure(gateway.pid as number, [
        `private_key=${keys.gw.secret}`,
        `listen_port=${PORT}`,
        `public_key=${keys.client.public}`,
        `allowed_ip=${INSIDE.client}/32`,
      ]);
      await configure(client.pid as number, [
        `private_key=${keys.client.secret}`,
        `public_key=${keys.gw.public}`,
        `endpoint=${ADDRESS.gw}:${PORT}`,
        `allowed_ip=${ADDRESS.lanNet}`,
      ]);
      const up = (address: string, route: string): string[] => [
        `ip address add ${address}/32 dev ${INTERFACE}`,
        `ip link set ${INTERFACE} up`,
        `ip route add ${route} dev ${INTERFACE}`,
      ];
      await lab.gw.script(up(INSIDE.gw, INSIDE.client));
      await lab.client.script(up(INSIDE.client, ADDRESS.lanNet));
      await firstPing(lab.client, ADDRESS.lan);
    } catch (error) {
      await close();
      throw error;
    }
    return { clientPid: client.pid as number, gatewayPid: gateway.pid as number, close };
  };
