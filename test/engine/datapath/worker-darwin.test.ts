/**
 * The workers' data path with Darwin's system calls, on a stand-in for its C library: a utun whose other end is in the
 * test's hands, real UDP sockets behind Darwin's structures, in a batch, one by one, and at a kernel whose batches take
 * no addresses.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OffloadLevel } from '../../../engine/base/offload-level.ts';
import type { Datapath, DatapathEvent } from '../../../engine/datapath/protocol.ts';
import { openWorkerDatapath } from '../../../engine/datapath/worker-client.ts';
import { answerEcho, buildEcho, parseEcho, readIp } from '../../../engine/gateway/ip-packets.ts';
import { loadLinuxLibc } from '../../../engine/os/ffi/libc.linux.ts';
import { addressOf, fixedMemory } from '../../../engine/os/ffi/memory.ts';
import { darwinTun } from '../../../engine/os/tun/tun.darwin.ts';
import { openDarwinUdp } from '../../../engine/os/udp/udp.darwin.ts';
import { openDgram } from '../../../engine/os/udp/udp.ts';
import { type DarwinDouble, darwinDouble } from '../os/darwin/support/double.ts';
import { GCM, pairs } from './support/pairs.ts';

const BOOT = new URL('../../../engine/datapath/boot.mjs', import.meta.url);

interface End {
  readonly path: Datapath;
  readonly events: DatapathEvent[];
  push(packet: Uint8Array): void;
  pull(): Uint8Array | undefined;
}

async function end(double: DarwinDouble, level: OffloadLevel = 'uso'): Promise<End> {
  const { libc } = double;
  const linux = loadLinuxLibc() ?? assert.fail('the other end of a utun is read by Linux’s calls');
  const tun = await darwinTun(libc).open({ name: 'culvert%d', mtu: 1400 });
  const host = double.hostEnd(tun.fd);
  const udp = openDarwinUdp(libc, { port: 0 }, level);
  const path = await openWorkerDatapath({ libc, tun, udp, workerUrl: BOOT, openSslPath: null });
  const events: DatapathEvent[] = [];
  path.onEvent((event) => events.push(event));
  const memory = fixedMemory(65_540);
  const family = (packet: Uint8Array): number => ((packet[0] as number) >>> 4 === 6 ? 30 : 2);
  return {
    path,
    events,
    push: (packet) => {
      memory.set([0, 0, 0, family(packet)]);
      memory.set(packet, 4);
      assert.equal(linux.write(host, addressOf(memory), 4 + packet.length), 4 + packet.length);
    },
    pull: () => {
      const length = linux.read(host, addressOf(memory), memory.length);
      if (length <= 0) return undefined;
      assert.deepEqual([...memory.subarray(0, 4)], [0, 0, 0, family(memory.subarray(4))]);
      return memory.slice(4, length);
    },
  };
}

async function until<T>(get: () => T | undefined | false): Promise<T> {
  for (let i = 0; i < 1000; i++) {
    const value = get();
    if (value !== undefined && value !== false) return value;
    await sleep(10);
  }
  return assert.fail('waited in vain');
}

const request = (sequence: number, from: string, to: string, length: number): Uint8Array =>
  buildEcho(from, to, { kind: 'request', identifier: 7, sequence, data: new Uint8Array(length) });

async function joined(double: DarwinDouble, level: OffloadLevel): Promise<readonly [End, End]> {
  const [a, b] = [await end(double, level), await end(double, level)];
  const { left, right } = pairs(GCM);
  a.path.install(left, { remote: { address: '127.0.0.1', port: b.path.local.port } });
  b.path.install(right, { remote: { address: '127.0.0.1', port: a.path.local.port } });
  await sleep(100);
  return [a, b];
}

/** Pings there and back over both families, then a burst, in order. */
async function carries([a, b]: readonly [End, End]): Promise<void> {
  for (let sequence = 1; sequence <= 20; sequence++) {
    const [from, to] = sequence % 2 ? ['10.1.0.1', '10.2.0.1'] : ['fd01::1', 'fd02::1'];
    a.push(request(sequence, from as string, to as string, sequence * 60));
    b.push(answerEcho(await until(() => b.pull())) ?? assert.fail('no request came out'));
    const reply = readIp(await until(() => a.pull()));
    assert.equal(reply && parseEcho(reply)?.sequence, sequence);
  }
  // As many as a socket pair holds (net.unix.max_dgram_qlen).
  for (let sequence = 0; sequence < 8; sequence++) a.push(request(sequence, '10.1.0.1', '10.2.0.1', 1300));
  const seen: number[] = [];
  await until(() => {
    for (let packet = b.pull(); packet; packet = b.pull()) {
      const ip = readIp(packet);
      seen.push((ip && parseEcho(ip)?.sequence) ?? -1);
    }
    return seen.length >= 8;
  });
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(
    [a, b].map((e) => Object.values(e.path.totals().drops).reduce((sum, n) => sum + n, 0)),
    [0, 0],
  );
}

