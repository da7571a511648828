/**
 * The laboratory: five machines on one.
 *
 *     lan 10.99.0.10 ── gw 10.77.0.2 ══ wan 10.77.0.1 ══ nat 10.77.0.3 | 10.77.1.1 ── client 10.77.1.2
 *     (DNS on .53)                            ╚═══════ second uplink of the client, 10.77.0.4
 *
 * IPv6 beside it: fd99::/64 (lan), fd77::/64 (wan), fd77:1::/64 (behind the router, routed and not translated).
 * `wan` is a bridge with an address, as the Internet's router. The client's default route decides which uplink
 * it uses. All processes end and all namespaces go when the laboratory closes, also on Ctrl-C.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Host } from './host.ts';
import { newFolder, removeLeftovers } from './leftovers.ts';

export const ADDRESS = {
  lan: '10.99.0.10',
  lan6: 'fd99::10',
  dns: '10.99.0.53',
  dns6: 'fd99::53',
  lanNet: '10.99.0.0/24',
  lanNet6: 'fd99::/64',
  gw: '10.77.0.2',
  gw6: 'fd77::2',
  wan: '10.77.0.1',
  wan6: 'fd77::1',
  nat: '10.77.0.3',
  natInside: '10.77.1.1',
  natInside6: 'fd77:1::1',
  client: '10.77.1.2',
  client6: 'fd77:1::2',
  clientDirect: '10.77.0.4',
  clientDirect6: 'fd77::4',
  /** What the gateway's pools hand out in most scenarios. */
  pool: '10.66.0.0/24',
  pool6: 'fd66::/64',
} as const;

/** What a laboratory needs of the machine, for `requireOrSkip`. */
export const NEEDS = {
  root: true,
  namespaces: true,
  commands: [
    '/usr/lib/ipsec/charon',
    'swanctl',
    'ip',
    'nft',
    'nsenter',
    'setpriv',
    'ping',
    'iperf3',
    'openssl',
  ],
  files: ['/dev/net/tun'],
} as const;

const open = new Set<Lab>();
/** Folders of laboratories whose machines are still starting. */
const opening = new Set<string>();

export class Lab {
  readonly folder: string;
  readonly lan: Host;
  readonly gw: Host;
  readonly wan: Host;
  readonly nat: Host;
  readonly client: Host;
  readonly #closers: (() => Promise<void>)[] = [];

  private constructor(folder: string, hosts: readonly [Host, Host, Host, Host, Host]) {
    this.folder = folder;
    [this.lan, this.gw, this.wan, this.nat, this.client] = hosts;
  }

  static async open(): Promise<Lab> {
    removeLeftovers();
    const folder = newFolder();
    opening.add(folder);
    const hosts = await Promise.all([
      Host.start('lan', folder),
      Host.start('gw', folder),
      Host.start('wan', folder),
      Host.start('nat', folder),
      Host.start('client', folder, { etc: true }),
    ]);
    const lab = new Lab(folder, hosts);
    open.add(lab);
    opening.delete(folder);
    try {
      await wire(lab);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  /** Runs before the machines stop, last come first. */
  onClose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** Ends everything. With CULVERT_KEEP_LAB=1 the folder with all logs stays. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      await close().catch((error: unknown) => console.error('while closing the laboratory:', error));
    }
    await Promise.all(this.hosts().map((host) => host.stop()));
    this.#forget();
  }

  /** The same without waiting, for an exit that cannot wait. */
  abandon(): void {
    for (const host of this.hosts()) host.kill();
    this.#forget();
  }

  hosts(): readonly Host[] {
    return [this.lan, this.gw, this.wan, this.nat, this.client];
  }

  #forget(): void {
    open.delete(this);
    if (process.env.CULVERT_KEEP_LAB === '1') console.error(`laboratory's files: ${this.folder}`);
    else rmSync(this.folder, { recursive: true, force: true });
  }
}

