/** The tun of Windows over a session in memory that has the manners of wintun: events that one wait takes, full rings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import koffi from 'koffi';
import { OsError } from '../../../../engine/os/error.ts';
import { ERROR, WAIT } from '../../../../engine/os/ffi/abi.win32.ts';
import type { Kernel32 } from '../../../../engine/os/ffi/kernel32.win32.ts';
import { addressOf, fixedMemory } from '../../../../engine/os/ffi/memory.ts';
import { loadWintun, type Wintun } from '../../../../engine/os/ffi/wintun.win32.ts';
import { installedTun, windowsTun } from '../../../../engine/os/tun/tun.win32.ts';

const READ_EVENT = 900;

/** Memory of this process at an address, as the rings of the driver are. */
const memoryAt = (at: number, length: number): Uint8Array =>
  Uint8Array.from(koffi.decode(at, koffi.array('uint8', length)) as Uint8Array);

function world({ fail = 0, error = 87, room = 1000 } = {}) {
  const kept: Uint8Array[] = [];
  const sent: Uint8Array[] = [];
  const calls: string[] = [];
  const arrived: Uint8Array[] = [];
  const signalled = new Set<number>();
  const lengths = new Map<number, number>();
  let failures = fail;
  let waiting: ((which: number) => void) | undefined;
  const settle = (): void => {
    // The wake-up is the first of the two handles; a wait takes the session's event with it.
    const which = signalled.has(1) ? 0 : signalled.delete(READ_EVENT) ? 1 : undefined;
    if (which === undefined || !waiting) return;
    const done = waiting;
    waiting = undefined;
    setImmediate(done, WAIT.OBJECT_0 + which);
  };
  const wintun: Wintun = {
    createAdapter: (name, type, guid) => {
      calls.push(`create ${name} ${type} ${guid.length}`);
      return failures-- > 0 ? 0 : 10;
    },
    openAdapter: (name) => (name === 'culvert0' ? 77 : 0),
    closeAdapter: (adapter) => calls.push(`close ${adapter}`),
    luidOf: () => new Uint8Array(8),
    startSession: (adapter, capacity) => {
      calls.push(`start ${adapter} ${capacity}`);
      return 20;
    },
    endSession: (session) => calls.push(`end ${session}`),
    readWaitEvent: () => READ_EVENT,
    receive: (_session, lengthAt) => {
      const packet = arrived.shift();
      if (!packet) return 0;
      koffi.encode(lengthAt, 'uint32', packet.length);
      return addressOf(packet);
    },
    release: () => calls.push('release'),
    allocate: (_session, length) => {
      if (sent.length >= room) return 0;
      const memory = fixedMemory(length);
      kept.push(memory);
      lengths.set(addressOf(memory), length);
      return addressOf(memory);
    },
    send: (_session, packet) => sent.push(memoryAt(packet, lengths.get(packet) ?? 0)),
    driverVersion: () => 14,
  };
  const kernel: Kernel32 = {
    lastError: () => error,
    createEvent: () => 1,
    setEvent: (event) => {
      signalled.add(event);
      settle();
      return 1;
    },
    resetEvent: () => 1,
    closeHandle: () => 1,
    waitForAny: () => WAIT.TIMEOUT,
    waitForAnyAsync: (_at, _count, _milliseconds, done) => {
      waiting = done;
      settle();
    },
    copy: (to, from, length) => koffi.encode(to, koffi.array('uint8', length), memoryAt(from, length)),
  };
  const arrive = (...packets: Uint8Array[]): void => {
    for (const packet of packets) {
      const memory = fixedMemory(packet.length);
      memory.set(packet);
      kept.push(memory);
      arrived.push(memory);
    }
    signalled.add(READ_EVENT);
    settle();
  };
  const pauses: number[] = [];
  const port = (uptime: number) =>
    windowsTun({
      wintun,
      kernel,
      uptime: () => uptime,
      pause: async (milliseconds) => {
        pauses.push(milliseconds);
      },
    });
  return { port, calls, sent, arrive, pauses };
}

const request = { name: 'culvert%d', mtu: 1400 };
const LONG_AFTER_BOOT = 100_000;

test('takes the first free name, and closes session before adapter', async () => {
  const { port, calls } = world();
  const tun = await port(LONG_AFTER_BOOT).open(request);
  assert.deepEqual([tun.name, tun.mtu, tun.offload, tun.fd], ['culvert1', 1400, 'none', 20]);
  tun.close();
  tun.close();
  assert.deepEqual(calls, [
    'close 77',
    'create culvert1 Culvert 16',
    'start 10 4194304',
    'end 20',
    'close 10',
  ]);
});

test('while Windows starts it asks fifteen times, a second apart', async () => {
  const late = world({ fail: 14 });
  await late.port(30).open(request);
  assert.deepEqual(late.pauses, new Array(14).fill(1000));
  const never = world({ fail: 1000 });
  await assert.rejects(
    never.port(30).open(request),
    (e) =>
      e instanceof OsError && e.code === 'tun-unavailable' && e.detail === 'WintunCreateAdapter: error 87',
  );
  assert.equal(never.pauses.length, 14);
  const later = world({ fail: 1 });
  await assert.rejects(later.port(LONG_AFTER_BOOT).open(request));
  assert.deepEqual(later.pauses, []);
  const forbidden = world({ fail: 1000, error: ERROR.ACCESS_DENIED });
  await assert.rejects(
    forbidden.port(30).open(request),
    (e) => e instanceof OsError && e.code === 'permission',
  );
  assert.deepEqual(forbidden.pauses, []);
});

test('hands on everything that one wake-up stands for', async () => {
  const { port, calls, arrive } = world();
  const tun = await port(LONG_AFTER_BOOT).open(request);
  const heard: string[] = [];
  const all = new Promise<void>((resolve) => {
    tun.onPackets((packets) => {
      for (const packet of packets) heard.push(Buffer.from(packet).toString());
      if (heard.length === 200) resolve();
    });
  });
  arrive(...Array.from({ length: 200 }, (_, i) => new TextEncoder().encode(`packet ${i}`)));
  await all;
  assert.deepEqual(
    heard,
    Array.from({ length: 200 }, (_, i) => `packet ${i}`),
  );
  assert.equal(calls.filter((call) => call === 'release').length, 200);
  tun.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(calls.slice(-2), ['end 20', 'close 10'], 'once nobody waits any more');
});

test('gives packets to the ring as long as it has room', async () => {
  const { port, sent } = world({ room: 2 });
  const tun = await port(LONG_AFTER_BOOT).open(request);
  const packets = ['one', 'two', 'three'].map((text) => new TextEncoder().encode(text));
  assert.equal(tun.write(packets), 2);
  assert.deepEqual(
    sent.map((packet) => Buffer.from(packet).toString()),
    ['one', 'two'],
  );
  tun.close();
  assert.equal(tun.write(packets), 0);
});

test('names that are none, and a library that is not there', async () => {
  const { port } = world();
  for (const name of ['', 'a b', 'x'.repeat(16)])
    await assert.rejects(
      port(LONG_AFTER_BOOT).open({ name, mtu: 1400 }),
      (e) => e instanceof OsError && e.code === 'tun-unavailable',
    );
  assert.throws(() => loadWintun('wintun.dll'), RangeError);
  assert.throws(
    () => installedTun('/nowhere/node.exe'),
    (e) => e instanceof OsError && e.code === 'tun-unavailable',
  );
});
