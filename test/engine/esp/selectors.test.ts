/** Compiled selectors against a naive model. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareIp } from '../../../engine/base/ip.ts';
import type { Selector } from '../../../engine/esp/params.ts';
import { icmpPort, SelectorSet } from '../../../engine/esp/selectors.ts';

/** Few values, so that borders are hit often. */
const octet = fc.constantFrom(0, 1, 127, 128, 255);
const address = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.array(octet, { minLength: length, maxLength: length }).map((a) => Uint8Array.from(a));
const port = fc.constantFrom(0, 1, 80, 443, 65534, 65535);
const protocol = fc.constantFrom(0, 1, 6, 17);

const selector: fc.Arbitrary<Selector> = fc
  .constantFrom(4, 16)
  .chain((length) =>
    fc.record({ protocol, startPort: port, endPort: port, start: address(length), end: address(length) }),
  );

function modelTakes(s: Selector, ip: Uint8Array, proto: number, packetPort: number): boolean {
  if (s.start.length !== ip.length || compareIp(s.start, ip) > 0 || compareIp(ip, s.end) > 0) return false;
  if (s.protocol !== 0 && s.protocol !== proto) return false;
  const any = s.startPort === 0 && s.endPort === 65535;
  const opaque = s.startPort === 65535 && s.endPort === 0;
  if (packetPort < 0) return any || opaque;
  return s.startPort <= packetPort && packetPort <= s.endPort;
}

/** A selector's own borders and their neighbours, or any address. */
const nearby = (selectors: readonly Selector[]): fc.Arbitrary<Uint8Array> => {
  const any = fc.constantFrom(4, 16).chain(address);
  if (selectors.length === 0) return any;
  const border = fc
    .tuple(fc.constantFrom(...selectors.flatMap((s) => [s.start, s.end])), fc.constantFrom(-1, 0, 0, 1))
    .map(([ip, step]) => {
      const out = ip.slice();
      const last = out.length - 1;
      out[last] = Math.min(255, Math.max(0, (out[last] as number) + step));
      return out;
    });
  return fc.oneof({ weight: 4, arbitrary: border }, any);
};

const packets = fc
  .array(selector, { maxLength: 5 })
  .chain((selectors) => fc.tuple(fc.constant(selectors), nearby(selectors)));

test('random selectors and packets agree with the model', () => {
  let taken = 0;
  fc.assert(
    fc.property(packets, protocol, fc.oneof(port, fc.constant(-1)), ([selectors, ip], proto, packetPort) => {
      const buffer = new Uint8Array(40);
      buffer.set(ip, 7);
      const expected = selectors.some((s) => modelTakes(s, ip, proto, packetPort));
      if (expected) taken++;
      const set = new SelectorSet(selectors);
      assert.equal(set.takes(buffer, 7, ip.length === 4 ? 4 : 6, proto, packetPort), expected);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 500, `only ${taken} packets were selected`);
});

const all = { start: new Uint8Array(4), end: new Uint8Array(4).fill(255) };

test('without ports only "any" and OPAQUE take a packet', () => {
  const takes = (startPort: number, endPort: number, packetPort: number): boolean =>
    new SelectorSet([{ protocol: 17, startPort, endPort, ...all }]).takes(
      new Uint8Array(4),
      0,
      4,
      17,
      packetPort,
    );
  assert.deepEqual([takes(0, 65535, -1), takes(65535, 0, -1), takes(53, 53, -1)], [true, true, false]);
  assert.deepEqual([takes(0, 65535, 53), takes(65535, 0, 53), takes(53, 53, 53)], [true, false, true]);
});

test('ICMP by type and code', () => {
  const request = icmpPort(8, 0);
  const set = new SelectorSet([{ protocol: 1, startPort: request, endPort: icmpPort(8, 255), ...all }]);
  assert.ok(set.takes(new Uint8Array(4), 0, 4, 1, request));
  assert.equal(set.takes(new Uint8Array(4), 0, 4, 1, icmpPort(0, 0)), false);
});

test('addresses of two families in one selector are refused', () => {
  const mixed = {
    protocol: 0,
    startPort: 0,
    endPort: 65535,
    start: new Uint8Array(4),
    end: new Uint8Array(16),
  };
  assert.throws(() => new SelectorSet([mixed]), RangeError);
});
