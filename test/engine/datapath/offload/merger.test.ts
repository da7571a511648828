/** Putting packets together, through a real socket that takes the vectors; taken apart again they are the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HostWriter } from '../../../../engine/datapath/offload/host-writer.ts';
import { Merger } from '../../../../engine/datapath/offload/merger.ts';
import { packetMemory } from '../../../../engine/datapath/offload/sum-kernel.ts';
import { InnerHeader } from '../../../../engine/esp/inner.ts';
import { SOCK } from '../../../../engine/os/ffi/abi.ts';
import {
  addressOf,
  fixedMemory,
  type LinuxLibc,
  loadLinuxLibc,
} from '../../../../engine/os/ffi/libc.linux.ts';
import { requireOrSkip } from '../../../support/require.ts';
import {
  build,
  FLAG,
  octets,
  superPacket,
  takeApart,
  VIRTIO,
  type Wish,
  wishes,
} from './support/super-packets.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const memory = packetMemory(8 * 65536);

/** What the host is given for these packets: each a virtio header and a packet. */
type Merge = (packets: readonly Uint8Array[], mergesUdp?: boolean) => Uint8Array[];

function withMerger(t: Parameters<typeof requireOrSkip>[0], body: (merge: Merge) => void): void {
  const libc: LinuxLibc | undefined = loadLinuxLibc();
  if (!libc || !requireOrSkip(t, { files: ['/proc/self/fd'] })) return;
  const fds = fixedMemory(8);
  assert.equal(libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK.NONBLOCK, 0, addressOf(fds)), 0);
  const [near = -1, far = -1] = new Int32Array(fds.buffer);
  const received = fixedMemory(2 * 65536);
  const taken: Uint8Array[] = [];
  const drain = (): void => {
    for (;;) {
      const length = libc.read(far, addressOf(received), received.length);
      if (length <= 0) return;
      taken.push(received.slice(0, length));
    }
  };
  const writer = new HostWriter(libc, near, memory.octets, 'virtio', () =>
    assert.fail('a packet was refused'),
  );
  const draining = {
    write: (at: number, length: number): void => {
      writer.write(at, length);
      drain();
    },
    writeVectors: (vectors: number, count: number, packets: number): void => {
      writer.writeVectors(vectors, count, packets);
      drain();
    },
  };
  try {
    body((packets, mergesUdp = true) => {
      const merger = new Merger(memory, draining, mergesUdp);
      const inner = new InnerHeader();
      taken.length = 0;
      let at = 64;
      for (const packet of packets) {
        memory.octets.set(packet, at);
        assert.ok(inner.read(memory.octets, at, packet.length));
        merger.add(inner, at);
        at += packet.length + 40;
      }
      merger.flush();
      return taken.slice();
    });
  } finally {
    libc.close(near);
    libc.close(far);
  }
}

const data = fc.constantFrom(FLAG.ACK, FLAG.ACK | FLAG.PSH, FLAG.ACK | FLAG.ECE);
const payload = fc.integer({ min: 1, max: 60000 });
const sizes = fc.integer({ min: 600, max: 3000 });

test('what was taken apart is put together as it was', (t) => {
  withMerger(t, (merge) => {
    fc.assert(
      fc.property(wishes(data, payload), sizes, (wish, least) => {
        // The kernel takes 64 datagrams in one, and the merger 128 segments.
        const size = Math.max(least, Math.ceil(wish.payload.length / 64));
        const packet = superPacket(wish, size);
        const parts = takeApart(packet);
        const [merged, ...more] = merge(parts);
        assert.equal(more.length, 0);
        if (parts.length > 1) assert.deepEqual(merged, packet);
        else assert.deepEqual(merged?.slice(VIRTIO), parts[0]);
      }),
      { numRuns: 300 },
    );
  });
});

/** By which packets of one flow are known. */
const flowOf = (packet: Uint8Array): string => {
  const v4 = (packet[0] as number) >>> 4 === 4;
  const addresses = v4 ? packet.slice(12, 24) : packet.slice(8, 44);
  return `${packet[v4 ? 9 : 6]} ${addresses.join('.')}`;
};

test('any packets come out the same and in the order of their flow', (t) => {
  // Short streams of few flows, cut and spoiled in all ways, mixed.
  const stream = fc
    .tuple(
      wishes(fc.oneof({ weight: 4, arbitrary: data }, { weight: 1, arbitrary: fc.nat(255) }), fc.nat(4000)),
      fc.integer({ min: 200, max: 1500 }),
      fc.array(fc.tuple(fc.nat(20), fc.nat(60), fc.integer({ min: 1, max: 255 })), { maxLength: 2 }),
      fc.integer({ min: 0, max: 30 }),
    )
    .map(([wish, size, spoils, options]) => {
      const fixed = { ...wish, ports: [wish.ports[0], 1] as const, options: octets(4 * (options % 3), 1) };
      const parts = fixed.payload.length > 0 ? takeApart(superPacket(fixed, size)) : [build(fixed)];
      for (const [which, at, value] of spoils) {
        const part = parts[which % parts.length] as Uint8Array;
        // Not version, length or fragment offset: it must stay a packet.
        if (at >= 8 && at < part.length && at !== 12) part[at] = (part[at] as number) ^ value;
      }
      return parts;
    });
  withMerger(t, (merge) => {
    let merged = 0;
    fc.assert(
      fc.property(fc.array(stream, { minLength: 1, maxLength: 6 }), fc.boolean(), (streams, udp) => {
        const packets: Uint8Array[] = [];
        for (let i = 0; streams.some((stream) => i < stream.length); i++)
          for (const stream of streams) if (stream[i]) packets.push(stream[i] as Uint8Array);
        const readable = packets.filter((packet) => new InnerHeader().read(packet, 0, packet.length));
        const given = merge(readable, udp);
        if (given.length < readable.length) merged++;
        const back = given.flatMap((octets) => takeApart(octets));
        assert.equal(back.length, readable.length);
        for (const flow of new Set(readable.map(flowOf)))
          assert.deepEqual(
            back.filter((packet) => flowOf(packet) === flow).map(withoutFreeIdentification),
            readable.filter((packet) => flowOf(packet) === flow).map(withoutFreeIdentification),
          );
      }),
      { numRuns: 600 },
    );
    assert.ok(merged > 100, `only ${merged} runs merged anything`);
  });
});

