/** The cases of socket.linux.test.ts, one a run: `kernel-cases.ts CASE`. Runs inside a network namespace of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { canonicalIp } from '../../../../../engine/base/ip.ts';
import { loadLinuxLibc } from '../../../../../engine/os/ffi/libc.linux.ts';
import { addAddress } from '../../../../../engine/os/netlink/changes.ts';
import { askLink, readLink } from '../../../../../engine/os/netlink/facts.ts';
import { NetlinkError } from '../../../../../engine/os/netlink/message.ts';
import { openNetlink } from '../../../../../engine/os/netlink/socket.linux.ts';
import type { ObservedRoute, RouteItem, RouteStep, Routing } from '../../../../../engine/os/route/port.ts';
import { linuxRoutes } from '../../../../../engine/os/route/route.linux.ts';

const libc = loadLinuxLibc();
assert.ok(libc);
const open = openNetlink(libc);
const port = linuxRoutes(open);
const routing: Routing = { table: 4500, preference: 4500, protocol: 145 };

const ip = (line: string, input?: string): string =>
  execFileSync('ip', line.split(' '), { encoding: 'utf8', ...(input === undefined ? {} : { input }) });
const shown = (line: string): readonly Record<string, unknown>[] =>
  JSON.parse(ip(`-N -j ${line}`) || '[]') as readonly Record<string, unknown>[];
const step = (item: RouteItem): RouteStep => ({ item, before: null });

function makeTun(name: string): void {
  ip(`tuntap add ${name} mode tun`);
  ip(`link set ${name} up`);
}

/** A table as `ip` tells it, in the form of the port. */
function routesShown(family: 4 | 6, table: number): ObservedRoute[] {
  return shown(`-${family} route show table ${table}`).map((r) => {
    const throws = r.type === '9';
    const dst = r.dst === 'default' ? (family === 4 ? '0.0.0.0/0' : '::/0') : String(r.dst);
    const destination = dst.includes('/') ? dst : `${dst}/${family === 4 ? 32 : 128}`;
    return {
      throws,
      destination,
      metric: Number(r.metric ?? 0),
      interface: throws || r.dev === undefined ? null : String(r.dev),
      source: r.prefsrc === undefined ? null : String(r.prefsrc),
    };
  });
}

async function observe(): Promise<void> {
  for (const name of ['t0', 't1', 't2']) makeTun(name);
  ip('link set t1 down mtu 1280 addrgenmode none');
  ip('link set t2 mtu 1000');
  ip('addr add 10.3.0.5/24 dev t0');
  ip('addr add 10.3.0.6 peer 10.3.0.7 dev t0');
  ip('addr add fd00::5/64 dev t0 nodad');
  ip('addr add 10.4.0.1/32 dev t1');
  const lines = [
    'route add default dev t0 metric 7 table 4500 src 10.3.0.5',
    'route add 10.1.0.0/16 dev t0 table 4500',
    'route add throw 192.0.2.1 metric 1 table 4500',
    'route add blackhole 192.0.2.2 metric 3 table 4500',
    'route add 10.2.0.0/16 table 4500 nexthop via 10.3.0.8 dev t0 nexthop via 10.3.0.9 dev t0',
    'route add 10.9.0.0/16 dev t0 table 77',
    'rule add pref 4500 lookup 4500 protocol 145',
    'rule add pref 4600 from 10.0.0.0/8 lookup 77',
    'rule add pref 4700 to 10.0.0.0/8 prohibit',
    '-6 route add default dev t0 metric 7 table 4500 src fd00::5',
    '-6 route add throw 2001:db8::1 metric 1 table 4500',
    '-6 route add 2001:db8::/32 dev t0 table 4500',
    '-6 route add 2001:db8:1::/48 dev t0 table 77',
    '-6 rule add pref 4500 lookup 4500',
  ];
  for (const line of lines) ip(line);
  const seen = await port.observe(['t0', 't1', 't2', 'absent'], routing);
  assert.deepEqual([...seen.links.keys()], ['t0', 't1', 't2']);
  for (const [name, link] of seen.links) {
    const [facts = {}] = shown(`-d addr show dev ${name}`);
    const infos = facts.addr_info as readonly { local: string }[];
    assert.deepEqual(
      [...link.addresses].sort(),
      infos.map(({ local }) => canonicalIp(local)).sort(),
      `addresses of ${name}`,
    );
    assert.equal(link.mtu, facts.mtu);
    assert.equal(link.up, (facts.flags as readonly string[]).includes('UP'));
  }
  assert.ok(seen.links.get('t0')?.addresses.includes('10.3.0.6'), 'ours, not the peer’s');
  assert.deepEqual(
    [...seen.links].map(([, { addressMode, ipv6 }]) => [addressMode, ipv6]),
    [
      ['eui64', true],
      ['none', true],
      [null, false],
    ],
    'an MTU below 1,280 takes IPv6 off',
  );
  const routes = [...routesShown(4, 4500), ...routesShown(6, 4500)];
  assert.ok(routes.length >= 8);
  assert.deepEqual(seen.routes, routes);
  const rules = ([4, 6] as const).flatMap((family) =>
    shown(`-${family} rule show`)
      .filter(({ table }) => table !== undefined)
      .map(({ priority, table }) => ({
        family,
        table: { local: 255, main: 254, default: 253 }[String(table)] ?? Number(table),
        preference: priority,
      })),
  );
  assert.deepEqual(seen.rules, rules);
  const byMain = await port.observe([], { ...routing, table: 254 });
  assert.deepEqual(byMain.routes, [...routesShown(4, 254), ...routesShown(6, 254)]);
  execFileSync('mount', ['-t', 'proc', 'proc', '/proc']);
  execFileSync('sh', ['-c', 'echo 1 >/proc/sys/net/ipv6/conf/t0/disable_ipv6']);
  assert.equal((await port.observe(['t0'], routing)).links.get('t0')?.ipv6, false);
}

