/** The path MTU on Darwin: of the route that a datagram takes, as the kernel dumps it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIp, parseIp } from '../../../../engine/base/ip.ts';
import { readTable, type TableLink } from '../../../../engine/os/route/messages.darwin.ts';
import { pathMtuIn } from '../../../../engine/os/route/table.darwin.ts';
import { darwinUdp } from '../../../../engine/os/udp/udp.darwin.ts';
import { darwinDouble } from '../darwin/support/double.ts';
import { AT_HOME, type Dumped, dumpedRoute, inet, inet6, link } from '../darwin/support/dumped.ts';

/** UP, HOST, GATEWAY, WASCLONED, as the kernel makes a route of one host from another; and a dead end of ours. */
const [CLONED, REJECT, SCOPED] = [0x2_0007, 0x8 | 0x8007, 0x100_0000];
const PEER = '198.51.100.7';
const PEER6 = '2001:db8::7';
const peer6 = inet6('20010db8000000000000000000000007');

const LINKS: readonly TableLink[] = [
  { name: 'en0', index: 2, mtu: 1500, up: true, addresses: [] },
  { name: 'en1', index: 3, mtu: 1400, up: true, addresses: [] },
];

const host = (change: Partial<Dumped>): Uint8Array =>
  dumpedRoute({
    flags: CLONED,
    index: 2,
    destination: inet(PEER),
    gateway: inet('192.0.2.1'),
    ...change,
  });

const mtuOf = (extra: readonly Uint8Array[], to: string, links = LINKS): number | undefined =>
  pathMtuIn(
    readTable(new Uint8Array(Buffer.concat([...AT_HOME, ...extra]))),
    links,
    parseIp(to) ?? assert.fail(to),
  );

test('the route with the longest prefix decides, of which a host’s own knows what was learnt', () => {
  assert.equal(mtuOf([], PEER), 1500, 'the link of the default route');
  assert.equal(mtuOf([], PEER6), 1500);
  assert.equal(mtuOf([host({ mtu: 1380 })], PEER), 1380);
  assert.equal(mtuOf([host({ mtu: 1380 })], '198.51.100.8'), 1500, 'another host');
  assert.equal(mtuOf([host({ destination: peer6, gateway: link(2), mtu: 1280 })], PEER6), 1280);
});

test('a route says no more than its link, and nothing for sockets of another interface', () => {
  assert.equal(mtuOf([host({ mtu: 9000 })], PEER), 1500);
  assert.equal(mtuOf([host({ index: 3, mtu: 0 })], PEER), 1400);
  assert.equal(mtuOf([host({ mtu: 1200, index: 3, flags: CLONED | SCOPED })], PEER), 1500);
  assert.equal(mtuOf([host({ mtu: 1300, index: 9 })], PEER), 1300, 'a link that is not listed');
});

test('without a way nothing is told', () => {
  assert.equal(mtuOf([host({ flags: REJECT })], PEER), undefined);
  assert.equal(mtuOf([], PEER, []), undefined, 'neither route nor link has one');
  const none = readTable(new Uint8Array(0));
  assert.equal(pathMtuIn(none, LINKS, parseIp(PEER) ?? assert.fail()), undefined);
});

test('the kernel is asked without anybody hearing of it, and its refusal is no failure', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  double.forgetRoutes();
  for (const route of [...AT_HOME, host({ mtu: 1380 })]) double.route(route);
  const udp = darwinUdp(double.libc);
  double.take();
  try {
    assert.deepEqual([await udp.pathMtu(PEER), await udp.pathMtu(PEER6)], [1380, 1500]);
    assert.ok(
      double.take().every((line) => line.startsWith('sysctl')),
      'a routing socket’s answer goes to everyone',
    );
    assert.equal(await udp.pathMtu('not an address'), undefined);
    double.fail('sysctl', 1);
    assert.equal(await udp.pathMtu(PEER), undefined);
    assert.equal(await udp.localAddressFor('127.0.0.1'), formatIp(Uint8Array.of(127, 0, 0, 1)));
  } finally {
    double.forgetRoutes();
  }
});
