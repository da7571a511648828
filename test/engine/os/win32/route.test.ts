/** Routes of Windows behind the port of all systems: the plan's steps as rows of the IP helper, and back. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { parseIp } from '../../../../engine/base/ip.ts';
import { OsError } from '../../../../engine/os/error.ts';
import { ERROR, PROTOCOL_NETMGMT } from '../../../../engine/os/ffi/abi.win32.ts';
import type { HostState } from '../../../../engine/os/port.ts';
import { type OwnedRoute, planRoutes } from '../../../../engine/os/route/plan.ts';
import { windowsRoutes } from '../../../../engine/os/route/route.win32.ts';
import {
  inetOctets,
  readForward,
  readInet,
  readInterface,
  routeRow,
  writeInet,
} from '../../../../engine/os/route/rows.win32.ts';
import { type FakeHelper, fakeHelper, luidOfIndex } from './support/fake-helper.ts';

const ROUTING = { table: 0, preference: 0, protocol: 3 };
const [ETHERNET, WIFI, TUN] = [3, 4, 9];

const octets = (text: string): Uint8Array => parseIp(text) as Uint8Array;
const via = (index: number, destination: string, metric: number, nextHop?: string): Uint8Array =>
  routeRow({
    luid: luidOfIndex(index),
    destination,
    metric,
    ...(nextHop === undefined ? {} : { nextHop: writeInet(octets(nextHop)) }),
  });

let helper: FakeHelper;
let routes: ReturnType<typeof windowsRoutes>;
let owned: OwnedRoute[];

beforeEach(() => {
  helper = fakeHelper({ Ethernet: ETHERNET, WLAN: WIFI, culvert0: TUN });
  helper.routeRows.push(
    via(ETHERNET, '0.0.0.0/0', 0, '192.0.2.1'),
    via(WIFI, '0.0.0.0/0', 50, '198.51.100.1'),
  );
  routes = windowsRoutes(helper);
  owned = [];
});

const STATE: HostState = {
  interface: 'culvert0',
  mtu: 1400,
  addresses: [
    { address: '10.1.0.7', length: 32 },
    { address: 'fd00::7', length: 64 },
  ],
  routes: [
    { address: '0.0.0.0', length: 0 },
    { address: 'fd99::', length: 64 },
  ],
  bypass: ['203.0.113.5'],
  dns: { servers: [], domains: [] },
};

/** One reconciliation as the host does it. */
async function reconcile(...states: HostState[]): Promise<readonly string[]> {
  const desired = states.map((state, i) => [`t${i}`, state] as const);
  const observed = await routes.observe(['culvert0'], ROUTING);
  const plan = planRoutes({ desired, owned, observed, routing: ROUTING });
  await routes.add(plan.additions);
  for (const { item, before, journal } of plan.additions)
    if (journal) owned.push({ id: owned.length + 1, item, before });
  const said = await routes.remove(plan.removals);
  assert.equal(said, '');
  owned = owned.filter((o) => !plan.removals.includes(o) && !plan.forgotten.includes(o));
  return plan.additions.map(({ item }) => item.kind);
}

const table = (): string[] =>
  helper.routeRows.map((row) => {
    const { prefix, length, nextHop, metric, luid } = readForward(row) ?? assert.fail('no route');
    return `${luid.slice(6, 8)} ${prefix.join('.')}/${length} ${readInet(nextHop, 0)} ${metric}`;
  });

