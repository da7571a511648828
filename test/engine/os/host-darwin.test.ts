/**
 * The host on macOS: journal, addresses, routes and name servers, on a stand-in for Darwin's C library and for scutil.
 * The routing table is compared octet for octet before and after.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../../engine/base/log.ts';
import { NET_RT } from '../../../engine/os/ffi/abi.darwin.ts';
import { addressOf, fixedMemory } from '../../../engine/os/ffi/memory.ts';
import { memoryGuards } from '../../../engine/os/firewall/storage.fake.ts';
import { darwinHostEnvironment } from '../../../engine/os/host.darwin.ts';
import { type OpenHost, openHost } from '../../../engine/os/host.ts';
import { memoryJournal } from '../../../engine/os/journal/journal.fake.ts';
import type { Journal } from '../../../engine/os/journal/port.ts';
import type { HostState } from '../../../engine/os/port.ts';
import { readLinks, readTable } from '../../../engine/os/route/messages.darwin.ts';
import type { Tun } from '../../../engine/os/tun/port.ts';
import { darwinTun } from '../../../engine/os/tun/tun.darwin.ts';
import { type DarwinDouble, darwinDouble } from './darwin/support/double.ts';
import { AT_HOME, dumpedRoute, inet, link, ON_THE_ROAD } from './darwin/support/dumped.ts';
import { type FakeScutil, fakeScutil } from './darwin/support/scutil.ts';

const GATEWAY = '198.51.100.1';

function asked(double: DarwinDouble, what: number): Uint8Array {
  const name = fixedMemory(24);
  new Int32Array(name.buffer).set([4, 17, 0, 0, what, 0]);
  const length = fixedMemory(8);
  new DataView(length.buffer).setUint32(0, 65_536, true);
  const octets = fixedMemory(65_536);
  assert.equal(double.libc.sysctl(addressOf(name), 6, addressOf(octets), addressOf(length)), 0);
  return octets.slice(0, new DataView(length.buffer).getUint32(0, true));
}

/** The routing table, every octet of it. */
const table = (double: DarwinDouble): string => Buffer.from(asked(double, NET_RT.DUMP)).toString('hex');

/** One line a route, without flags that a Mac sets by itself. */
const routes = (double: DarwinDouble): readonly string[] => {
  const links = readLinks(asked(double, NET_RT.IFLIST));
  return readTable(asked(double, NET_RT.DUMP)).map(
    ({ destination, index, flags, gateway }) =>
      `${destination} ${links.find((l) => l.index === index)?.name} ${(flags & 0x100_880e).toString(16)} ${Buffer.from(gateway).toString('hex')}`,
  );
};

const addresses = (double: DarwinDouble, name: string): readonly string[] | undefined =>
  readLinks(asked(double, NET_RT.IFLIST)).find((l) => l.name === name)?.addresses;

interface World {
  readonly double: DarwinDouble;
  readonly scutil: FakeScutil;
  readonly journal: Journal;
  readonly tun: Tun;
  open(journal?: Journal): Promise<OpenHost>;
}

async function world(double: DarwinDouble, before: readonly Uint8Array[] = AT_HOME): Promise<World> {
  double.forgetRoutes();
  for (const route of before) double.route(route);
  const scutil = fakeScutil();
  const journal = memoryJournal('b1');
  const tun = await darwinTun(double.libc).open({ name: 'culvert%d', mtu: 1400 });
  const environment = darwinHostEnvironment(double.libc, scutil);
  return {
    double,
    scutil,
    journal,
    tun,
    open: (own = journal) =>
      openHost({
        stateDir: '/nowhere',
        log: silentLog,
        environment: {
          ...environment,
          guardStorage: () => memoryGuards(),
          bootId: async () => 'b1',
          openJournal: async () => own,
        },
      }),
  };
}

