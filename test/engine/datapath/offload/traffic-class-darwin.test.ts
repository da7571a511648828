/** Traffic classes with Darwin's structures, over real sockets behind a stand-in for its C library: see its head. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { OffloadLevel } from '../../../../engine/base/offload-level.ts';
import { DarwinArrivals } from '../../../../engine/datapath/offload/arrivals.darwin.ts';
import { arrivalsLength } from '../../../../engine/datapath/offload/arrivals.ts';
import { DarwinDepartures } from '../../../../engine/datapath/offload/departures.darwin.ts';
import { Targets } from '../../../../engine/datapath/targets.ts';
import { fixedMemory } from '../../../../engine/os/ffi/memory.ts';
import type { RawUdp } from '../../../../engine/os/udp/raw.ts';
import { openDarwinUdp } from '../../../../engine/os/udp/udp.darwin.ts';
import { type DarwinDouble, darwinDouble } from '../../os/darwin/support/double.ts';

const SLOTS = 64;
/** Of each packet of the test, in order. */
const CLASSES = [0, 0, 2, 2, 3, 2, 0xb8, 0xb8, 0xba, 0, 1, 0xff];
const SIZE = 100;

interface Ends {
  readonly double: DarwinDouble;
  readonly from: RawUdp;
  readonly to: RawUdp;
}

function opened(t: TestContext, level: OffloadLevel): Ends | undefined {
  const double = darwinDouble(t);
  if (!double) return undefined;
  const { libc } = double;
  const [from, to] = [openDarwinUdp(libc, { port: 0 }, level), openDarwinUdp(libc, { port: 0 }, level)];
  t.after(() => {
    double.refuseControl(false);
    double.refuseNames(false);
    from.close();
    to.close();
  });
  double.take();
  return { double, from, to };
}

interface Outcome {
  lost: number;
  gaveUp: number;
  marksLost: number;
}

/** Sends a packet for each class, which carries its number. */
function sender({ double, from, to }: Ends, address: string): { readonly outcome: Outcome; send(): void } {
  const memory = fixedMemory(CLASSES.length * SIZE);
  const outcome = { lost: 0, gaveUp: 0, marksLost: 0 };
  const departures = new DarwinDepartures({
    libc: double.libc,
    fd: from.fd,
    memory,
    at: 0,
    length: memory.length,
    segments: from.segments,
    marks: from.says !== 'none',
    lost: (packets) => {
      outcome.lost += packets;
    },
    gaveUp: () => outcome.gaveUp++,
    marksLost: () => outcome.marksLost++,
  });
  const target = new Targets().take({ address, port: to.local.port });
  const send = (): void => {
    for (const [i, trafficClass] of CLASSES.entries()) {
      memory.fill(i, departures.next, departures.next + SIZE);
      departures.add(SIZE, target, trafficClass);
    }
    departures.flush();
    assert.ok(departures.isEmpty);
  };
  return { outcome, send };
}

/** Class and number of each datagram that has arrived. */
function received({ double, to }: Ends): (readonly [number, number])[] {
  const memory = fixedMemory(arrivalsLength(SLOTS));
  const arrivals = new DarwinArrivals(double.libc, to.fd, memory, 0, SLOTS, to.coalesces);
  const count = arrivals.receive();
  return Array.from({ length: count }, (_, slot) => {
    arrivals.inspect(slot);
    assert.ok(arrivals.localAddress(slot), 'the local address is told beside it');
    return [arrivals.trafficClass, memory[arrivals.atOf(slot)] as number] as const;
  });
}

const NUMBERED = CLASSES.map((value, i) => [value, i]);
const UNMARKED = CLASSES.map((_, i) => [0, i]);
const NONE_WRONG: Outcome = { lost: 0, gaveUp: 0, marksLost: 0 };

for (const level of ['uso', 'packet'] as const)
  for (const address of ['127.0.0.1', '::1'])
    test(`each packet has its own class, ${level}, ${address}`, (t) => {
      const ends = opened(t, level);
      if (!ends) return;
      assert.deepEqual([ends.from.says, ends.to.tells], ['class', 'class']);
      const { outcome, send } = sender(ends, address);
      send();
      assert.deepEqual(outcome, NONE_WRONG);
      assert.deepEqual(received(ends), NUMBERED);
      const calls = ends.double.take().map((line) => line.split(' ')[0]);
      const sent = level === 'uso' ? ['sendmsg_x'] : CLASSES.map((c) => (c === 0 ? 'sendto' : 'sendmsg'));
      assert.deepEqual(
        calls.filter((call) => call?.startsWith('send')),
        sent,
      );
    });

for (const level of ['uso', 'packet'] as const)
  test(`where the system takes no traffic class, packets go without, ${level}`, (t) => {
    const ends = opened(t, level);
    if (!ends) return;
    ends.double.refuseControl(true);
    const { outcome, send } = sender(ends, '127.0.0.1');
    send();
    assert.deepEqual(outcome, { ...NONE_WRONG, marksLost: 1 });
    assert.deepEqual(received(ends), UNMARKED);
    send();
    assert.deepEqual(outcome, { ...NONE_WRONG, marksLost: 1 }, 'it is not asked again');
    assert.deepEqual(received(ends), UNMARKED);
  });

test('a kernel whose batches take no addresses keeps the marks', (t) => {
  const ends = opened(t, 'uso');
  if (!ends) return;
  ends.double.refuseNames(true);
  const { outcome, send } = sender(ends, '127.0.0.1');
  send();
  assert.deepEqual(outcome, { ...NONE_WRONG, gaveUp: 1 });
  assert.deepEqual(received(ends), NUMBERED);
});

test('a socket that is told of no class leaves it at that', (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  double.fail('setsockopt 35', 42);
  const udp = openDarwinUdp(double.libc, { port: 0 });
  udp.close();
  assert.equal(udp.tells, 'none');
});
