/** The pump by itself, on a clock of the test's own: demux, limits, events, timers, hostile datagrams. */
import assert from 'node:assert/strict';
import { randomBytes, randomFillSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Instant } from '../../../engine/base/brand.ts';
import { readU16, readU32, writeU16 } from '../../../engine/base/bytes.ts';
import { type Endpoint, prefixRange } from '../../../engine/base/ip.ts';
import { SOCKADDR_LENGTH, writeSockaddr } from '../../../engine/base/sockaddr.ts';
import { COUNTERS_BYTE_LENGTH, readSlot, readTotals } from '../../../engine/datapath/counters.ts';
import { EarlyPackets } from '../../../engine/datapath/early-packets.ts';
import { Inbound } from '../../../engine/datapath/inbound-pump.ts';
import type { DatapathEvent, Drop } from '../../../engine/datapath/protocol.ts';
import { Pump } from '../../../engine/datapath/pump.ts';
import { HEADROOM, TAILROOM } from '../../../engine/datapath/room.ts';
import { setTrafficClass } from '../../../engine/esp/outer-header.ts';
import type { EspSaPair } from '../../../engine/esp/params.ts';
import { OutboundSa } from '../../../engine/esp/sa.ts';
import { buildIp, buildUdp, readIp } from '../../../engine/gateway/ip-packets.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { GCM, NO_LIMITS, pairs } from './support/pairs.ts';

const LEFT: Endpoint = { address: '192.0.2.1', port: 4500 };
const RIGHT: Endpoint = { address: '198.51.100.7', port: 40123 };

class Side {
  now = 1000 as Instant;
  readonly block = new Float64Array(COUNTERS_BYTE_LENGTH / 8);
  readonly events: DatapathEvent[] = [];
  readonly toHost: Uint8Array[] = [];
  readonly released: number[] = [];
  readonly pump = new Pump({
    crypto: nodeProvider,
    fillRandom: (into) => randomFillSync(into),
    clock: () => this.now,
    counters: this.block,
    event: (event) => this.events.push(event),
    toHost: (packet) => this.toHost.push(packet),
    released: (id) => this.released.push(id),
  });

  /** The sealed datagram, `undefined` when the packet was dropped. */
  out(packet: Uint8Array): Uint8Array | undefined {
    const buffer = new Uint8Array(HEADROOM + packet.length + TAILROOM);
    buffer.set(packet, HEADROOM);
    this.pump.beginBatch();
    if (!this.pump.outbound(buffer, HEADROOM, packet.length)) return undefined;
    return buffer.slice(this.pump.resultAt, this.pump.resultAt + this.pump.resultLength);
  }

  /** The inner packet, or the verdict when there is none. */
  in(datagram: Uint8Array, from: Endpoint, outerClass?: number): Uint8Array | Inbound {
    const name = new Uint8Array(SOCKADDR_LENGTH);
    writeSockaddr(from, name, 0);
    const copy = datagram.slice();
    this.pump.beginBatch();
    const verdict = this.pump.inbound(copy, 0, copy.length, name, 0, outerClass);
    if (verdict !== Inbound.PACKET) return verdict;
    return copy.slice(this.pump.resultAt, this.pump.resultAt + this.pump.resultLength);
  }

  drops(drop: Drop): number {
    return readTotals(this.block).drops[drop];
  }
}

function joined(change: Partial<EspSaPair> = {}): { a: Side; b: Side } {
  const [a, b] = [new Side(), new Side()];
  const { left, right } = pairs(GCM, change);
  a.pump.install(left, { remote: RIGHT }, 0);
  b.pump.install(right, { remote: LEFT }, 0);
  return { a, b };
}

const packet = (size = 100): Uint8Array =>
  buildUdp('10.1.0.1', '10.2.0.1', { sourcePort: 1, destinationPort: 2, data: randomBytes(size) });

function sealed(side: Side, inner = packet()): Uint8Array {
  const datagram = side.out(inner);
  assert.ok(datagram);
  return datagram;
}

