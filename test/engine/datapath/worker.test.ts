/** The workers' data path over socket pairs in place of tun devices: same packet boundaries, no root needed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OffloadLevel } from '../../../engine/base/offload-level.ts';
import type { Datapath, DatapathEvent } from '../../../engine/datapath/protocol.ts';
import { openWorkerDatapath } from '../../../engine/datapath/worker-client.ts';
import { setTrafficClass, trafficClass } from '../../../engine/esp/outer-header.ts';
import { answerEcho, buildEcho, parseEcho, readIp } from '../../../engine/gateway/ip-packets.ts';
import { SOCK } from '../../../engine/os/ffi/abi.ts';
import { addressOf, fixedMemory, type LinuxLibc, loadLinuxLibc } from '../../../engine/os/ffi/libc.linux.ts';
import type { Tun, TunOffload } from '../../../engine/os/tun/port.ts';
import type { RawUdp } from '../../../engine/os/udp/raw.ts';
import { openRawUdp } from '../../../engine/os/udp/udp.linux.ts';
import { openDgram } from '../../../engine/os/udp/udp.ts';
import { requireOrSkip } from '../../support/require.ts';
import { octets, superPacket, takeApart, type Wish } from './offload/support/super-packets.ts';
import { anyPort, GCM, NO_LIMITS, pairs } from './support/pairs.ts';

const BOOT = new URL('../../../engine/datapath/boot.mjs', import.meta.url);
const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;

interface End {
  readonly path: Datapath;
  readonly events: DatapathEvent[];
  /** Sends a packet into the interface. */
  push(packet: Uint8Array): void;
  /** The next packet out of the interface, if there is one. */
  pull(): Uint8Array | undefined;
  /** Ends the interface under the data path's feet. */
  cut(): void;
}

async function end(
  libc: LinuxLibc,
  offload: TunOffload = 'none',
  level: OffloadLevel = 'packet',
  limits: Partial<Pick<RawUdp, 'says' | 'tells'>> = {},
): Promise<End> {
  const fds = fixedMemory(8);
  assert.equal(libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK.NONBLOCK | SOCK.CLOEXEC, 0, addressOf(fds)), 0);
  const [inner = -1, host = -1] = new Int32Array(fds.buffer);
  let open = true;
  const cut = (): void => {
    if (open) libc.close(host);
    open = false;
  };
  const tun: Tun = {
    name: 'pair0',
    mtu: 1400,
    fd: inner,
    offload,
    onPackets: () => assert.fail('a worker reads the descriptor itself'),
    write: () => assert.fail('a worker writes the descriptor itself'),
    close: () => {
      libc.close(inner);
      cut();
    },
  };
  const whole = openRawUdp(libc, { port: 0 }, level);
  const { fd, local, segments, coalesces, says, tells } = whole;
  const send: RawUdp['send'] = (...datagram) => whole.send(...datagram);
  const own = { fd, local, segments, coalesces, says, tells, send, close: () => whole.close() };
  const udp: RawUdp = { ...own, ...limits };
  const path = await openWorkerDatapath({ libc, tun, udp, workerUrl: BOOT, openSslPath: null });
  const events: DatapathEvent[] = [];
  path.onEvent((event) => events.push(event));
  const memory = fixedMemory(65536);
  return {
    path,
    events,
    cut,
    push: (packet) => {
      memory.set(packet);
      assert.equal(libc.write(host, addressOf(memory), packet.length), packet.length);
    },
    pull: () => {
      const length = libc.read(host, addressOf(memory), memory.length);
      return length > 0 ? memory.slice(0, length) : undefined;
    },
  };
}

async function until<T>(get: () => T | undefined | false): Promise<T> {
  for (let i = 0; i < 500; i++) {
    const value = get();
    if (value !== undefined && value !== false) return value;
    await sleep(10);
  }
  throw new Error('it did not happen in five seconds');
}

