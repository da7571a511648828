/** Changes against the octets that iproute2 6.1 sends for the same wish (recorded; `t0` has index 2, sequence numbers are struck out). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../../../engine/base/bytes.ts';
import {
  addAddress,
  addRule,
  removeAddress,
  removeRoute,
  removeRule,
  replaceRoute,
  setAddressMode,
  setLink,
} from '../../../../engine/os/netlink/changes.ts';
import { encodeRequest, type Request } from '../../../../engine/os/netlink/message.ts';

const T0 = 2;

const RECORDED: readonly (readonly [command: string, request: Request, octets: string])[] = [
  [
    'ip link set dev t0 addrgenmode none',
    setAddressMode(T0, 1),
    '300000001000050000000000000000000000000002000000000000000000000010001a000c000a000500080001000000',
  ],
  [
    'ip link set dev t0 mtu 1400 up',
    setLink(T0, 1400, true),
    '28000000100005000000000000000000000000000200000001000000010000000800040078050000',
  ],
  [
    'ip -4 address add 10.3.0.5/32 dev t0 noprefixroute',
    addAddress(T0, '10.3.0.5'),
    '300000001400050600000000000000000220000002000000080002000a0300050800080000020000080001000a030005',
  ],
  [
    'ip -6 address add fd00::5/128 dev t0 nodad noprefixroute',
    addAddress(T0, 'fd00::5'),
    '480000001400050600000000000000000a8000000200000014000200fd000000000000000000000000000005080008000202000014000100fd000000000000000000000000000005',
  ],
  [
    'ip -4 route replace throw 198.51.100.1/32 table 4500 proto 145 metric 1',
    replaceRoute({ table: 4500, protocol: 145, destination: '198.51.100.1/32', metric: 1, via: null }),
    '3400000018000505000000000000000002200000009100090000000008000100c633640108000f00941100000800060001000000',
  ],
  [
    'ip -6 route replace throw 2001:db8::1/128 table 4500 proto 145 metric 1',
    replaceRoute({ table: 4500, protocol: 145, destination: '2001:db8::1/128', metric: 1, via: null }),
    '400000001800050500000000000000000a80000000910009000000001400010020010db800000000000000000000000108000f00941100000800060001000000',
  ],
  [
    'ip -4 route replace 0.0.0.0/0 dev t0 src 10.3.0.5 table 4500 proto 145 metric 100',
    replaceRoute({
      table: 4500,
      protocol: 145,
      destination: '0.0.0.0/0',
      metric: 100,
      via: { index: T0, source: '10.3.0.5' },
    }),
    '44000000180005050000000000000000020000000091fd01000000000800010000000000080007000a03000508000f009411000008000600640000000800040002000000',
  ],
  [
    'ip -6 route replace ::/0 dev t0 src fd00::5 table 4500 proto 145 metric 100',
    replaceRoute({
      table: 4500,
      protocol: 145,
      destination: '::/0',
      metric: 100,
      via: { index: T0, source: 'fd00::5' },
    }),
    '5c0000001800050500000000000000000a0000000091000100000000140001000000000000000000000000000000000014000700fd00000000000000000000000000000508000f009411000008000600640000000800040002000000',
  ],
  [
    'ip -4 route replace 10.9.0.0/16 dev t0 table 200 proto 145 metric 101',
    replaceRoute({
      table: 200,
      protocol: 145,
      destination: '10.9.0.0/16',
      metric: 101,
      via: { index: T0, source: null },
    }),
    '3400000018000505000000000000000002100000c891fd0100000000080001000a09000008000600650000000800040002000000',
  ],
  [
    'ip -4 rule add pref 4500 lookup 4500 protocol 145',
    addRule({ family: 4, table: 4500, protocol: 145, preference: 4500 }),
    '34000000200005060000000000000000020000000000000100000000080006009411000008000f00941100000500150091000000',
  ],
  [
    'ip -6 rule add pref 4500 lookup 4500 protocol 145',
    addRule({ family: 6, table: 4500, protocol: 145, preference: 4500 }),
    '340000002000050600000000000000000a0000000000000100000000080006009411000008000f00941100000500150091000000',
  ],
  [
    'ip -6 rule add pref 4501 lookup 200 protocol 145',
    addRule({ family: 6, table: 200, protocol: 145, preference: 4501 }),
    '2c0000002000050600000000000000000a000000c80000010000000008000600951100000500150091000000',
  ],
  [
    'ip -6 rule del pref 4500 lookup 4500 protocol 145',
    removeRule({ family: 6, table: 4500, protocol: 145, preference: 4500 }),
    '340000002100050000000000000000000a0000000000000000000000080006009411000008000f00941100000500150091000000',
  ],
  [
    'ip -4 rule del pref 4500 lookup 4500 protocol 145',
    removeRule({ family: 4, table: 4500, protocol: 145, preference: 4500 }),
    '34000000210005000000000000000000020000000000000000000000080006009411000008000f00941100000500150091000000',
  ],
  [
    'ip -4 route del 10.9.0.0/16 dev t0 table 200 proto 145 metric 101',
    removeRoute({
      table: 200,
      protocol: 145,
      destination: '10.9.0.0/16',
      metric: 101,
      via: { index: T0, source: null },
    }),
    '3400000019000500000000000000000002100000c891ff0000000000080001000a09000008000600650000000800040002000000',
  ],
  [
    'ip -6 route del ::/0 dev t0 src fd00::5 table 4500 proto 145 metric 100',
    removeRoute({
      table: 4500,
      protocol: 145,
      destination: '::/0',
      metric: 100,
      via: { index: T0, source: 'fd00::5' },
    }),
    '5c0000001900050000000000000000000a0000000091000000000000140001000000000000000000000000000000000014000700fd00000000000000000000000000000508000f009411000008000600640000000800040002000000',
  ],
  [
    'ip -4 route del 0.0.0.0/0 dev t0 src 10.3.0.5 table 4500 proto 145 metric 100',
    removeRoute({
      table: 4500,
      protocol: 145,
      destination: '0.0.0.0/0',
      metric: 100,
      via: { index: T0, source: '10.3.0.5' },
    }),
    '44000000190005000000000000000000020000000091ff00000000000800010000000000080007000a03000508000f009411000008000600640000000800040002000000',
  ],
  [
    'ip -6 route del throw 2001:db8::1/128 table 4500 proto 145 metric 1',
    removeRoute({ table: 4500, protocol: 145, destination: '2001:db8::1/128', metric: 1, via: null }),
    '400000001900050000000000000000000a80000000910009000000001400010020010db800000000000000000000000108000f00941100000800060001000000',
  ],
  [
    'ip -4 route del throw 198.51.100.1/32 table 4500 proto 145 metric 1',
    removeRoute({ table: 4500, protocol: 145, destination: '198.51.100.1/32', metric: 1, via: null }),
    '34000000190005000000000000000000022000000091ff090000000008000100c633640108000f00941100000800060001000000',
  ],
  [
    'ip -4 address del 10.3.0.5/32 dev t0',
    removeAddress(T0, '10.3.0.5'),
    '280000001500050000000000000000000220000002000000080002000a030005080001000a030005',
  ],
  [
    'ip -6 address del fd00::5/128 dev t0',
    removeAddress(T0, 'fd00::5'),
    '400000001500050000000000000000000a8000000200000014000200fd00000000000000000000000000000514000100fd000000000000000000000000000005',
  ],
  [
    'ip link set dev t0 mtu 1500 down',
    setLink(T0, 1500, false),
    '280000001000050000000000000000000000000002000000000000000100000008000400dc050000',
  ],
  [
    'ip link set dev t0 addrgenmode eui64',
    setAddressMode(T0, 0),
    '300000001000050000000000000000000000000002000000000000000000000010001a000c000a000500080000000000',
  ],
  [
    'ip link set dev t0 mtu 1380',
    setLink(T0, 1380),
    '28000000100005000000000000000000000000000200000000000000000000000800040064050000',
  ],
];

for (const [command, request, octets] of RECORDED)
  test(command, () => assert.equal(toHex(encodeRequest(request, 0)), octets));

test('what is no address or prefix makes no request', () => {
  assert.throws(() => addAddress(T0, '10.3.0'), RangeError);
  const via = { index: T0, source: null };
  const route = { table: 4500, protocol: 145, metric: 1, via };
  assert.throws(() => replaceRoute({ ...route, destination: '10.0.0.0' + '/33' }), RangeError);
  assert.throws(
    () => replaceRoute({ ...route, destination: '10.0.0.0/8', via: { ...via, source: 'x' } }),
    RangeError,
  );
});
