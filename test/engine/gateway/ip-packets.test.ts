/** The demo's packets: checksums, echo and its answer, datagrams; decoders on arbitrary bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex, readU16 } from '../../../engine/base/bytes.ts';
import {
  answerEcho,
  buildEcho,
  buildUdp,
  parseEcho,
  parseUdp,
  readIp,
} from '../../../engine/gateway/ip-packets.ts';

/** The one's complement sum of a correct header or message, checksum included, is all ones (RFC 1071 §1). */
function sums(bytes: Uint8Array, extra = 0): boolean {
  let total = extra;
  for (let at = 0; at < bytes.length; at += 2)
    total += at + 1 < bytes.length ? readU16(bytes, at) : (bytes[at] as number) << 8;
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total === 0xffff;
}

test('an echo request is the one that ping sends', () => {
  const data = fromHex('6162636465666768696a6b6c6d6e6f7071727374757677616263646566676869');
  const packet = buildEcho('10.1.1.2', '10.1.1.1', { kind: 'request', identifier: 1, sequence: 7, data });
  // The ICMP checksum of this well-known payload with identifier 1 and sequence 7 is 0x4d54.
  assert.equal(readU16(packet, 22), 0x4d54);
  assert.ok(sums(packet.subarray(0, 20)));
});

test('packets of both families carry correct checksums and read back', () => {
  const family = fc.constantFrom(['10.0.0.1', '10.9.8.7'] as const, ['fd00::1', '2001:db8::7'] as const);
  fc.assert(
    fc.property(
      family,
      fc.uint8Array({ maxLength: 1300 }),
      fc.nat(65535),
      ([source, destination], data, port) => {
        const bytes = buildUdp(source, destination, { sourcePort: port, destinationPort: 53, data });
        const packet = readIp(bytes);
        assert.ok(packet);
        assert.deepEqual([packet.source, packet.destination, packet.protocol], [source, destination, 17]);
        assert.deepEqual(parseUdp(packet), { sourcePort: port, destinationPort: 53, data });
        const addresses = source.includes(':') ? bytes.subarray(8, 40) : bytes.subarray(12, 20);
        let pseudo = 17 + packet.payload.length;
        for (let at = 0; at < addresses.length; at += 2) pseudo += readU16(addresses, at);
        assert.ok(sums(packet.payload, pseudo));
        const echo = buildEcho(source, destination, { kind: 'request', identifier: port, sequence: 1, data });
        const reply = answerEcho(echo);
        const answer = reply && readIp(reply);
        assert.ok(answer);
        assert.deepEqual([answer.source, answer.destination], [destination, source]);
        assert.deepEqual(parseEcho(answer), { kind: 'reply', identifier: port, sequence: 1, data });
        assert.equal(reply && answerEcho(reply), undefined, 'an answer is not answered');
      },
    ),
  );
});

test('arbitrary bytes are read or refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const packet = readIp(bytes);
      if (packet) {
        parseUdp(packet);
        parseEcho(packet);
      }
      answerEcho(bytes);
    }),
    { numRuns: 5000 },
  );
});