function linux(t: Parameters<typeof requireOrSkip>[0]): LinuxLibc | undefined {
  const libc = loadLinuxLibc();
  if (!libc || !requireOrSkip(t, { files: ['/proc/self/fd'] })) return undefined;
  return libc;
}

test('two workers carry pings over IPv4 and IPv6, with keys gone from the caller', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const [a, b] = [await end(libc), await end(libc)];
  try {
    const { left, right } = pairs(GCM);
    a.path.install(left, { remote: { address: '127.0.0.1', port: b.path.local.port } });
    b.path.install(right, { remote: { address: '::1', port: a.path.local.port } });
    assert.ok(Object.values(left.keys).every((key) => key.every((octet) => octet === 0)));
    await sleep(100);
    for (let sequence = 1; sequence <= 50; sequence++) {
      const [from, to] = sequence % 2 ? ['10.1.0.1', '10.2.0.1'] : ['fd01::1', 'fd02::1'];
      a.push(
        buildEcho(from as string, to as string, {
          kind: 'request',
          identifier: 7,
          sequence,
          data: new Uint8Array(sequence * 20),
        }),
      );
      const request = await until(() => b.pull());
      b.push(answerEcho(request) as Uint8Array);
      const reply = readIp(await until(() => a.pull()));
      assert.equal(reply && parseEcho(reply)?.sequence, sequence);
    }
    const counters = a.path.counters(1);
    assert.deepEqual([counters?.packetsIn, counters?.packetsOut], [50, 50]);
    assert.equal(counters?.bytesIn, counters?.bytesOut);
    assert.ok((counters?.idleIn ?? 1e9) < 1000);
    // Each knows the other by another family's address than its packets come from.
    assert.ok(
      a.events.every((event) => event.kind === 'peer-moved'),
      JSON.stringify(a.events),
    );
  } finally {
    await a.path.close();
    await b.path.close();
  }
});

test('a worker says and hears no more of the outer header than its socket does', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const [EF_ECT0, ECT0] = [0xba, 0x02];
  for (const [says, out, tells, expected, words] of [
    ['class', 'yes', 'class', EF_ECT0, 'DSCP ECN'],
    ['ecn', 'yes', 'class', ECT0, 'ECN out, DSCP ECN in'],
    ['none', 'yes', 'class', ECT0, 'no marks out, DSCP ECN in'],
    ['class', 'no', 'class', ECT0, 'DSCP ECN'],
    ['class', 'no', 'ecn', EF_ECT0, 'DSCP ECN'],
  ] as const) {
    const a = await end(libc, 'none', 'packet', { says });
    const b = await end(libc, 'none', 'packet', { tells });
    try {
      assert.equal(a.path.description, `workers, pair0, no offload, ${words}`);
      const { left, right } = pairs(GCM);
      a.path.install(
        { ...left, copyDscp: out },
        { remote: { address: '127.0.0.1', port: b.path.local.port } },
      );
      // What comes in has the DSCP of its outer header, where that is told.
      b.path.install(
        { ...right, copyDscp: 'in' },
        { remote: { address: '127.0.0.1', port: a.path.local.port } },
      );
      await sleep(100);
      const packet = buildEcho('10.1.0.1', '10.2.0.1', {
        kind: 'request',
        identifier: 7,
        sequence: 1,
        data: new Uint8Array(50),
      });
      setTrafficClass(packet, 0, EF_ECT0);
      a.push(packet);
      assert.equal(trafficClass(await until(() => b.pull()), 0), expected, `${says}, ${out}, ${tells}`);
    } finally {
      await a.path.close();
      await b.path.close();
    }
  }
});

