/** Darwin's routing messages, octet for octet (net/route.h, net/if.h), and arbitrary octets in their place. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIp } from '../../../../engine/base/ip.ts';
import {
  inetSockaddr,
  linkSockaddr,
  maskSockaddr,
  readLinks,
  readTable,
  tellsOfChange,
  writeRouteMessage,
} from '../../../../engine/os/route/messages.darwin.ts';
import { AT_HOME, dumpedRoute, inet, inet6 } from '../darwin/support/dumped.ts';

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const address = (text: string): Uint8Array => parseIp(text) ?? assert.fail(text);
const joined = (messages: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(messages));

test('RTM_ADD of a network into an interface', () => {
  const message = writeRouteMessage({
    type: 1,
    flags: 0x8801,
    seq: 7,
    destination: inetSockaddr(address('10.0.0.0')),
    netmask: maskSockaddr(12, 4),
    gateway: linkSockaddr(9),
    ifa: inetSockaddr(address('10.3.0.5')),
  });
  assert.equal(
    hex(message),
    [
      'a0000501', // msglen 160, version 5, RTM_ADD
      '00000000', // index, filling
      '01880000', // UP, STATIC, PROTO1
      '27000000', // DST, GATEWAY, NETMASK, IFA
      '00000000', // pid
      '07000000', // seq
      '00'.repeat(4 + 4 + 4 + 56), // errno, use, inits, metrics
      `100200000a000000${'00'.repeat(8)}`,
      `14120900${'00'.repeat(16)}`,
      `10020000fff00000${'00'.repeat(8)}`,
      `100200000a030005${'00'.repeat(8)}`,
    ].join(''),
  );
});

test('RTM_DELETE of an IPv6 host', () => {
  const message = writeRouteMessage({
    type: 2,
    flags: 0x8805,
    seq: 8,
    destination: inetSockaddr(address('2001:db8::1')),
  });
  assert.equal(
    hex(message),
    `780005020000000005880000010000000000000008000000${'00'.repeat(68)}${inet6('20010db8000000000000000000000001')}`,
  );
});

test('a dump is read with its cut masks, scopes and gateways', () => {
  assert.deepEqual(
    readTable(joined(AT_HOME)).map((r) => [r.destination, r.index, r.flags >>> 24, hex(r.gateway)]),
    [
      ['0.0.0.0/0', 2, 0, inet('192.0.2.1')],
      ['0.0.0.0/0', 3, 1, inet('203.0.113.1')],
      ['192.0.2.0/24', 2, 0, `14120200${'00'.repeat(16)}`],
      ['::/0', 2, 0, inet6('fe800002000000000000000000000001')],
    ],
  );
});

test('masks of every length', () => {
  for (const octets of [4, 16] as const)
    for (let length = 0; length <= 8 * octets; length++) {
      const mask = hex(maskSockaddr(length, octets));
      const destination = octets === 4 ? inet('255.255.255.255') : inet6('ff'.repeat(16));
      const [route] = readTable(
        dumpedRoute({ flags: 1, index: 2, destination, gateway: inet('0.0.0.0'), mask }),
      );
      assert.equal(route?.length, length);
    }
});

test('a link-local destination is shown without the kernel’s note of its interface', () => {
  const destination = inet6('fe800004000000000000000000000000');
  const mask = '0e1e000000000000ffffffffffff0000';
  const [route] = readTable(dumpedRoute({ flags: 1, index: 4, destination, gateway: inet('0.0.0.0'), mask }));
  assert.equal(route?.destination, 'fe80::/48');
});

test('interfaces come with their addresses', () => {
  const info = Buffer.alloc(132);
  info.writeUInt16LE(132, 0);
  info.set([5, 0xe], 2);
  info.writeInt32LE(0x10, 4);
  info.writeInt32LE(0x8051, 8);
  info.writeUInt16LE(12, 12);
  info.writeUInt32LE(1380, 24);
  info.set([20, 18, 12, 0, 1, 5, 0, 0, ...Buffer.from('utun4')], 112);
  const own = (bits: number, ...socketAddresses: string[]): Buffer => {
    const body = Buffer.from(socketAddresses.join(''), 'hex');
    const header = Buffer.alloc(20);
    header.writeUInt16LE(20 + body.length, 0);
    header.set([5, 0xc], 2);
    header.writeInt32LE(bits, 4);
    header.writeUInt16LE(12, 12);
    return Buffer.concat([header, body]);
  };
  // NETMASK, IFA, BRD; the mask of length 5 takes 8 octets, and one of length 0 takes 4.
  const v4 = own(0xa4, '05000000ff000000', inet('10.3.0.5'), inet('10.3.0.5'));
  const v6 = own(0x24, '00000000', inet6(`fd00${'00'.repeat(13)}05`));
  assert.deepEqual(readLinks(joined([info, v4, v6])), [
    { name: 'utun4', index: 12, mtu: 1380, up: true, addresses: ['10.3.0.5', 'fd00::5'] },
  ]);
});

test('any octets give routes and interfaces or nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => {
      readTable(octets);
      readLinks(octets);
    }),
  );
  const whole = joined(AT_HOME);
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, octet) => {
      const broken = whole.slice();
      broken[at] = octet;
      for (const route of readTable(broken)) assert.ok(route.length <= 8 * route.range.start.length);
    }),
  );
});

test('arbitrary octets tell of a change or of none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      assert.equal(typeof tellsOfChange(octets), 'boolean');
    }),
  );
});

test('of several messages in one, any may tell of a change', () => {
  const question = writeRouteMessage({
    type: 4,
    flags: 1,
    seq: 1,
    destination: inetSockaddr(address('10.0.0.1')),
  });
  const change = writeRouteMessage({
    type: 3,
    flags: 1,
    seq: 2,
    destination: inetSockaddr(address('10.0.0.1')),
  });
  assert.equal(tellsOfChange(joined([question, question])), false);
  assert.equal(tellsOfChange(joined([question, change])), true);
  // A header that promises more than there is ends it.
  assert.equal(tellsOfChange(change.subarray(0, 80)), false);
});
