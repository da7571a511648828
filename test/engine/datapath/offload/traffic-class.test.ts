/** Traffic classes over a real socket: said with each message, told with each datagram, with and without offloads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import type { Instant } from '../../../../engine/base/brand.ts';
import type { OffloadLevel } from '../../../../engine/base/offload-level.ts';
import { SOCKADDR_LENGTH, writeSockaddr } from '../../../../engine/base/sockaddr.ts';
import { Arrivals, arrivalsLength } from '../../../../engine/datapath/offload/arrivals.ts';
import { Departures } from '../../../../engine/datapath/offload/departures.ts';
import type { Target } from '../../../../engine/datapath/targets.ts';
import { ERRNO, MMSGHDR } from '../../../../engine/os/ffi/abi.ts';
import { fixedMemory, type LinuxLibc, loadLinuxLibc } from '../../../../engine/os/ffi/libc.linux.ts';
import type { RawUdp } from '../../../../engine/os/udp/raw.ts';
import { openRawUdp } from '../../../../engine/os/udp/udp.linux.ts';
import { requireOrSkip } from '../../../support/require.ts';

const SLOTS = 64;
/** Of each packet of the test, in order: runs that join, and changes that must not. */
const CLASSES = [0, 0, 0, 2, 2, 2, 3, 2, 0xb8, 0xb8, 0xba, 0, 1];
const SIZE = 400;

interface Ends {
  readonly libc: LinuxLibc;
  readonly from: RawUdp;
  readonly to: RawUdp;
}

function opened(t: Parameters<typeof requireOrSkip>[0], level: OffloadLevel): Ends | undefined {
  const libc = loadLinuxLibc();
  if (!libc || !requireOrSkip(t, { files: ['/proc/self/fd'] })) return undefined;
  const [from, to] = [openRawUdp(libc, { port: 0 }, level), openRawUdp(libc, { port: 0 }, level)];
  t.after(() => {
    from.close();
    to.close();
  });
  return { libc, from, to };
}

function targetAt(address: string, port: number): Target {
  const sockaddr = new Uint8Array(SOCKADDR_LENGTH);
  writeSockaddr({ address, port }, sockaddr, 0);
  const version = address.includes(':') ? 6 : 4;
  return { remote: { address, port }, sockaddr, version, lastSent: 0 as Instant, keepaliveMs: 0, users: 1 };
}

/** Sends a packet for each class, which carries its number: how many the system refused, how often it lost its marks. */
function send(
  { from }: Ends,
  libc: Pick<LinuxLibc, 'sendmmsg' | 'errno'>,
  target: Target,
): readonly [refused: number, marksLost: number] {
  const memory = fixedMemory(CLASSES.length * SIZE);
  let refused = 0;
  let marksLost = 0;
  const departures = new Departures({
    libc,
    fd: from.fd,
    memory,
    at: 0,
    length: memory.length,
    segments: from.segments,
    marks: from.says !== 'none',
    lost: (packets) => {
      refused += packets;
    },
    gaveUp: () => assert.fail('loopback segments'),
    marksLost: () => marksLost++,
  });
  for (const [i, trafficClass] of CLASSES.entries()) {
    memory.fill(i, departures.next, departures.next + SIZE);
    departures.add(SIZE, target, trafficClass);
  }
  departures.flush();
  return [refused, marksLost];
}

/** Class and number of each datagram that has arrived. */
function received({ libc, to }: Ends): [number, number][] {
  const memory = fixedMemory(arrivalsLength(SLOTS));
  const arrivals = new Arrivals(libc, to.fd, memory, 0, SLOTS);
  const count = arrivals.receive();
  const seen: [number, number][] = [];
  for (let slot = 0; slot < count; slot++) {
    arrivals.inspect(slot);
    const end = arrivals.atOf(slot) + arrivals.lengthOf(slot);
    for (let at = arrivals.atOf(slot); at < end; at += arrivals.size)
      seen.push([arrivals.trafficClass, memory[at] as number]);
  }
  return seen;
}

for (const level of ['packet', 'udp'] as const)
  for (const address of ['127.0.0.1', '::1'])
    test(`each packet has its own class, ${level}, ${address}`, (t) => {
      const ends = opened(t, level);
      if (!ends) return;
      assert.deepEqual([ends.from.says, ends.to.tells], ['class', 'class']);
      assert.deepEqual(send(ends, ends.libc, targetAt(address, ends.to.local.port)), [0, 0]);
      assert.deepEqual(
        received(ends),
        CLASSES.map((value, i) => [value, i]),
      );
    });

test('where the system takes no traffic class, packets go without', (t) => {
  const ends = opened(t, 'udp');
  if (!ends) return;
  // Stands for a kernel that knows neither control message: it refuses whatever has one.
  let calls = 0;
  let refusing = false;
  const libc: Pick<LinuxLibc, 'sendmmsg' | 'errno'> = {
    errno: () => (refusing ? ERRNO.EINVAL : ends.libc.errno()),
    sendmmsg: (fd, at, _count, flags) => {
      calls++;
      refusing = Number(koffi.decode(at + MMSGHDR.controllen, 'uint64')) > 0;
      return refusing ? -1 : ends.libc.sendmmsg(fd, at, 1, flags);
    },
  };
  assert.deepEqual(send(ends, libc, targetAt('127.0.0.1', ends.to.local.port)), [0, 1]);
  assert.ok(calls > 0);
  assert.deepEqual(
    received(ends).map(([, i]) => i),
    CLASSES.map((_, i) => i),
  );
});