test('makes a tunnel’s addresses, routes and bypass, and finds them again', async () => {
  const before = table();
  assert.deepEqual(await reconcile(STATE), ['link', 'address', 'address', 'throw', 'route', 'route']);
  assert.deepEqual(table().slice(2), [
    '03 203.0.113.5/32 192.0.2.1 1',
    '09 0.0.0.0/0 0.0.0.0 0',
    `09 ${octets('fd99::').join('.')}/64 :: 0`,
  ]);
  assert.deepEqual(
    helper.addressRows.map((row) => [inetOctets(row, 0)?.join('.'), row[60], row[64]]),
    [
      ['10.1.0.7', 32, 4],
      [octets('fd00::7').join('.'), 128, 4],
    ],
  );
  const tun = helper.interfaceRows.map(readInterface).filter((row) => row.luid.slice(6, 8) === '09');
  assert.deepEqual(
    tun.map(({ mtu, metric }) => [mtu, metric]),
    [
      [1400, 0],
      [1400, 0],
    ],
  );
  assert.deepEqual(await reconcile(STATE), [], 'the second time there is nothing to do');
  await reconcile();
  assert.deepEqual(table(), before);
  assert.deepEqual(helper.addressRows, []);
  assert.deepEqual(owned, []);
});

test('a bypass leads where the host would go without us', async () => {
  await reconcile(STATE);
  assert.match(
    table()[2] ?? '',
    /^03 203\.0\.113\.5\/32 192\.0\.2\.1 1$/,
    'not through the tunnel’s own 0.0.0.0/0',
  );
  const other: HostState = { ...STATE, bypass: ['198.51.100.200'] };
  helper.routeRows.push(via(WIFI, '198.51.100.0/24', 0));
  await reconcile(other);
  assert.ok(table().includes('04 198.51.100.200/32 0.0.0.0 1'), 'on the link of the longer prefix');
  assert.ok(!table().some((line) => line.includes('203.0.113.5')), 'the old one is gone');
});

test('a bypass is made anew when the way to the gateway is another', async () => {
  await reconcile(STATE);
  // The cable is out: its default route goes, the host route stays behind.
  helper.routeRows.splice(0, 1);
  assert.deepEqual(await reconcile(STATE), ['throw']);
  assert.deepEqual(
    table().filter((line) => line.includes('203.0.113.5')),
    ['04 203.0.113.5/32 198.51.100.1 1'],
  );
});

test('a bypass that has gone stale is still taken away', async () => {
  await reconcile(STATE);
  helper.routeRows.splice(0, 1);
  await reconcile();
  assert.deepEqual(table(), ['04 0.0.0.0/0 198.51.100.1 50']);
});

test('without any way to the gateway nothing is made up', async () => {
  helper.routeRows.length = 0;
  await reconcile(STATE);
  assert.ok(!table().some((line) => line.includes('203.0.113.5')));
});

test('IPv6 is left out below its least MTU, and on an interface without it', async () => {
  await reconcile({ ...STATE, mtu: 1000 });
  assert.equal(helper.addressRows.length, 1);
  await reconcile();
  helper.interfaceRows.splice(
    helper.interfaceRows.findIndex((row) => row[0] === 23 && row[11] === TUN),
    1,
  );
  await reconcile(STATE);
  assert.equal(helper.addressRows.length, 1);
});

test('refusals say which call and which right', async () => {
  helper.failNext = { call: 'interface', error: 87 };
  await assert.rejects(reconcile(STATE), (e) => e instanceof OsError && /SetIpInterfaceEntry/.test(e.detail));
  helper.failNext = { call: 'route', error: ERROR.ACCESS_DENIED };
  await assert.rejects(reconcile(STATE), (e) => e instanceof OsError && e.code === 'permission');
  helper.addressRows.length = 0;
  helper.failNext = { call: 'address', error: 87 };
  await assert.rejects(
    reconcile(STATE),
    (e) =>
      e instanceof OsError &&
      e.code === 'address-failed' &&
      /CreateUnicastIpAddressEntry: error 87/.test(e.detail),
  );
});

test('what exists already is not an error', async () => {
  helper.routeRows.push(via(TUN, '0.0.0.0/0', 0));
  const foreign = helper.routeRows.at(-1) as Uint8Array;
  foreign[88] = PROTOCOL_NETMGMT + 7;
  await reconcile(STATE);
});