async function wire(lab: Lab): Promise<void> {
  const { lan, gw, wan, nat, client } = lab;
  await wan.script([
    'ip link add br0 type bridge',
    `ip link add gw type veth peer name wan0 netns ${gw.pid}`,
    `ip link add nat type veth peer name wan0 netns ${nat.pid}`,
    `ip link add direct type veth peer name direct0 netns ${client.pid}`,
    ...['gw', 'nat', 'direct'].map((port) => `ip link set ${port} master br0 up`),
    'ip link set br0 up',
    ...addresses('br0', `${ADDRESS.wan}/24`, `${ADDRESS.wan6}/64`),
    ...FORWARDING,
    `ip -6 route add fd77:1::/64 via fd77::3`,
  ]);
  await Promise.all([
    gw.script([
      `ip link add lan0 type veth peer name gw0 netns ${lan.pid}`,
      'ip link set lan0 up',
      'ip link set wan0 up',
      ...addresses('lan0', '10.99.0.1/24', 'fd99::1/64'),
      ...addresses('wan0', `${ADDRESS.gw}/24`, `${ADDRESS.gw6}/64`),
      `ip route add default via ${ADDRESS.wan}`,
      `ip -6 route add default via ${ADDRESS.wan6}`,
      ...FORWARDING,
    ]),
    nat.script([
      `ip link add client type veth peer name nat0 netns ${client.pid}`,
      'ip link set wan0 up',
      'ip link set client up',
      ...addresses('wan0', `${ADDRESS.nat}/24`, 'fd77::3/64'),
      ...addresses('client', `${ADDRESS.natInside}/24`, `${ADDRESS.natInside6}/64`),
      `ip route add default via ${ADDRESS.wan}`,
      `ip -6 route add default via ${ADDRESS.wan6}`,
      ...FORWARDING,
      'nft add table ip nat',
      "nft 'add chain ip nat out { type nat hook postrouting priority srcnat; }'",
      // Other ports than the client's own: most routers keep them when they can, and hide mistakes by it.
      'nft add rule ip nat out oifname wan0 meta l4proto { tcp, udp } masquerade to :20000-29999',
      'nft add rule ip nat out oifname wan0 masquerade',
    ]),
  ]);
  writeFileSync(
    join(lab.folder, 'client.etc/resolv.conf'),
    '# the machine of the user\nnameserver 192.0.2.53\noptions timeout:1 attempts:1\n',
  );
  await Promise.all([
    lan.script([
      'ip link set gw0 up',
      ...addresses(
        'gw0',
        `${ADDRESS.lan}/24`,
        `${ADDRESS.lan6}/64`,
        `${ADDRESS.dns}/24`,
        `${ADDRESS.dns6}/64`,
      ),
      'ip route add default via 10.99.0.1',
      'ip -6 route add default via fd99::1',
    ]),
    client.script([
      'ip link set nat0 up',
      'ip link set direct0 up',
      ...addresses('nat0', `${ADDRESS.client}/24`, `${ADDRESS.client6}/64`),
      // Without prefix route: otherwise the gateway would always be reached directly and never through the NAT.
      `ip address add ${ADDRESS.clientDirect}/24 dev direct0 noprefixroute`,
      `ip -6 address add ${ADDRESS.clientDirect6}/64 dev direct0 noprefixroute nodad`,
      `ip route add default via ${ADDRESS.natInside} dev nat0`,
      `ip -6 route add default via ${ADDRESS.natInside6} dev nat0`,
    ]),
  ]);
}

const FORWARDING = [
  'echo 1 > /proc/sys/net/ipv4/ip_forward',
  'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  'echo 0 > /proc/sys/net/ipv4/conf/all/send_redirects',
  'echo 0 > /proc/sys/net/ipv4/conf/default/send_redirects',
];

function addresses(link: string, ...list: readonly string[]): string[] {
  return list.map((address) =>
    address.includes(':')
      ? `ip -6 address add ${address} dev ${link} nodad`
      : `ip address add ${address} dev ${link}`,
  );
}

function abandonAll(): void {
  for (const lab of [...open]) lab.abandon();
  for (const folder of opening) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

process.once('exit', abandonAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    abandonAll();
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}