test('a burst arrives whole and in order', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const [a, b] = [await end(libc), await end(libc)];
  try {
    const { left, right } = pairs(GCM);
    a.path.install(left, { remote: { address: '127.0.0.1', port: b.path.local.port } });
    b.path.install(right, { remote: { address: '127.0.0.1', port: a.path.local.port } });
    await sleep(100);
    const seen: number[] = [];
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 10; i++)
        a.push(
          buildEcho('10.1.0.1', '10.2.0.1', {
            kind: 'request',
            identifier: 1,
            sequence: round * 10 + i,
            data: new Uint8Array(1300),
          }),
        );
      await until(() => {
        for (let packet = b.pull(); packet; packet = b.pull()) {
          const ip = readIp(packet);
          seen.push((ip && parseEcho(ip)?.sequence) ?? -1);
        }
        return seen.length === (round + 1) * 10;
      });
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.equal(b.path.totals().datagramsIn, 200);
  } finally {
    await a.path.close();
    await b.path.close();
  }
});

test('IKE goes both ways at once and names both addresses', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const a = await end(libc);
  const peer = await openDgram({ port: 0, address: '127.0.0.1' });
  try {
    const received: Uint8Array[] = [];
    peer.onDatagram((bytes) => received.push(bytes));
    a.path.sendIke(Uint8Array.of(5, 6, 7), peer.local);
    await until(() => received.length === 1);
    assert.deepEqual(new Uint8Array(received[0] as Uint8Array), Uint8Array.of(0, 0, 0, 0, 5, 6, 7));
    const to = { address: '127.0.0.1', port: a.path.local.port };
    peer.send(Uint8Array.of(0xff), to);
    peer.send(Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 5), to);
    await until(() => a.events.length === 1);
    assert.deepEqual(a.events[0], {
      kind: 'ike',
      bytes: Uint8Array.of(1, 2, 3, 4, 5),
      remote: peer.local,
      local: to,
    });
    a.path.keepalive(peer.local, 0.1);
    await until(() => received.length >= 3);
    assert.deepEqual(new Uint8Array(received[2] as Uint8Array), Uint8Array.of(0xff));
  } finally {
    peer.close();
    await a.path.close();
  }
});

test('limits and removal come up as events and free the counters', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const a = await end(libc);
  try {
    const { left } = pairs(GCM, { limits: { ...NO_LIMITS, softPackets: 2, hardPackets: 3 } });
    a.path.install(left, { remote: { address: '127.0.0.1', port: 9 } });
    await sleep(50);
    for (let sequence = 0; sequence < 5; sequence++)
      a.push(
        buildEcho('10.1.0.1', '10.2.0.1', {
          kind: 'request',
          identifier: 1,
          sequence,
          data: new Uint8Array(8),
        }),
      );
    await until(() => a.path.totals().drops.expired === 2);
    await until(() => a.events.length === 2);
    assert.deepEqual(a.events, [
      { kind: 'soft-limit', id: 1 },
      { kind: 'hard-limit', id: 1 },
    ]);
    a.path.remove(1, 100);
    assert.equal(a.path.counters(1)?.packetsOut, 3);
    await until(() => a.path.counters(1) === undefined);
  } finally {
    await a.path.close();
  }
});

test('a tun that goes away is a failure told once, and closing still works', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const a = await end(libc);
  a.cut();
  await until(() => a.events.length === 1);
  assert.equal(a.events[0]?.kind, 'failed');
  await a.path.close();
  await a.path.close();
  assert.equal(a.events.length, 1);
});

test('a worker that crashes is a failure', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const a = await end(libc);
  const { left } = pairs(GCM);
  a.path.install(
    { ...left, suite: { encr: 9999, keyBits: 128, integ: 0 } },
    { remote: { address: '127.0.0.1', port: 9 } },
  );
  await until(() => a.events.length === 1);
  assert.equal(a.events[0]?.kind, 'failed');
  await a.path.close();
});

test('an idle data path closes at once', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const a = await end(libc);
  await sleep(50);
  const start = performance.now();
  await a.path.close();
  assert.ok(performance.now() - start < 500);
});

