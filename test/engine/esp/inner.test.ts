/** Inner packet headers: both families, extension headers, fragments, arbitrary octets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { writeU16 } from '../../../engine/base/bytes.ts';
import { InnerHeader } from '../../../engine/esp/inner.ts';
import { buildEcho, buildIp, buildUdp } from '../../../engine/gateway/ip-packets.ts';

const header = new InnerHeader();
const data = new Uint8Array(32);
const DATAGRAM = { sourcePort: 1234, destinationPort: 53, data };

test('UDP over both families, at an offset', () => {
  for (const [from, to, version, transport] of [
    ['10.0.0.1', '10.0.0.2', 4, 20],
    ['fd00::1', 'fd00::2', 6, 40],
  ] as const) {
    const packet = buildUdp(from, to, DATAGRAM);
    const buffer = new Uint8Array(packet.length + 30).fill(0xa5);
    buffer.set(packet, 11);
    assert.ok(header.read(buffer, 11, packet.length + 5));
    assert.deepEqual(
      [
        header.version,
        header.length,
        header.protocol,
        header.transportAt,
        header.sourcePort,
        header.destinationPort,
      ],
      [version, packet.length, 17, 11 + transport, 1234, 53],
    );
    assert.equal(header.destinationAt, header.sourceAt + header.addressLength);
  }
});

test('ICMP gives type and code', () => {
  const echo = { kind: 'request', identifier: 1, sequence: 1, data } as const;
  for (const [from, to, type] of [
    ['10.0.0.1', '10.0.0.2', 8],
    ['fd00::1', 'fd00::2', 128],
  ] as const) {
    const packet = buildEcho(from, to, echo);
    assert.ok(header.read(packet, 0, packet.length));
    assert.deepEqual([header.sourcePort, header.destinationPort], [type << 8, type << 8]);
  }
});

test('IPv4 fragments: the first has ports, later ones none', () => {
  const packet = buildUdp('10.0.0.1', '10.0.0.2', DATAGRAM);
  writeU16(packet, 6, 0x2000);
  assert.ok(header.read(packet, 0, packet.length));
  assert.deepEqual([header.firstFragment, header.laterFragment, header.sourcePort], [true, false, 1234]);
  writeU16(packet, 6, 0x2010);
  assert.ok(header.read(packet, 0, packet.length));
  assert.deepEqual([header.firstFragment, header.laterFragment, header.sourcePort], [false, true, -1]);
});

/** Extension headers of eight octets each before a UDP header. */
function extended(...headers: readonly (readonly [type: number, offset?: number])[]): Uint8Array {
  const udp = buildUdp('fd00::1', 'fd00::2', DATAGRAM).subarray(40);
  const payload = new Uint8Array(headers.length * 8 + udp.length);
  headers.forEach(([type, offset = 0], i) => {
    payload[i * 8] = headers[i + 1]?.[0] ?? 17;
    if (type === 44) writeU16(payload, i * 8 + 2, offset);
  });
  payload.set(udp, headers.length * 8);
  return buildIp('fd00::1', 'fd00::2', headers[0]?.[0] ?? 17, payload);
}

test('IPv6 extension headers are walked, fragments end the walk', () => {
  const walked = extended([0], [60], [43]);
  assert.ok(header.read(walked, 0, walked.length));
  assert.deepEqual([header.protocol, header.transportAt, header.sourcePort], [17, 64, 1234]);
  const first = extended([0], [44, 1]);
  assert.ok(header.read(first, 0, first.length));
  assert.deepEqual([header.firstFragment, header.protocol, header.sourcePort], [true, 17, 1234]);
  const later = extended([44, 0x100]);
  assert.ok(header.read(later, 0, later.length));
  assert.deepEqual([header.laterFragment, header.protocol, header.sourcePort], [true, 17, -1]);
});

test('chains without end and headers cut off are refused', () => {
  const long = extended(...Array.from({ length: 20 }, () => [60] as const));
  assert.equal(header.read(long, 0, long.length), false);
  const cut = buildIp('fd00::1', 'fd00::2', 60, Uint8Array.of(17, 5, 0, 0, 0, 0, 0, 0));
  assert.equal(header.read(cut, 0, cut.length), false);
});

test('arbitrary octets are an answer, never a throw or a read past the packet', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.constantFrom(0x45, 0x4f, 0x60, undefined),
      (bytes, first) => {
        if (first !== undefined && bytes.length > 0) bytes[0] = first;
        if (header.read(bytes, 0, bytes.length)) {
          assert.ok(header.length <= bytes.length && header.transportAt <= header.length);
          assert.ok(header.sourcePort >= -1 && header.destinationPort >= -1);
        }
      },
    ),
    { numRuns: 20_000 },
  );
});