/** With DF the identification may change (RFC 6864 §4.1), and the header's checksum with it. */
function withoutFreeIdentification(packet: Uint8Array): Uint8Array {
  const v4 = (packet[0] as number) >>> 4 === 4;
  if (!v4 || ((packet[6] as number) & 0x40) === 0) return packet;
  const out = packet.slice();
  out.fill(0, 4, 6);
  out.fill(0, 10, 12);
  return out;
}

const SEGMENT: Wish = {
  version: 4,
  protocol: 'tcp',
  source: 1,
  destination: 2,
  ports: [1, 2],
  trafficClass: 0,
  hopLimit: 64,
  dontFragment: true,
  identification: 1,
  sequence: 1000,
  acknowledgement: 7,
  window: 500,
  flags: FLAG.ACK,
  options: octets(12, 3),
  payload: octets(1000, 4),
};

test('two segments become one unless something sets them apart', (t) => {
  withMerger(t, (merge) => {
    const next: Wish = { ...SEGMENT, sequence: 2000, identification: 2 };
    const count = (a: Wish, b: Wish): number => merge([build(a), build(b)]).length;
    assert.equal(count(SEGMENT, next), 1);
    assert.equal(count(SEGMENT, { ...next, flags: FLAG.ACK | FLAG.PSH }), 1);
    assert.equal(count(SEGMENT, { ...next, payload: octets(10, 1) }), 1);
    assert.equal(count(SEGMENT, { ...next, identification: 77 }), 1);
    const v6 = { version: 6 } as const;
    assert.equal(count({ ...SEGMENT, ...v6 }, { ...next, ...v6 }), 1);
    const apart: readonly Partial<Wish>[] = [
      { sequence: 2001 },
      { sequence: 1999 },
      { acknowledgement: 8 },
      { window: 501 },
      { options: octets(12, 4) },
      { options: octets(8, 3) },
      { hopLimit: 63 },
      { trafficClass: 3 },
      { dontFragment: false },
      { payload: octets(1001, 4) },
      { payload: octets(0, 4) },
      { ports: [1, 3] },
      { ports: [3, 2] },
      { source: 3 },
      { version: 6 },
      { protocol: 'udp' },
      ...[FLAG.FIN, FLAG.SYN, FLAG.RST, FLAG.URG, FLAG.CWR, FLAG.ECE].map((flag) => ({
        flags: FLAG.ACK | flag,
      })),
    ];
    for (const change of apart)
      assert.equal(count(SEGMENT, { ...next, ...change }), 2, JSON.stringify(change));
    // PSH ends it.
    assert.equal(count({ ...SEGMENT, flags: FLAG.ACK | FLAG.PSH }, next), 2);
    const unfragmented = { dontFragment: false };
    assert.equal(count({ ...SEGMENT, ...unfragmented }, { ...next, ...unfragmented }), 1);
    assert.equal(count({ ...SEGMENT, ...unfragmented }, { ...next, ...unfragmented, identification: 9 }), 2);
  });
});

test('a wrong checksum is never declared right', (t) => {
  withMerger(t, (merge) => {
    const [first, second, third] = [0, 1, 2].map((i) => build({ ...SEGMENT, sequence: 1000 + i * 1000 }));
    for (const bad of [first, second, third] as Uint8Array[]) {
      bad[60] = (bad[60] as number) ^ 1;
      const given = merge([first, second, third] as Uint8Array[]);
      const alone = given.find(
        (octets) => octets.length === VIRTIO + bad.length && octets[VIRTIO + 60] === bad[60],
      );
      assert.ok(alone && alone[0] === 0);
      bad[60] = (bad[60] as number) ^ 1;
    }
  });
});

test('UDP is left alone where the tun cannot take it, and without a checksum', (t) => {
  withMerger(t, (merge) => {
    const wish: Wish = { ...SEGMENT, protocol: 'udp' };
    assert.equal(merge([build(wish), build(wish)]).length, 1);
    assert.equal(merge([build(wish), build(wish)], false).length, 2);
    const bare = build(wish);
    bare.fill(0, 26, 28);
    assert.equal(merge([bare, bare.slice()]).length, 2);
  });
});

test('more flows than fit are carried all the same', (t) => {
  withMerger(t, (merge) => {
    const packets = Array.from({ length: 3000 }, (_, i) =>
      build({ ...SEGMENT, payload: octets(20, i), ports: [i % 700, 5], sequence: Math.floor(i / 700) * 20 }),
    );
    const back = merge(packets).flatMap((octets) => takeApart(octets));
    assert.equal(back.length, packets.length);
  });
});