const full = (tun: Tun): HostState => ({
  interface: tun.name,
  mtu: 1400,
  addresses: [
    { address: '10.3.0.5', length: 32 },
    { address: 'fd00::5', length: 128 },
  ],
  routes: [
    { address: '0.0.0.0', length: 0 },
    { address: '::', length: 0 },
  ],
  bypass: [GATEWAY],
  dns: { servers: ['10.3.0.53'], domains: [] },
});

const WAY = `${GATEWAY}/32 en0 8806 ${inet('192.0.2.1')}`;

test('everything goes into the tunnel by halves, the gateway beside it, and all of it is undone', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const on = await world(double);
  const before = table(double);
  const host = await on.open();
  double.take();
  await host.apply('a', full(on.tun));
  const into = (destination: string): string => `${destination} ${on.tun.name} 8800 ${link(4)}`;
  assert.deepEqual(routes(double).slice(AT_HOME.length), [
    WAY,
    into('0.0.0.0/1'),
    into('128.0.0.0/1'),
    into('::/1'),
    into('8000::/1'),
  ]);
  assert.deepEqual(addresses(double, on.tun.name), ['10.3.0.5', 'fd00::5']);
  assert.equal(on.scutil.store.size, 1);
  // The peer's route is there before a default leads into the tunnel.
  const writes = double.take().filter((line) => line.startsWith('write'));
  assert.match(writes[0] ?? '', new RegExp(inet(GATEWAY)));
  assert.deepEqual(await host.apply('a', full(on.tun)), []);
  await host.clear('a');
  assert.equal(table(double), before);
  assert.deepEqual(addresses(double, on.tun.name), []);
  assert.equal(on.scutil.store.size, 0);
  assert.deepEqual(on.journal.live(), []);
  on.tun.close();
});

test('addresses are set by these octets', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const on = await world(double);
  const host = await on.open();
  double.take();
  await host.apply('a', full(on.tun));
  const name = Buffer.from(on.tun.name.padEnd(16, '\0'), 'latin1').toString('hex');
  const own = `1c1e000000000000fd00${'00'.repeat(13)}0500000000`;
  const set = double
    .take()
    .filter((line) => line.startsWith('ioctl'))
    .map((line) => line.replace(/^ioctl \d+ /, ''));
  assert.deepEqual(set, [
    `8040691a ${name}${inet('10.3.0.5')}${inet('10.3.0.5')}${inet('255.255.255.255')}`,
    `8080691a ${name}${own}${'00'.repeat(28)}1c1e000000000000${'ff'.repeat(16)}00000000${'20000000'}${'00'.repeat(16)}${'ff'.repeat(8)}`,
  ]);
  await host.clear('a');
  const removed = double
    .take()
    .filter((line) => line.startsWith('ioctl'))
    .map((line) => line.replace(/^ioctl \d+ /, ''));
  assert.deepEqual(removed, [
    `80206919 ${name}${inet('10.3.0.5')}`,
    `81206919 ${name}${own}${'00'.repeat(288 - 16 - 28)}`,
  ]);
  on.tun.close();
});

test('a crash leaves the host route and the name servers, which the next engine takes away', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const on = await world(double);
  const before = table(double);
  const host = await on.open();
  await host.apply('a', full(on.tun));
  // The kernel takes a dead engine's utun away, with its addresses and routes.
  on.tun.close();
  assert.deepEqual(routes(double).slice(AT_HOME.length), [WAY]);
  const next = await on.open();
  await next.recover();
  assert.equal(table(double), before);
  assert.equal(on.scutil.store.size, 0);
  assert.deepEqual(on.journal.live(), []);
});

test('the gateway’s host route follows the network, and goes with the tunnel', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const on = await world(double);
  const host = await on.open();
  await host.apply('a', full(on.tun));
  assert.deepEqual(await host.networkChanged(), []);
  const ours = (): readonly string[] => routes(double).filter((r) => r.startsWith(GATEWAY));
  assert.deepEqual(ours(), [WAY]);
  // Wi-Fi goes and the second way becomes the first; the kernel leaves routes over en0 alone.
  const kept = asked(double, NET_RT.DUMP);
  double.forgetRoutes();
  for (const route of ON_THE_ROAD) double.route(route);
  for (const route of split(kept).slice(AT_HOME.length)) double.route(route);
  on.scutil.store.clear();
  assert.equal((await host.networkChanged()).length, 1);
  assert.equal(on.scutil.store.size, 0, 'name servers are not set again, which might be another change');
  assert.deepEqual(ours(), [`${GATEWAY}/32 en1 8806 ${inet('203.0.113.1')}`]);
  assert.deepEqual(await host.networkChanged(), []);
  await host.clear('a');
  assert.deepEqual(ours(), []);
  on.tun.close();
});

