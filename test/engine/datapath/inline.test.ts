import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Instant } from '../../../engine/base/brand.ts';
import { openInlineDatapath } from '../../../engine/datapath/inline.ts';
import type { Datapath, DatapathEvent } from '../../../engine/datapath/protocol.ts';
import { answerEcho, buildEcho, parseEcho, readIp } from '../../../engine/gateway/ip-packets.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { MemoryTun } from '../../../engine/os/tun/tun.fake.ts';
import { localAddressFor, openDgram } from '../../../engine/os/udp/udp.ts';
import { GCM, pairs } from './support/pairs.ts';

const clock = (): Instant => performance.now() as Instant;

interface End {
  readonly path: Datapath;
  readonly tun: MemoryTun;
  readonly events: DatapathEvent[];
}

async function end(address?: string): Promise<End> {
  const tun = new MemoryTun();
  const udp = await openDgram(address === undefined ? { port: 0 } : { port: 0, address });
  const path = await openInlineDatapath({
    tun,
    udp,
    clock,
    localAddressFor,
    crypto: nodeProvider,
    fillRandom: (into) => randomFillSync(into),
  });
  const events: DatapathEvent[] = [];
  path.onEvent((event) => events.push(event));
  return { path, tun, events };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 300 && !holds(); i++) await sleep(10);
  assert.ok(holds(), 'it did not happen in three seconds');
}

/** Joins two ends over loopback; `host` is where each finds the other. */
async function joined(host: string, address?: string): Promise<[End, End]> {
  const [a, b] = [await end(address), await end(address)];
  const { left, right } = pairs(GCM);
  a.path.install(left, { remote: { address: host, port: b.path.local.port } });
  b.path.install(right, { remote: { address: host, port: a.path.local.port } });
  return [a, b];
}

for (const [title, host, address] of [
  ['IPv4 outside', '127.0.0.1', '127.0.0.1'],
  ['IPv6 outside', '::1', '::1'],
  ['IPv4 through a socket for both families', '127.0.0.1', undefined],
  ['IPv6 through a socket for both families', '::1', undefined],
] as const)
  test(`two data paths carry pings, ${title}`, async () => {
    const [a, b] = await joined(host, address);
    try {
      b.tun.onHostPacket((packet) => {
        const answer = answerEcho(packet);
        if (answer) b.tun.push(answer);
      });
      const answers: number[] = [];
      a.tun.onHostPacket((packet) => {
        const ip = readIp(packet);
        const echo = ip && parseEcho(ip);
        if (echo?.kind === 'reply') answers.push(echo.sequence);
      });
      for (let sequence = 1; sequence <= 20; sequence++) {
        const [from, to] = sequence % 2 ? ['10.1.0.1', '10.2.0.1'] : ['fd01::1', 'fd02::1'];
        a.tun.push(
          buildEcho(from as string, to as string, {
            kind: 'request',
            identifier: 7,
            sequence,
            data: new Uint8Array(sequence * 50),
          }),
        );
        await until(() => answers.length === sequence);
      }
      assert.deepEqual(
        answers,
        Array.from({ length: 20 }, (_, i) => i + 1),
      );
      const counters = a.path.counters(1);
      assert.equal(counters?.packetsOut, 20);
      assert.equal(counters?.packetsIn, 20);
      assert.equal(counters?.bytesIn, counters?.bytesOut);
      assert.ok((counters?.idleIn ?? 1e9) < 3000);
      assert.deepEqual(a.events, []);
      assert.deepEqual(b.events, []);
    } finally {
      await a.path.close();
      await b.path.close();
    }
  });

test('IKE, keepalives and unknown SPIs are told apart', async () => {
  const [a, b] = [await end(), await end()];
  try {
    const toB = { address: '127.0.0.1', port: b.path.local.port };
    a.path.sendIke(Uint8Array.of(1, 2, 3, 4, 5), toB);
    await until(() => b.events.length === 1);
    assert.deepEqual(b.events[0], {
      kind: 'ike',
      bytes: Uint8Array.of(1, 2, 3, 4, 5),
      remote: { address: '127.0.0.1', port: a.path.local.port },
      local: { address: '127.0.0.1', port: b.path.local.port },
    });
    a.path.keepalive(toB, 0.05);
    await until(() => b.path.totals().datagramsIn >= 3);
    a.path.keepalive(toB, 0);
    assert.equal(b.events.length, 1);

    const stranger = await openDgram({ port: 0, address: '127.0.0.1' });
    for (let i = 0; i < 20; i++) stranger.send(Uint8Array.of(9, 9, 9, 9, 0, 0, 0, 1, 0, 0), toB);
    await until(() => b.path.totals().drops['no-sa'] === 20);
    const unknown = b.events.filter((event) => event.kind === 'unknown-spi');
    assert.equal(unknown.length, 5, 'the events are rate-limited');
    assert.deepEqual(unknown[0], { kind: 'unknown-spi', spi: 0x09090909, remote: stranger.local });
    stranger.close();
  } finally {
    await a.path.close();
    await b.path.close();
  }
});

test('a closed data path is quiet, and closing twice is fine', async () => {
  const [a, b] = await joined('127.0.0.1', '127.0.0.1');
  await b.path.close();
  await b.path.close();
  a.tun.push(
    buildEcho('10.1.0.1', '10.2.0.1', {
      kind: 'request',
      identifier: 1,
      sequence: 1,
      data: new Uint8Array(0),
    }),
  );
  await sleep(20);
  assert.equal(b.path.totals().datagramsIn, 0);
  await a.path.close();
});

test('packets that come before their pair is installed reach the host then', async () => {
  const [a, b] = [await end('127.0.0.1'), await end('127.0.0.1')];
  try {
    const { left, right } = pairs(GCM);
    const heard: number[] = [];
    b.tun.onHostPacket((packet) => {
      const ip = readIp(packet);
      const echo = ip && parseEcho(ip);
      if (echo) heard.push(echo.sequence);
    });
    a.path.install(left, { remote: { address: '127.0.0.1', port: b.path.local.port } });
    for (let sequence = 1; sequence <= 3; sequence++)
      a.tun.push(
        buildEcho('10.1.0.1', '10.2.0.1', {
          kind: 'request',
          identifier: 7,
          sequence,
          data: new Uint8Array(40),
        }),
      );
    await until(() => b.path.totals().drops['no-sa'] === 3);
    b.path.install(right, { remote: { address: '127.0.0.1', port: a.path.local.port } });
    await until(() => heard.length === 3);
    assert.deepEqual(heard, [1, 2, 3]);
    assert.equal(b.path.totals().drops['no-sa'], 0);
  } finally {
    await Promise.all([a.path.close(), b.path.close()]);
  }
});
