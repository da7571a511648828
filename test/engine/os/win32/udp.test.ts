/** The data path's socket on Windows and what it asks of a path, over a Winsock that is played. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import { formatIp } from '../../../../engine/base/ip.ts';
import type { IpHelper } from '../../../../engine/os/ffi/iphlpapi.win32.ts';
import { NO_SOCKET, type Winsock } from '../../../../engine/os/ffi/winsock.win32.ts';
import { interfaceQuery, routeRow, writeInet } from '../../../../engine/os/route/rows.win32.ts';
import { openWindowsUdp, windowsUdp } from '../../../../engine/os/udp/udp.win32.ts';
import { octetsAt } from '../../datapath/support/played-memory.ts';
import { fakeHelper, luidOfIndex } from './support/fake-helper.ts';

const SOCKET = 44;

interface Played {
  /** Options, as level and number, that are not there. */
  readonly lacks?: readonly string[];
  /** Answers of getsockopt to such an option. */
  readonly mtu?: Readonly<Record<string, number>>;
  readonly routes?: boolean;
}

interface PlayedWinsock {
  readonly winsock: Winsock;
  /** What was set, as level, number and value. */
  readonly set: string[];
  readonly connected: string[];
  open: number;
}

function played({ lacks = [], mtu = {}, routes = true }: Played): PlayedWinsock {
  const state: PlayedWinsock = {
    set: [],
    connected: [],
    open: 0,
    winsock: {
      lastError: () => 10042,
      socket: () => {
        state.open++;
        return SOCKET;
      },
      close: () => {
        state.open--;
        return 0;
      },
      bind: () => 0,
      connect: (_socket, at, length) => {
        const name = octetsAt(at, length);
        assert.equal((name[2] as number) * 256 + (name[3] as number), 4500);
        assert.equal(length, name[0] === 2 ? 16 : 28);
        state.connected.push(formatIp(name[0] === 2 ? name.subarray(4, 8) : name.subarray(8, 24)));
        return routes ? 0 : -1;
      },
      getsockname: () => 0,
      setsockopt: (_socket, level, name, at) => {
        const value = koffi.decode(at, 'int32') as number;
        state.set.push(`${level} ${name} ${value}`);
        return lacks.includes(`${level} ${name}`) ? -1 : 0;
      },
      getsockopt: (_socket, level, name, at, lengthAt) => {
        assert.equal(koffi.decode(lengthAt, 'int32'), 4);
        const value = mtu[`${level} ${name}`];
        if (value === undefined) return -1;
        koffi.encode(at, 'uint32', value);
        return 0;
      },
      sendto: () => -1,
      sendMessage: () => -1,
      control: () => 0,
      selectEvents: () => 0,
      receiveMessage: () => () => -1,
    },
  };
  return state;
}

const [IP_ECN, IPV6_ECN, IPV6_TCLASS] = ['0 50', '41 50', '41 39'];

test('each mark is asked for by itself, and left out where it is missing', () => {
  for (const [lacks, says, tells] of [
    [[], 'class', 'ecn'],
    [[IPV6_TCLASS], 'ecn', 'ecn'],
    [[IPV6_TCLASS, IPV6_ECN], 'none', 'none'],
    [[IPV6_TCLASS, IP_ECN], 'none', 'none'],
    [[IP_ECN, IPV6_ECN], 'class', 'none'],
    [[IPV6_TCLASS, IP_ECN, IPV6_ECN], 'none', 'none'],
  ] as const) {
    const { winsock, set } = played({ lacks });
    const udp = openWindowsUdp(winsock, { port: 0 });
    assert.deepEqual([udp.says, udp.tells], [says, tells], lacks.join());
    for (const option of [`${IP_ECN} 1`, `${IPV6_ECN} 1`, `${IPV6_TCLASS} 0`])
      assert.ok(set.includes(option));
    udp.close();
  }
});

test('marks are no offload: they stay when that is limited', () => {
  const udp = openWindowsUdp(played({}).winsock, { port: 0 }, 'packet');
  assert.deepEqual([udp.segments, udp.coalesces, udp.says, udp.tells], [false, false, 'class', 'ecn']);
});

const [IP_MTU, IPV6_MTU] = ['0 73', '41 72'];

/** A machine with one way out, over an interface of MTU 1500. */
function helper(): IpHelper {
  const luid = luidOfIndex(7);
  const found = {
    row: routeRow({ luid, destination: '0.0.0.0/0', metric: 0 }),
    source: writeInet(Uint8Array.of(192, 0, 2, 9)),
  };
  return { ...fakeHelper({ Ethernet: 7 }), bestRoute: () => found };
}

test('the path MTU is what the system has learnt for a connected socket', async () => {
  const machine = played({ mtu: { [IP_MTU as string]: 1380, [IPV6_MTU as string]: 1280 } });
  const udp = windowsUdp(helper(), machine.winsock);
  assert.deepEqual([await udp.pathMtu('198.51.100.7'), await udp.pathMtu('2001:db8::7')], [1380, 1280]);
  assert.deepEqual(machine.connected, ['198.51.100.7', '2001:db8::7']);
  assert.equal(machine.open, 0, 'every socket is closed');
  assert.equal(await udp.pathMtu('not an address'), undefined);
});

test('where that is not told it is the interface’s, and never more than a datagram has', async () => {
  for (const state of [{}, { routes: false }, { mtu: { [IP_MTU as string]: 0 } }])
    assert.equal(await windowsUdp(helper(), played(state).winsock).pathMtu('198.51.100.7'), 1500);
  assert.equal(await windowsUdp(helper(), undefined).pathMtu('198.51.100.7'), 1500);
  const none = { ...played({}).winsock, socket: () => NO_SOCKET };
  assert.equal(await windowsUdp(helper(), none).pathMtu('198.51.100.7'), 1500);
  const loopback = played({ mtu: { [IP_MTU as string]: 0xffff_ffff } });
  assert.equal(await windowsUdp(helper(), loopback.winsock).pathMtu('127.0.0.1'), 65_535);
  const wide = helper();
  const row = interfaceQuery(luidOfIndex(7), 4);
  wide.getInterface(row);
  new DataView(row.buffer).setUint32(152, 0xffff_ffff, true);
  new DataView(row.buffer).setUint32(144, 0, true);
  assert.equal(wide.setInterface(row), 0);
  assert.equal(await windowsUdp(wide, undefined).pathMtu('127.0.0.1'), 65_535);
});