async function withEnds(
  t: TestContext,
  level: OffloadLevel,
  use: (ends: readonly [End, End], double: DarwinDouble) => Promise<void>,
): Promise<void> {
  const double = darwinDouble(t);
  if (!double) return;
  double.take();
  const ends = await joined(double, level);
  try {
    await use(ends, double);
  } finally {
    for (const { path } of ends) await path.close();
  }
}

test('packets go in batches by sendmsg_x and recvmsg_x', (t) =>
  withEnds(t, 'uso', async (ends, double) => {
    assert.match(ends[0].path.description, /^workers, utun\d+, sendmsg_x recvmsg_x, DSCP ECN$/);
    await carries(ends);
    const calls = double.take();
    assert.ok(calls.some((line) => line.startsWith('sendmsg_x')));
    assert.ok(calls.some((line) => line.startsWith('recvmsg_x')));
    assert.ok(!calls.some((line) => /^(sendto|recvmsg) /.test(line)));
  }));

test('at the lowest level they go one by one', (t) =>
  withEnds(t, 'packet', async (ends, double) => {
    assert.match(ends[0].path.description, /^workers, utun\d+, no offload, DSCP ECN$/);
    await carries(ends);
    const calls = double.take();
    assert.ok(calls.some((line) => line.startsWith('sendto')));
    assert.ok(calls.some((line) => line.startsWith('recvmsg ')));
    assert.ok(!calls.some((line) => line.includes('msg_x')));
  }));

test('a kernel whose batches take no addresses is sent to one by one, and nothing is lost', (t) =>
  withEnds(t, 'uso', async (ends, double) => {
    double.refuseNames(true);
    try {
      await carries(ends);
      await until(() => ends[0].path.description.endsWith(', recvmsg_x, DSCP ECN'));
    } finally {
      double.refuseNames(false);
    }
  }));

test('IKE and keepalives leave with Darwin’s addresses, and IKE arrives with both', (t) =>
  withEnds(t, 'uso', async ([a], double) => {
    const peer = await openDgram({ port: 0, address: '127.0.0.1' });
    try {
      const received: number[][] = [];
      peer.onDatagram((bytes) => received.push([...bytes]));
      a.path.sendIke(Uint8Array.of(5, 6, 7), peer.local);
      await until(() => received.length === 1);
      assert.deepEqual(received[0], [0, 0, 0, 0, 5, 6, 7]);
      const to = { address: '127.0.0.1', port: a.path.local.port };
      peer.send(Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 5), to);
      await until(() => a.events.length === 1);
      assert.deepEqual(a.events[0], {
        kind: 'ike',
        bytes: Uint8Array.of(1, 2, 3, 4, 5),
        remote: peer.local,
        local: to,
      });
      a.path.keepalive(peer.local, 0.1);
      await until(() => received.length >= 2);
      assert.deepEqual(received[1], [0xff]);
      const name = `1c1e${peer.local.port.toString(16).padStart(4, '0')}00000000${'00'.repeat(10)}ffff7f00000100000000`;
      const sent = double.take().filter((line) => line.startsWith('sendto'));
      assert.deepEqual(
        sent.slice(0, 2).map((line) => line.replace(/^sendto \d+ /, '')),
        [`7 128 ${name}`, `1 128 ${name}`],
      );
    } finally {
      peer.close();
    }
  }));

test('a port in use is told as such', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const first = openDarwinUdp(double.libc, { port: 0, address: '127.0.0.1' });
  try {
    assert.throws(() => openDarwinUdp(double.libc, { port: first.local.port, address: '127.0.0.1' }), {
      name: 'OsError',
      code: 'udp-unavailable',
    });
    assert.equal(first.segments, true);
    assert.equal(first.send(new Uint8Array(4), new Uint8Array(65_535), first.local), false);
  } finally {
    first.close();
    first.close();
  }
});