test('a packet goes through, is counted on both sides and wipes the keys it came by', () => {
  const [a, b] = [new Side(), new Side()];
  const { left, right } = pairs(GCM);
  a.pump.install(left, { remote: RIGHT }, 0);
  b.pump.install(right, { remote: LEFT }, 0);
  assert.ok(Object.values(left.keys).every((key) => key.every((octet) => octet === 0)));
  const inner = packet();
  assert.deepEqual(b.in(sealed(a, inner), LEFT), inner);
  assert.deepEqual(a.pump.target?.remote, RIGHT);
  const counts = { bytesIn: 0, bytesOut: inner.length, packetsIn: 0, packetsOut: 1 };
  assert.deepEqual(readSlot(a.block, 0, 1500 as Instant), { ...counts, idleIn: undefined, idleOut: 500 });
  assert.equal(readSlot(b.block, 0, 1200 as Instant).idleIn, 200);
  assert.deepEqual([...a.events, ...b.events], []);
});

test('the outer traffic class reaches the inner packet, and congestion that nobody would understand drops it', () => {
  const { a, b } = joined({ copyDscp: 'yes' });
  const ect = packet();
  setTrafficClass(ect, 0, 2);
  const marked = ect.slice();
  setTrafficClass(marked, 0, 0xb8 | 3);
  assert.deepEqual(b.in(sealed(a, ect), LEFT, 0xb8 | 3), marked);
  assert.deepEqual(b.in(sealed(a, ect), LEFT), ect, 'nothing is told of the outer header');
  assert.equal(b.drops('congestion'), 0);
  assert.equal(b.in(sealed(a), LEFT, 3), Inbound.NONE);
  assert.equal(b.drops('congestion'), 1);
  assert.equal(readSlot(b.block, 0, b.now).packetsIn, 2);
});

test('dummy packets are dropped and counted', () => {
  const a = new Side();
  const { left } = pairs(GCM, { id: 2 });
  const keys = structuredClone(left.keys);
  const cipher = nodeProvider.cipher(GCM, keys.inEncr, keys.inInteg);
  const dummies = new OutboundSa(left.spiIn, cipher, false, (into) => randomFillSync(into));
  a.pump.install(left, { remote: RIGHT }, 1);
  const buffer = randomBytes(HEADROOM + 100 + TAILROOM);
  const length = dummies.seal(buffer, HEADROOM, 100, 59);
  const at = HEADROOM - dummies.headroom;
  assert.equal(a.in(buffer.subarray(at, at + length), RIGHT), Inbound.NONE);
  assert.equal(a.drops('dummy'), 1);
  assert.equal(readSlot(a.block, 1, a.now).packetsIn, 0);
});

test('each drop has its cause', () => {
  const { a, b } = joined();
  const drops = (side: Side): Record<string, number> =>
    Object.fromEntries(Object.entries(readTotals(side.block).drops).filter(([, n]) => n > 0));
  assert.equal(
    a.out(buildUdp('10.1.0.1', '10.3.0.1', { sourcePort: 1, destinationPort: 2, data: new Uint8Array(4) })),
    undefined,
  );
  assert.equal(a.out(Uint8Array.of(0x45, 0, 0)), undefined);
  assert.deepEqual(drops(a), { 'no-route': 1, malformed: 1 });
  const good = sealed(a);
  const bad = good.slice();
  bad[30] = (bad[30] as number) ^ 1;
  b.in(bad, LEFT);
  b.in(good, LEFT);
  b.in(good, LEFT);
  b.in(Uint8Array.of(1, 2, 3), LEFT);
  b.in(Uint8Array.of(7, 7, 7, 7, 0, 0, 0, 1), LEFT);
  assert.deepEqual(drops(b), { integrity: 1, replay: 1, malformed: 1, 'no-sa': 1 });
});

test('IKE, keepalives and runts are told apart', () => {
  const side = new Side();
  assert.equal(side.in(Uint8Array.of(0xff), LEFT), Inbound.NONE);
  assert.equal(readTotals(side.block).drops.malformed, 0);
  assert.equal(side.in(Uint8Array.of(0xfe), LEFT), Inbound.NONE);
  assert.equal(side.in(new Uint8Array(0), LEFT), Inbound.NONE);
  assert.equal(side.drops('malformed'), 2);
  assert.equal(side.in(Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4), LEFT), Inbound.IKE);
  assert.deepEqual([side.pump.resultAt, side.pump.resultLength], [4, 4]);
});

