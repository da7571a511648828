/**
 * A host to change and look at, inside the network and mount namespaces that this process runs in.
 *
 *     up0 192.0.2.2 ─── gw 192.0.2.1 (198.51.100.1 and 2001:db8::1 are its own)     default route
 *     tn0 ───────────── gt 10.50.0.1, fd50::1                                       stands for the tun
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../../../engine/base/log.ts';
import { systemCommands } from '../../../../engine/os/command.ts';
import { linuxDns } from '../../../../engine/os/dns/dns.linux.ts';
import { linuxHostEnvironment } from '../../../../engine/os/host.linux.ts';
import { type HostEnvironment, type OpenHost, openHost } from '../../../../engine/os/host.ts';
import type { HostState } from '../../../../engine/os/port.ts';

export const GATEWAY = { 4: '198.51.100.1', 6: '2001:db8::1' } as const;
export const OUTER = { 4: '192.0.2.2', 6: '2001:db8:2::2' } as const;
export const VIRTUAL = { 4: '10.3.0.5', 6: 'fd00::5' } as const;
export const INNER = { 4: '10.50.0.1', 6: 'fd50::1' } as const;
const RESOLV_CONF = '# the administrator’s own\nnameserver 192.0.2.53\nsearch lan.example\noptions ndots:2\n';

export const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const ip = (line: string): string => run('ip', ...line.split(' '));

export interface Files {
  readonly stateDir: string;
  /** A symbolic link, as many systems have it. */
  readonly resolvConf: string;
  readonly target: string;
}

export function makeFiles(): Files {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-host-'));
  mkdirSync(join(folder, 'run'));
  const target = join(folder, 'run', 'resolv.conf');
  writeFileSync(target, RESOLV_CONF, { mode: 0o640 });
  const resolvConf = join(folder, 'resolv.conf');
  symlinkSync('run/resolv.conf', resolvConf);
  return { stateDir: join(folder, 'state'), resolvConf, target };
}

/** Two interfaces that a tunnel could hang on, brought up once, since that leaves a mark (the queue) for good. */
export function makeTuns(names: readonly string[]): void {
  ip('link set lo up');
  for (const name of names) {
    ip(`tuntap add ${name} mode tun`);
    ip(`link set ${name} up`);
    ip(`link set ${name} down`);
  }
}

/** How the kernel makes link-local addresses, which `ip addr` does not show. */
const addressModes = (): string => run('sh', '-c', 'grep -H . /proc/sys/net/ipv6/conf/*/addr_gen_mode');

/** Everything that the host may change, as text. */
export function picture(files: Files): string {
  const { mode, uid, gid } = statSync(files.target);
  return ['rule show', '-6 rule show', 'route show table all', '-6 route show table all', '-d addr show']
    .map(ip)
    .concat(
      addressModes(),
      readFileSync(files.resolvConf, 'utf8'),
      `${mode.toString(8)} ${uid} ${gid}`,
      run('ls', '-A', join(files.target, '..')),
    )
    .join('\n');
}

export const environmentOf = (files: Files): HostEnvironment => ({
  ...linuxHostEnvironment(),
  dns: linuxDns(systemCommands(), files.resolvConf),
});

export const openOn = (
  files: Files,
  environment: HostEnvironment = environmentOf(files),
): Promise<OpenHost> => openHost({ stateDir: files.stateDir, log: silentLog, environment });

export const fullTunnel = (name: string): HostState => ({
  interface: name,
  mtu: 1400,
  addresses: [
    { address: VIRTUAL[4], length: 24 },
    { address: VIRTUAL[6], length: 64 },
  ],
  routes: [
    { address: '0.0.0.0', length: 0 },
    { address: '::', length: 0 },
  ],
  bypass: [GATEWAY[4], GATEWAY[6]],
  dns: { servers: ['10.3.0.53'], domains: [] },
});

export const officeTunnel = (name: string): HostState => ({
  interface: name,
  mtu: 1300,
  addresses: [{ address: '10.4.0.9', length: 32 }],
  routes: [{ address: '10.9.0.0', length: 16 }],
  bypass: [GATEWAY[4]],
  dns: { servers: ['10.9.0.53'], domains: [] },
});

/** Starts a process in a network namespace of its own and returns it once it says `ready`. */
export async function startPeer(script: string, ...args: string[]): Promise<ChildProcess> {
  const child = spawn('unshare', ['--net', process.execPath, '--import', 'tsx', script, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the peer ended with ${code}`)));
  });
  return child;
}

/** Joins this namespace with the peer's as drawn above. Strict reverse path filtering on this side. */
export function joinPeer(pid: number): void {
  const there = (line: string): string => run('nsenter', '-t', String(pid), '-n', 'ip', ...line.split(' '));
  ip('link set lo up');
  there('link set lo up');
  for (const [here, far] of [
    ['up0', 'gw'],
    ['tn0', 'gt'],
  ] as const) {
    ip(`link add ${here} type veth peer name ${far} netns ${pid}`);
    there(`link set ${far} up`);
  }
  for (const where of ['all', 'default', 'up0', 'tn0'])
    writeFileSync(`/proc/sys/net/ipv4/conf/${where}/rp_filter`, '1');
  ip('addr add 192.0.2.2/24 dev up0');
  ip('addr add 2001:db8:2::2/64 dev up0 nodad');
  ip('link set up0 up');
  there('addr add 192.0.2.1/24 dev gw');
  there('addr add 2001:db8:2::1/64 dev gw nodad');
  there(`addr add ${GATEWAY[4]}/32 dev lo`);
  there(`addr add ${GATEWAY[6]}/128 dev lo nodad`);
  there(`addr add ${INNER[4]}/24 dev gt`);
  there(`addr add ${INNER[6]}/64 dev gt nodad`);
  there(`route add ${VIRTUAL[4]}/32 dev gt`);
  there(`route add ${VIRTUAL[6]}/128 dev gt`);
  ip('route add default via 192.0.2.1');
  ip('-6 route add default via 2001:db8:2::1');
}