const BULK: Wish = {
  version: 4,
  protocol: 'tcp',
  source: 1,
  destination: 1,
  ports: [1000, 2000],
  trafficClass: 0,
  hopLimit: 64,
  dontFragment: true,
  identification: 5,
  sequence: 1,
  acknowledgement: 7,
  window: 500,
  flags: 0x18,
  options: octets(12, 1),
  payload: octets(60_000, 2),
};

for (const level of ['packet', 'udp', 'uso'] as const)
  test(`super-packets cross whole, with the socket's offloads at ${level}`, async (t) => {
    const libc = linux(t);
    if (!libc) return;
    const [a, b] = [await end(libc, 'uso', level), await end(libc, 'uso', level)];
    try {
      const local = [anyPort('10.1.0.0', 24), anyPort('fd01::', 64)];
      const { left, right } = pairs(GCM, { local, remote: local });
      a.path.install(left, { remote: { address: '127.0.0.1', port: b.path.local.port } });
      b.path.install(right, { remote: { address: '127.0.0.1', port: a.path.local.port } });
      await sleep(100);
      for (const [version, protocol] of [
        [4, 'tcp'],
        [6, 'tcp'],
        [4, 'udp'],
        [6, 'udp'],
      ] as const) {
        const packet = superPacket({ ...BULK, version, protocol }, 1300);
        const expected = takeApart(packet);
        a.push(packet);
        const seen: Uint8Array[] = [];
        let writes = 0;
        await until(() => {
          for (let octets = b.pull(); octets; octets = b.pull(), writes++) seen.push(...takeApart(octets));
          return seen.length === expected.length;
        });
        assert.deepEqual(seen, expected);
        if (level === 'uso') assert.ok(writes < 6, `${writes} writes for ${expected.length} packets`);
      }
      assert.equal(a.path.counters(1)?.packetsOut, b.path.counters(1)?.packetsIn);
      assert.deepEqual(
        Object.entries(b.path.totals().drops).filter(([, n]) => n > 0),
        [],
      );
      assert.match(
        a.path.description,
        level === 'packet' ? /TSO USO, DSCP ECN$/ : /TSO USO UDP GSO UDP GRO, DSCP ECN$/,
      );
    } finally {
      await a.path.close();
      await b.path.close();
    }
  });

test('what no tun would hand over is a drop and nothing more', async (t) => {
  const libc = linux(t);
  if (!libc) return;
  const [a, b] = [await end(libc, 'uso', 'uso'), await end(libc, 'uso', 'uso')];
  try {
    const local = [anyPort('10.1.0.0', 24)];
    const { left, right } = pairs(GCM, { local, remote: local });
    a.path.install(left, { remote: { address: '127.0.0.1', port: b.path.local.port } });
    b.path.install(right, { remote: { address: '127.0.0.1', port: a.path.local.port } });
    await sleep(100);
    let bad = 0;
    for (let i = 0; i < 600; i++) {
      const packet = superPacket({ ...BULK, payload: octets(500, i) }, 100);
      // A kind that does not exist makes each of them wrong, whatever else is.
      packet[1] = 0x7f;
      for (let k = 0; k < i % 7; k++) packet[(i * 31 + k * 17) % packet.length] = (i * 7 + k) & 0xff;
      if (packet[1] === 0x7f) bad++;
      a.push(i % 50 === 0 ? packet.slice(0, i % 30 || 1) : packet);
      if (i % 64 === 63) await sleep(5);
    }
    const good = superPacket(BULK, 1300);
    a.push(good);
    const seen: Uint8Array[] = [];
    await until(() => {
      for (let octets = b.pull(); octets; octets = b.pull()) seen.push(...takeApart(octets));
      return seen.length >= takeApart(good).length;
    });
    const { drops } = a.path.totals();
    assert.ok(drops.malformed + drops['no-route'] >= bad - 12, JSON.stringify(drops));
    assert.deepEqual(a.events, []);
  } finally {
    await a.path.close();
    await b.path.close();
  }
});