test('100,000 arbitrary datagrams neither throw nor change what is accepted', () => {
  const { a, b } = joined();
  const kept = sealed(a);
  const spi = readU32(kept, 0);
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ minLength: 8, maxLength: 200 }).map((bytes) => {
      bytes.set([spi >>> 24, spi >>> 16, spi >>> 8, spi]);
      return bytes;
    }),
    fc.tuple(fc.nat(kept.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, flip]) => {
      const bytes = kept.slice();
      bytes[at] = (bytes[at] as number) ^ flip;
      return bytes;
    }),
  );
  fc.assert(
    fc.property(hostile, (bytes) => {
      assert.ok(!(b.in(bytes, RIGHT) instanceof Uint8Array));
    }),
    { numRuns: 100_000 },
  );
  const counters = readSlot(b.block, 0, b.now);
  assert.deepEqual([counters.packetsIn, counters.bytesIn, counters.idleIn], [0, 0, undefined]);
  assert.ok(b.events.every((event) => event.kind === 'unknown-spi'));
  assert.ok(b.events.length <= 5, 'rate-limited');
  assert.ok(b.in(kept, LEFT) instanceof Uint8Array, 'the kept packet is still new');
});

test('limits: soft is told once, hard ends each direction', () => {
  const { a, b } = joined({ limits: { ...NO_LIMITS, softPackets: 2, hardPackets: 4 } });
  const sent = [1, 2, 3, 4].map(() => sealed(a));
  assert.equal(a.out(packet()), undefined);
  assert.equal(a.drops('expired'), 1);
  const told = [
    { kind: 'soft-limit', id: 1 },
    { kind: 'hard-limit', id: 1 },
  ];
  assert.deepEqual(a.events, told);
  for (const datagram of sent) assert.ok(b.in(datagram, LEFT) instanceof Uint8Array);
  assert.deepEqual(b.events, told);
  const bytes = joined({ limits: { ...NO_LIMITS, softBytes: 100, hardBytes: 250 } }).a;
  assert.ok(bytes.out(packet(92)));
  assert.deepEqual(bytes.events, [{ kind: 'soft-limit', id: 1 }]);
  assert.equal(bytes.out(packet(200)), undefined);
  assert.deepEqual(bytes.events[1], { kind: 'hard-limit', id: 1 });
});

test('a pair that waits tells of its first authentic packet, and sends once activated', () => {
  const { a, b } = joined();
  const waiting = new Side();
  const { left, right } = pairs(GCM, { id: 2 });
  waiting.pump.install({ ...right, outbound: 'later' }, { remote: LEFT }, 0);
  a.pump.install(left, { remote: RIGHT }, 1);
  const reply = buildUdp('10.2.0.1', '10.1.0.1', {
    sourcePort: 2,
    destinationPort: 1,
    data: new Uint8Array(9),
  });
  assert.equal(waiting.out(reply), undefined);
  const datagram = sealed(a);
  assert.equal(readU32(datagram, 0), left.spiOut, 'the newest active pair sends');
  const forged = datagram.slice();
  forged[20] = (forged[20] as number) ^ 1;
  waiting.in(forged, LEFT);
  assert.deepEqual(waiting.events, []);
  waiting.in(datagram, LEFT);
  waiting.in(sealed(a), LEFT);
  assert.deepEqual(waiting.events, [{ kind: 'first-inbound', id: 2 }]);
  waiting.pump.activateOutbound(2);
  assert.ok(waiting.out(reply));
  assert.ok(b);
});

test('a removed pair receives while it lingers, sends no more, and then is gone', () => {
  const { a, b } = joined();
  const late = [sealed(a), sealed(a)] as const;
  b.pump.remove(1, 5000);
  const reply = buildUdp('10.2.0.1', '10.1.0.1', {
    sourcePort: 2,
    destinationPort: 1,
    data: new Uint8Array(9),
  });
  assert.equal(b.out(reply), undefined);
  assert.ok(b.in(late[0], LEFT) instanceof Uint8Array);
  assert.equal(b.pump.nextDeadline(), 6000);
  b.now = 6000 as Instant;
  b.pump.tick(() => assert.fail('no keepalive was asked for'));
  assert.deepEqual(b.released, [1]);
  assert.equal(b.in(late[1], LEFT), Inbound.NONE);
  assert.equal(b.drops('no-sa'), 1);
  assert.equal(b.pump.nextDeadline(), undefined);
});

