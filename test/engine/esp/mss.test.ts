/** The MSS clamp: right value, right checksum, whatever the options around it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readU16, writeU16 } from '../../../engine/base/bytes.ts';
import { transportChecksum } from '../../../engine/base/internet-checksum.ts';
import { InnerHeader } from '../../../engine/esp/inner.ts';
import { clampMss } from '../../../engine/esp/mss.ts';
import { buildIp } from '../../../engine/gateway/ip-packets.ts';

const SYN = 2;
const inner = new InnerHeader();

function tcp(v6: boolean, flags: number, options: readonly number[], data: readonly number[]): Uint8Array {
  const padded = [...options];
  while (padded.length % 4) padded.push(0);
  const segment = new Uint8Array(20 + padded.length + data.length);
  writeU16(segment, 0, 40000);
  writeU16(segment, 2, 443);
  segment[12] = (segment.length - data.length) << 2;
  segment[13] = flags;
  segment.set(padded, 20);
  segment.set(data, 20 + padded.length);
  const packet = v6 ? buildIp('fd00::1', 'fd00::2', 6, segment) : buildIp('10.0.0.1', '10.0.0.2', 6, segment);
  writeU16(packet, checksumAt(v6), checksum(packet, v6));
  return packet;
}

const checksumAt = (v6: boolean): number => (v6 ? 40 : 20) + 16;

function checksum(packet: Uint8Array, v6: boolean): number {
  const copy = packet.slice();
  writeU16(copy, checksumAt(v6), 0);
  const at = v6 ? 40 : 20;
  return transportChecksum(copy, v6 ? 8 : 12, v6 ? 16 : 4, 6, at, copy.length - at);
}

function clamp(packet: Uint8Array, mtu: number): boolean {
  assert.ok(inner.read(packet, 0, packet.length));
  return clampMss(packet, 0, inner, mtu);
}

test('a SYN is lowered and its checksum stays right', () => {
  const before = fc.array(fc.constantFrom([1], [3, 3, 7], [4, 2], [8, 10, 0, 0, 0, 1, 0, 0, 0, 0]), {
    maxLength: 2,
  });
  fc.assert(
    fc.property(
      fc.boolean(),
      before,
      fc.nat(65535),
      fc.integer({ min: 576, max: 1500 }),
      fc.array(fc.nat(255), { maxLength: 9 }),
      (v6, options, mss, mtu, data) => {
        const flat = options.flat();
        const packet = tcp(v6, SYN, [...flat, 2, 4, mss >> 8, mss & 255], data);
        const most = mtu - (v6 ? 60 : 40);
        assert.equal(clamp(packet, mtu), mss > most);
        assert.equal(readU16(packet, (v6 ? 40 : 20) + 20 + flat.length + 2), Math.min(mss, most));
        // 0 and 0xffff are the same sum.
        assert.equal(readU16(packet, checksumAt(v6)) % 0xffff, checksum(packet, v6) % 0xffff);
      },
    ),
    { numRuns: 3000 },
  );
});

test('other segments, other protocols and broken options are left alone', () => {
  const option = [2, 4, 0xff, 0xff];
  const cases = [
    tcp(false, 0x10, option, []),
    tcp(false, SYN, [], []),
    tcp(false, SYN, [0, ...option], []),
    tcp(false, SYN, [3, 0, ...option], []),
    tcp(false, SYN, [3, 200, ...option], []),
    buildIp('10.0.0.1', '10.0.0.2', 17, new Uint8Array(40).fill(2)),
  ];
  for (const packet of cases) {
    const copy = packet.slice();
    assert.equal(clamp(packet, 1000), false);
    assert.deepEqual(packet, copy);
  }
});

test('arbitrary segments change at most in option and checksum', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (segment) => {
      const packet = buildIp('10.0.0.1', '10.0.0.2', 6, segment);
      const copy = packet.slice();
      const changed = clamp(packet, 600);
      const differing = packet.filter((octet, i) => octet !== copy[i]).length;
      assert.ok(changed ? differing <= 4 : differing === 0);
    }),
    { numRuns: 5000 },
  );
});
