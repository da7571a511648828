/** What is remembered for a flow is found for that flow and for no other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FlowCache } from '../../../engine/esp/flow-cache.ts';
import { InnerHeader } from '../../../engine/esp/inner.ts';
import { build, FLAG, wishes } from '../datapath/offload/support/super-packets.ts';

const packets = wishes(fc.constant(FLAG.ACK), fc.constant(8)).map(build);

/** Everything that selectors look at. */
function flowOf(packet: Uint8Array): string {
  const inner = new InnerHeader();
  assert.ok(inner.read(packet, 0, packet.length));
  const addresses = packet.slice(inner.sourceAt, inner.sourceAt + 2 * inner.addressLength);
  return [inner.version, inner.protocol, inner.sourcePort, inner.destinationPort, ...addresses].join(' ');
}

test('a flow finds its own value or none', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(packets, { minLength: 2, maxLength: 12 }), (all) => {
      const cache = new FlowCache<string>();
      const inner = new InnerHeader();
      for (const packet of [...all, ...all]) {
        inner.read(packet, 0, packet.length);
        const value = cache.find(packet, inner);
        if (value !== undefined) {
          assert.equal(value, flowOf(packet));
          found++;
        } else cache.remember(flowOf(packet));
        assert.equal(cache.find(packet, inner), flowOf(packet));
      }
      cache.clear();
      for (const packet of all) {
        inner.read(packet, 0, packet.length);
        assert.equal(cache.find(packet, inner), undefined);
      }
    }),
  );
  assert.ok(found > 100, `only ${found} were found again`);
});

test('a packet without ports is not one with the highest', () => {
  const cache = new FlowCache<number>();
  const inner = new InnerHeader();
  const wish = {
    version: 4,
    protocol: 'udp',
    source: 1,
    destination: 2,
    ports: [65535, 65535],
    trafficClass: 0,
    hopLimit: 9,
    dontFragment: false,
    identification: 1,
    sequence: 0,
    acknowledgement: 0,
    window: 0,
    flags: 0,
    options: new Uint8Array(0),
    payload: new Uint8Array(16),
  } as const;
  const packet = build(wish);
  assert.ok(inner.read(packet, 0, packet.length));
  assert.equal(cache.find(packet, inner), undefined);
  cache.remember(1);
  const fragment = packet.slice();
  fragment[7] = 2;
  assert.ok(inner.read(fragment, 0, fragment.length));
  assert.equal(inner.sourcePort, -1);
  assert.equal(cache.find(fragment, inner), undefined);
});

test('flows of one slot are not taken for each other, whatever sets them apart', () => {
  const [template = new Uint8Array()] = fc.sample(
    packets.filter((packet) => packet[0] === 0x45),
    1,
  );
  const inner = new InnerHeader();
  // Source, destination, source port, destination port: far more flows than slots, one field at a time.
  for (const at of [12, 16, 20, 22]) {
    const cache = new FlowCache<number>();
    const packet = template.slice();
    for (let i = 0; i < 20_000; i++) {
      packet[at] = i >>> 8;
      packet[at + 1] = i;
      assert.ok(inner.read(packet, 0, packet.length));
      assert.equal(cache.find(packet, inner), undefined, `flow ${i} by ${at}`);
      cache.remember(i);
      assert.equal(cache.find(packet, inner), i);
    }
  }
});