test('an authentic packet from elsewhere tells that the peer moved; the path changes only by command', () => {
  const { a, b } = joined();
  const forged = sealed(a);
  forged[25] = (forged[25] as number) ^ 1;
  b.in(forged, RIGHT);
  assert.deepEqual(b.events, []);
  b.in(sealed(a), RIGHT);
  b.in(sealed(a), RIGHT);
  assert.deepEqual(b.events, [{ kind: 'peer-moved', id: 1, remote: RIGHT }]);
  const reply = buildUdp('10.2.0.1', '10.1.0.1', {
    sourcePort: 2,
    destinationPort: 1,
    data: new Uint8Array(9),
  });
  sealed(b, reply);
  assert.deepEqual(b.pump.target?.remote, LEFT);
  b.pump.setPath(1, { remote: RIGHT });
  sealed(b, reply);
  assert.deepEqual(b.pump.target?.remote, RIGHT);
  b.now = 9000 as Instant;
  b.in(sealed(a), RIGHT);
  assert.equal(b.events.length, 1);
});

test('keepalives go out when nothing else did', () => {
  const { a } = joined();
  const sent: Endpoint[] = [];
  const tick = (at: number): void => {
    a.now = at as Instant;
    a.pump.tick((target) => sent.push(target.remote));
  };
  a.pump.keepalive(RIGHT, 20);
  assert.equal(a.pump.nextDeadline(), 21_000);
  a.now = 15_000 as Instant;
  sealed(a);
  tick(21_000);
  assert.deepEqual(sent, [], 'traffic keeps the mapping alive');
  assert.equal(a.pump.nextDeadline(), 35_000);
  tick(35_000);
  tick(36_000);
  assert.deepEqual(sent, [RIGHT]);
  a.pump.keepalive(RIGHT, 0);
  assert.equal(a.pump.nextDeadline(), undefined);
});

test('what does not fit is counted and answered; what may be fragmented passes', () => {
  const { a } = joined();
  a.pump.setInnerMtu(1000);
  const large = packet(1200);
  assert.ok(a.out(large), 'IPv4 without DF');
  writeU16(large, 6, 0x4000);
  assert.equal(a.out(large), undefined);
  const v6 = buildUdp('fd01::1', 'fd02::1', { sourcePort: 1, destinationPort: 2, data: randomBytes(1200) });
  assert.equal(a.out(v6), undefined);
  assert.equal(a.drops('too-big'), 2);
  const [reply4, reply6] = a.toHost.map((bytes) => ({ bytes, ip: readIp(bytes) }));
  assert.deepEqual([reply4?.ip?.source, reply4?.ip?.destination], ['10.2.0.1', '10.1.0.1']);
  assert.deepEqual([...(reply4?.ip?.payload.subarray(0, 2) ?? [])], [3, 4]);
  assert.equal(readU16(reply4?.ip?.payload ?? new Uint8Array(8), 6), 1000);
  assert.deepEqual([reply6?.ip?.source, reply6?.ip?.destination], ['fd02::1', 'fd01::1']);
  assert.equal(reply6?.ip?.payload[0], 2);
  assert.equal(readU32(reply6?.ip?.payload ?? new Uint8Array(8), 4), 1000);
  for (let i = 0; i < 100; i++) a.out(v6);
  assert.ok(a.toHost.length <= 20, 'answers are rate-limited');
});

test('a SYN is clamped on its way out and on its way in', () => {
  const { a, b } = joined();
  const syn = new Uint8Array(24);
  syn[12] = 6 << 4;
  syn[13] = 2;
  syn.set([2, 4, 0x05, 0xb4], 20);
  const inner = buildIp('10.1.0.1', '10.2.0.1', 6, syn);
  const mss = (bytes: Uint8Array | Inbound): number =>
    bytes instanceof Uint8Array ? readU16(bytes, 42) : -1;
  assert.equal(mss(b.in(sealed(a, inner), LEFT)), 1460);
  b.pump.setInnerMtu(1300);
  assert.equal(mss(b.in(sealed(a, inner), LEFT)), 1260);
  a.pump.setInnerMtu(1200);
  assert.equal(mss(b.in(sealed(a, inner), LEFT)), 1160);
});

test('an identifier or SPI that is taken is a mistake of the caller', () => {
  const { a } = joined();
  const { left } = pairs(GCM);
  assert.throws(() => a.pump.install(left, { remote: RIGHT }, 1), RangeError);
});