/** The messages of a dump. */
function split(octets: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (let at = 0; at < octets.length; ) {
    const length = new DataView(octets.buffer, octets.byteOffset + at).getUint16(0, true);
    out.push(octets.slice(at, at + length));
    at += length;
  }
  return out;
}

test('without a network the gateway gets a dead end rather than the tunnel', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const on = await world(double, []);
  const host = await on.open();
  await host.apply('a', full(on.tun));
  const ours = (): readonly string[] => routes(double).filter((r) => r.startsWith(GATEWAY));
  // GATEWAY, HOST, REJECT toward the loopback address
  assert.deepEqual(ours(), [`${GATEWAY}/32 lo0 880e ${inet('127.0.0.1')}`]);
  for (const route of AT_HOME) double.route(route);
  await host.networkChanged();
  assert.deepEqual(ours(), [WAY]);
  await host.clear('a');
  on.tun.close();
});

test('a host route that somebody else made for the gateway is used and left alone', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const foreign = dumpedRoute({
    flags: 0x807,
    index: 3,
    destination: inet(GATEWAY),
    gateway: inet('203.0.113.1'),
  });
  const on = await world(double, [...AT_HOME, foreign]);
  const before = table(double);
  const host = await on.open();
  await host.apply('a', full(on.tun));
  assert.deepEqual(
    routes(double).filter((r) => r.startsWith(GATEWAY)),
    [`${GATEWAY}/32 en1 806 ${inet('203.0.113.1')}`],
  );
  await host.clear('a');
  assert.equal(table(double), before);
  on.tun.close();
});

test('a destination that somebody else routes is refused, and nothing is left', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const foreign = dumpedRoute({
    flags: 0x803,
    index: 3,
    destination: inet('128.0.0.0'),
    gateway: inet('203.0.113.1'),
    mask: inet('128.0.0.0'),
  });
  const on = await world(double, [...AT_HOME, foreign]);
  const before = table(double);
  const host = await on.open();
  await assert.rejects(host.apply('a', full(on.tun)), {
    code: 'route-failed',
    message: 'there is a route to the same destination already',
  });
  assert.equal(table(double), before);
  assert.deepEqual(addresses(double, on.tun.name), []);
  assert.deepEqual(on.journal.live(), []);
  on.tun.close();
});

test('another virtual address changes the routes in place', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const on = await world(double);
  const host = await on.open();
  await host.apply('a', full(on.tun));
  double.take();
  const moved = {
    ...full(on.tun),
    addresses: [
      { address: '10.3.0.6', length: 32 },
      { address: 'fd00::5', length: 128 },
    ],
  };
  await host.apply('a', moved);
  assert.deepEqual(addresses(double, on.tun.name), ['fd00::5', '10.3.0.6']);
  // Tried as new (1), then changed (3), both halves, and nothing deleted (2).
  const kinds = double.take().flatMap((line) => /^write \d+ .{6}(..)/.exec(line)?.[1] ?? []);
  assert.deepEqual(kinds, ['01', '03', '01', '03']);
  assert.deepEqual(await host.apply('a', moved), []);
  await host.clear('a');
  on.tun.close();
});

test('a kernel that refuses is told as a matter of rights', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const on = await world(double);
  const host = await on.open();
  double.fail('write', 1);
  await assert.rejects(host.apply('a', full(on.tun)), { code: 'permission' });
  assert.deepEqual(on.journal.live(), []);
  on.tun.close();
});
