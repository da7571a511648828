/** What leaves the client's machine beside its tunnel, on both uplinks, while its user's programs are at work. */
import { join } from 'node:path';
import { sleep } from './command.ts';
import { ADDRESS, type Lab } from './lab.ts';

/** Neighbours and addresses, which a machine needs; IKE and ESP to the gateway. */
const HARMLESS =
  'arp or icmp6 or (udp and host 10.77.0.2 and (port 500 or port 4500)) or (udp and (port 67 or port 546 or port 547))';

/** The user's programs at work: somewhere in the Internet, by both families and by name, and without end. */
const USER = [
  'while :; do',
  `ping -c1 -W1 ${ADDRESS.wan} & ping -c1 -W1 ${ADDRESS.gw} & ping -6 -c1 -W1 ${ADDRESS.wan6} &`,
  `ping -c1 -W1 192.0.2.53 & ping -c1 -W1 ${ADDRESS.natInside} &`,
  `getent ahosts leak.example & getent ahosts ${ADDRESS.wan} &`,
  'sleep 0.2; done',
].join(' ');

export interface Watch {
  /** Lines of what left outside since the last look. */
  leaks(): string[];
  stop(): void;
}

/** `icmp6` hides pings, so those are caught by their type. */
const FILTER = `not (${HARMLESS}) or (icmp6 and ip6[40] == 128)`;

export async function watchUplinks(lab: Lab): Promise<Watch> {
  const texts: string[] = [];
  const captures = ['nat0', 'direct0'].map((uplink) => {
    const child = lab.client.spawn(['tcpdump', '-lnn', '-Q', 'out', '-i', uplink, FILTER], {
      stdout: 'pipe',
    });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      texts.push(...text.split('\n').filter((line) => line !== ''));
    });
    return child;
  });
  const user = lab.client.spawn(['setsid', 'sh', '-c', USER], { log: join(lab.folder, 'user.log') });
  await sleep(500);
  return {
    leaks: () => texts.splice(0),
    stop: () => {
      if (user.pid !== undefined) process.kill(-user.pid, 'SIGKILL');
      for (const child of captures) child.kill('SIGINT');
    },
  };
}