test('what came for a pair before it was installed is taken then, in order and once', () => {
  const [a, b] = [new Side(), new Side()];
  const { left, right } = pairs(GCM);
  a.pump.install(left, { remote: RIGHT }, 0);
  const inner = Array.from({ length: 5 }, (_, n) => packet(100 + n));
  const datagrams = inner.map((one) => sealed(a, one));
  for (const datagram of datagrams) assert.equal(b.in(datagram, LEFT), Inbound.NONE);
  assert.equal(b.drops('no-sa'), 5);
  b.pump.install(right, { remote: LEFT }, 0);
  const taken: (Uint8Array | Inbound)[] = [];
  const again = (early: Uint8Array, from: Uint8Array): void => {
    const copy = early.slice();
    const verdict = b.pump.inbound(copy, 0, copy.length, from, 0);
    taken.push(
      verdict === Inbound.PACKET
        ? copy.slice(b.pump.resultAt, b.pump.resultAt + b.pump.resultLength)
        : verdict,
    );
  };
  b.pump.early(right.spiIn, again);
  assert.deepEqual(taken, inner);
  assert.equal(b.drops('no-sa'), 0);
  assert.equal(readTotals(b.block).datagramsIn, 5);
  assert.equal(readSlot(b.block, 0, b.now)?.packetsIn, 5);
  b.pump.early(right.spiIn, again);
  assert.equal(taken.length, 5);
});

test('of packets that nobody has an SA for, the latest are kept and the large are not', () => {
  const early = new EarlyPackets();
  const from = new Uint8Array(SOCKADDR_LENGTH);
  for (let n = 0; n < 2000; n++)
    early.keep(n % 2 === 0 ? 500 : 600, Uint8Array.of(n >> 8, n), 0, 2, from, 0, -1);
  early.keep(600, new Uint8Array(2049), 0, 2049, from, 0, -1);
  const seen: number[] = [];
  early.drain(600, (octets) => seen.push(readU16(octets, 0)));
  assert.deepEqual([seen.length, seen[0], seen.at(-1)], [256, 1489, 1999]);
  early.drain(600, () => assert.fail('given away twice'));
});

test('a trap tells of the first packet that nothing else takes, once, and of no chatter', () => {
  const side = new Side();
  const { left } = pairs(GCM);
  const { local, remote } = left;
  side.pump.trap(7, { local, remote });
  assert.equal(side.out(packet()), undefined);
  assert.equal(side.out(packet()), undefined);
  assert.deepEqual(side.events, [{ kind: 'trapped', id: 7 }]);
  assert.equal(side.drops('no-route'), 2, 'the packets are lost, and counted');
  side.pump.trap(8, { local, remote });
  const other = buildUdp('10.1.0.1', '192.0.2.9', {
    sourcePort: 1,
    destinationPort: 2,
    data: randomBytes(9),
  });
  side.out(other);
  side.pump.install(left, { remote: RIGHT }, 0);
  assert.ok(side.out(packet()), 'an SA takes it');
  side.pump.remove(left.id, 0);
  side.pump.trap(8);
  side.out(packet());
  assert.equal(side.events.length, 1);
});

test('multicast, broadcast and link-local packets of the system fall into no trap', () => {
  const side = new Side();
  const all = (zeros: string) => ({
    protocol: 0,
    startPort: 0,
    endPort: 65535,
    ...prefixRange({ address: zeros, length: 0 }),
  });
  const everything = [all('0.0.0.0'), all('::')];
  const to = (source: string, destination: string): void => {
    side.pump.trap(1, { local: everything, remote: everything });
    side.out(buildUdp(source, destination, { sourcePort: 1, destinationPort: 2, data: randomBytes(9) }));
  };
  for (const destination of ['224.0.0.251', '239.255.255.250', '255.255.255.255', '169.254.1.1'])
    to('10.1.0.1', destination);
  for (const destination of ['ff02::1', 'fe80::1', 'febf::1']) to('fd00::1', destination);
  assert.deepEqual(side.events, []);
  for (const [source, destination] of [
    ['10.1.0.1', '223.255.255.255'],
    ['10.1.0.1', '240.0.0.1'],
    ['fd00::1', 'fec0::1'],
  ] as const)
    to(source, destination);
  assert.equal(side.events.length, 3);
});