async function large(): Promise<void> {
  makeTun('t0');
  const many = Array.from({ length: 3000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
  ip('-batch -', many.map((prefix) => `route add ${prefix} dev t0 table 4500\n`).join(''));
  const { routes } = await port.observe(['t0'], routing);
  assert.deepEqual(routes.map((r) => r.destination).sort(), [...many].sort());
}

async function errors(): Promise<void> {
  makeTun('t0');
  const address = step({ kind: 'address', interface: 't0', address: '10.3.0.5' });
  const rule = step({ kind: 'rule', family: 6, ...routing });
  const place = { table: 4500, protocol: 145, destination: '10.0.0.0/8', metric: 100 };
  const route = step({ kind: 'route', ...place, interface: 't0', source: null });
  for (let times = 0; times < 2; times++) await port.add([address, rule, route]);
  assert.equal(ip('-6 rule show pref 4500').split('\n').length, 2, 'one rule');
  for (let times = 0; times < 2; times++) assert.equal(await port.remove([route, rule, address]), '');
  assert.equal(await port.remove([step({ kind: 'address', interface: 'absent', address: 'fd00::1' })]), '');
  await assert.rejects(
    port.add([step({ kind: 'route', ...place, interface: 't0', source: '10.3.0.5' })]),
    (error: { code: string; detail: string }) => {
      assert.equal(error.code, 'route-failed');
      assert.match(error.detail, /^add route 10\.0\.0\.0\/8 dev t0 src 10\.3\.0\.5 .*EINVAL\): Invalid pref/);
      return true;
    },
  );
  assert.match(
    await port.remove([{ item: { kind: 'link', interface: 't0', mtu: 1400 }, before: TOO_LONG }]),
    /^set dev t0 mtu 100000000: .*EINVAL/,
  );
  const netlink = open();
  assert.throws(() => netlink.change(addAddress(99, '10.0.0.1')), { name: 'NetlinkError', errno: 19 });
  assert.throws(() => netlink.ask(askLink('absent'), ({ body }) => readLink(body)), NetlinkError);
  // A failure leaves the socket in step.
  assert.equal(netlink.ask(askLink('t0'), ({ body }) => readLink(body))[0]?.name, 't0');
  netlink.close();
}

const TOO_LONG = { mtu: 100_000_000, up: true, addressMode: null };

async function unprivileged(): Promise<void> {
  makeTun('t0');
  process.setgid?.(65_534);
  process.setuid?.(65_534);
  const address = step({ kind: 'address', interface: 't0', address: '10.3.0.5' });
  await assert.rejects(port.add([address]), { code: 'permission' });
  assert.equal((await port.observe(['t0'], routing)).links.size, 1, 'looking needs none');
}

const CASES: Readonly<Record<string, () => Promise<void>>> = { observe, large, errors, unprivileged };
const wanted = CASES[process.argv[2] ?? ''];
assert.ok(wanted, `no case ${process.argv[2]}`);
await wanted();
