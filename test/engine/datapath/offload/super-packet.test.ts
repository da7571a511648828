/** Taking super-packets apart, against the plain way; and octets that are no super-packets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packetMemory } from '../../../../engine/datapath/offload/sum-kernel.ts';
import { SuperPacket } from '../../../../engine/datapath/offload/super-packet.ts';
import { InnerHeader } from '../../../../engine/esp/inner.ts';
import { build, FLAG, superPacket, takeApart, VIRTIO, type Wish, wishes } from './support/super-packets.ts';

const memory = packetMemory(4 * 65536);
const AT = 77;
const TO = 2 * 65536;

/** What the data path makes of octets that the tun hands over; `undefined` when it refuses them. */
function apart(octets: Uint8Array): Uint8Array[] | undefined {
  memory.octets.set(octets, AT);
  const packet = new SuperPacket(memory);
  const inner = new InnerHeader();
  if (!packet.read(AT, octets.length)) return undefined;
  if (!inner.read(memory.octets, packet.at, packet.length) || !packet.split(inner)) return undefined;
  return Array.from({ length: packet.count }, (_, i) => {
    const length = packet.lengthOf(i);
    memory.octets.fill(0x5a, TO, TO + length + 64);
    packet.write(i, TO);
    assert.ok(memory.octets.subarray(TO + length, TO + length + 64).every((octet) => octet === 0x5a));
    return memory.octets.slice(TO, TO + length);
  });
}

const flags = fc.integer({ min: 0, max: 255 });
const payload = fc.oneof(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 65000 }));
const sizes = fc.oneof(fc.constantFrom(536, 1398, 1448), fc.integer({ min: 100, max: 3000 }));

test('packets are those of the plain way: TCP and UDP, IPv4 and IPv6', () => {
  let several = 0;
  fc.assert(
    fc.property(wishes(flags, payload), sizes, (wish, size) => {
      const octets = superPacket(wish, size);
      const parts = apart(octets);
      assert.deepEqual(parts, takeApart(octets));
      if ((parts?.length ?? 0) > 1) several++;
    }),
    { numRuns: 400 },
  );
  assert.ok(several > 100, `only ${several} of them were super-packets`);
});

test('a packet that lacks its checksum alone gets it', () => {
  fc.assert(
    fc.property(wishes(flags, fc.integer({ min: 0, max: 1500 })), (wish) => {
      const octets = superPacket(wish, 0);
      octets[1] = 0;
      assert.deepEqual(apart(octets), [build(wish)]);
    }),
    { numRuns: 300 },
  );
});

test('a whole packet passes unchanged', () => {
  fc.assert(
    fc.property(wishes(flags, fc.integer({ min: 0, max: 1500 })), (wish) => {
      const packet = build(wish);
      const octets = new Uint8Array(VIRTIO + packet.length);
      octets.set(packet, VIRTIO);
      assert.deepEqual(apart(octets), [packet]);
    }),
  );
});

const BULK: Wish = {
  version: 4,
  protocol: 'tcp',
  source: 1,
  destination: 2,
  ports: [1, 2],
  trafficClass: 0,
  hopLimit: 64,
  dontFragment: true,
  identification: 0xfffe,
  sequence: 0xfffffff0,
  acknowledgement: 7,
  window: 500,
  flags: FLAG.ACK | FLAG.PSH | FLAG.FIN | FLAG.CWR | FLAG.ECE,
  options: new Uint8Array(12),
  payload: new Uint8Array(4000),
};

test('CWR stays on the first packet, FIN and PSH on the last; sequence numbers and identification wrap', () => {
  const parts = apart(superPacket(BULK, 1000)) as Uint8Array[];
  const seen = parts.map((part) => {
    const view = new DataView(part.buffer);
    return [view.getUint16(4), view.getUint32(24), part[33]];
  });
  const common = FLAG.ACK | FLAG.ECE;
  assert.deepEqual(seen, [
    [0xfffe, 0xfffffff0, common | FLAG.CWR],
    [0xffff, 0xfffffff0 + 1000 - 0x1_0000_0000, common],
    [0, 0xfffffff0 + 2000 - 0x1_0000_0000, common],
    [1, 0xfffffff0 + 3000 - 0x1_0000_0000, common | FLAG.PSH | FLAG.FIN],
  ]);
});

test('TCP with the ECN bit in its kind is taken apart as well', () => {
  const octets = superPacket(BULK, 1000);
  octets[1] = (octets[1] as number) | 0x80;
  assert.deepEqual(apart(octets), takeApart(octets));
});

test('what contradicts itself is refused', () => {
  const refused = (change: (octets: Uint8Array, view: DataView) => void, wish: Wish = BULK): void => {
    const octets = superPacket(wish, 1000);
    change(octets, new DataView(octets.buffer));
    assert.equal(apart(octets), undefined);
  };
  refused((_, view) => view.setUint16(4, 0, true));
  refused((octets) => {
    octets[1] = 4;
  });
  refused((octets) => {
    octets[1] = 5;
  });
  refused((octets) => {
    octets[1] = 3;
  });
  refused((octets) => {
    octets[VIRTIO + 9] = 17;
  });
  // A fragment, then a data offset of one word, then one past the end.
  refused((octets) => {
    octets[VIRTIO + 7] = 1;
  });
  refused((octets) => {
    octets[VIRTIO + 32] = 0x10;
  });
  refused(
    (octets) => {
      octets[VIRTIO + 32] = 0xf0;
    },
    { ...BULK, options: new Uint8Array(0), payload: new Uint8Array(30) },
  );
  refused((_, view) => view.setUint16(6, 65000, true));
});

test('any octets give packets of a known length or a refusal', () => {
  const headers = fc.uint8Array({ minLength: 0, maxLength: 10 });
  const near = fc
    .tuple(wishes(flags, fc.integer({ min: 0, max: 300 })), fc.array(fc.tuple(fc.nat(80), fc.nat(255))))
    .map(([wish, changes]) => {
      const octets = superPacket(wish, 50);
      for (const [at, value] of changes) if (at < octets.length) octets[at] = value;
      return octets;
    });
  const any = fc
    .tuple(headers, fc.uint8Array({ maxLength: 400 }))
    .map(([a, b]) => Uint8Array.from([...a, ...b]));
  fc.assert(
    fc.property(fc.oneof(near, any), (octets) => {
      const parts = apart(octets);
      for (const part of parts ?? []) assert.ok(part.length > 0 && part.length <= octets.length);
    }),
    { numRuns: 3000 },
  );
});
