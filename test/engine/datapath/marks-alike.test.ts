/**
 * The marks of the outer header through the loops of all three systems: what Darwin's and Windows' carry is what Linux's
 * carries, as far as their sockets take and tell it, and all of them keep RFC 6040's table.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { setTrafficClass, trafficClass } from '../../../engine/esp/outer-header.ts';
import type { CopyDscp, EspSaPair } from '../../../engine/esp/params.ts';
import { buildUdp } from '../../../engine/gateway/ip-packets.ts';
import { GCM, pairs } from './support/pairs.ts';
import { darwinSystem, linuxSystem } from './support/played-posix.ts';
import type { Arrived, Datagram, PlayedSystem } from './support/played-system.ts';
import { windowsSystem } from './support/played-windows.ts';

const REMOTES = { 4: { address: '198.51.100.7', port: 4500 }, 6: { address: '2001:db8::7', port: 4500 } };
type Family = keyof typeof REMOTES;

const linux = linuxSystem();
const ALIKE = { 'Darwin in batches': darwinSystem(true), 'Darwin one by one': darwinSystem(false) };
/** By what they take of a traffic class; both tell the ECN field. */
const WINDOWS = { class: windowsSystem('class', 'ecn'), ecn: windowsSystem('ecn', 'ecn') };
const MARKLESS = windowsSystem('none', 'none');

const [NOT_ECT, ECT1, ECT0, CE] = [0, 1, 2, 3] as const;
const ECN = 3;

/** What Windows lets out of it. */
const withoutCe = (value: number): number => ((value & ECN) === CE ? (value & ~ECN) | ECT0 : value);

interface Inner {
  readonly version: 4 | 6;
  readonly value: number;
  readonly length: number;
}

/** A packet that carries its number. */
function packet({ version, value, length }: Inner, number: number): Uint8Array {
  const [from, to] = version === 4 ? ['10.1.0.1', '10.2.0.1'] : ['fd01::1', 'fd02::1'];
  const data = new Uint8Array(length).fill(number);
  const whole = buildUdp(from, to, { sourcePort: 1000 + version, destinationPort: 2000, data });
  setTrafficClass(whole, 0, value);
  return whole;
}

/** Number and traffic class of each, in order. */
const told = (packets: readonly Uint8Array[]): (readonly [number, number])[] =>
  packets.map((bytes) => [bytes.at(-1) as number, trafficClass(bytes, 0)]);

/** One tunnel: what two systems make of its packets, with a router between them. */
class Tunnel {
  readonly #family: Family;
  readonly #left: EspSaPair;
  readonly #right: EspSaPair;

  constructor(family: Family, copyDscp: CopyDscp, copyEcn: boolean) {
    const { left, right } = pairs(GCM, { copyDscp, copyEcn });
    this.#family = family;
    this.#left = left;
    this.#right = right;
  }

  /** Keys are taken and zeroed, so each end gets its own. */
  sent(by: PlayedSystem, inner: readonly Inner[]): Datagram[] {
    return by.encapsulate(inner.map(packet), structuredClone(this.#left), REMOTES[this.#family]);
  }

  taken(by: PlayedSystem, datagrams: readonly Datagram[], copyDscp = this.#right.copyDscp): Arrived {
    return by.decapsulate(datagrams, { ...structuredClone(this.#right), copyDscp }, REMOTES[this.#family]);
  }
}

const inners = fc.array(
  fc.record({
    version: fc.constantFrom(4 as const, 6 as const),
    value: fc.oneof(fc.constantFrom(0, 0, 2, 2, 3, 0xb8, 0xba), fc.nat(255)),
    length: fc.constantFrom(40, 40, 40, 100, 700),
  }),
  { minLength: 1, maxLength: 40 },
);
const family = fc.constantFrom<Family>(4, 6);
const dscp = fc.constantFrom<CopyDscp>('out', 'in', 'yes', 'no');

test('what goes out bears the same marks, in the same order', () => {
  fc.assert(
    fc.property(inners, family, dscp, fc.boolean(), (inner, version, copyDscp, copyEcn) => {
      const tunnel = new Tunnel(version, copyDscp, copyEcn);
      const classes = (by: PlayedSystem): number[] => tunnel.sent(by, inner).map((d) => d.trafficClass);
      const usual = classes(linux);
      const out = copyDscp === 'out' || copyDscp === 'yes' ? 0xff : ECN;
      assert.deepEqual(
        usual,
        inner.map(({ value }) => value & (copyEcn ? out : out & ~ECN)),
      );
      for (const [name, system] of Object.entries(ALIKE)) assert.deepEqual(classes(system), usual, name);
      assert.deepEqual(classes(WINDOWS.class), usual.map(withoutCe));
      assert.deepEqual(
        classes(WINDOWS.ecn),
        usual.map((value) => withoutCe(value & ECN)),
      );
      assert.deepEqual(
        classes(MARKLESS),
        usual.map(() => 0),
      );
    }),
    { numRuns: 60 },
  );
});

/** What routers do, and what they should not. */
const remark = fc.constantFrom<(value: number) => number>(
  (value) => value,
  (value) => value | CE,
  (value) => value & ~ECN,
  (value) => (value & ~ECN) | ECT1,
  (value) => (value & ECN) | 0x20,
);

test('what comes in leaves the same packets, and drops the same', () => {
  fc.assert(
    fc.property(
      inners,
      fc.array(remark, { minLength: 1, maxLength: 5 }),
      family,
      dscp,
      fc.boolean(),
      (inner, routers, version, copyDscp, copyEcn) => {
        const tunnel = new Tunnel(version, copyDscp, copyEcn);
        const datagrams = tunnel.sent(linux, inner).map(({ octets, trafficClass: value }, i) => ({
          octets,
          trafficClass: (routers[i % routers.length] ?? assert.fail())(value),
        }));
        const outcome = ({ packets, congestion }: Arrived) => ({ packets: told(packets), congestion });
        const usual = outcome(tunnel.taken(linux, datagrams));
        assert.equal(usual.packets.length + usual.congestion, inner.length);
        for (const [name, system] of Object.entries(ALIKE))
          assert.deepEqual(outcome(tunnel.taken(system, datagrams)), usual, name);
        // A DSCP that is not told is not taken over.
        const outOnly = copyDscp === 'in' ? 'no' : copyDscp === 'yes' ? 'out' : copyDscp;
        const withoutDscp = outcome(tunnel.taken(linux, datagrams, outOnly));
        for (const [name, system] of Object.entries(WINDOWS))
          assert.deepEqual(outcome(tunnel.taken(system, datagrams)), withoutDscp, name);
        // Where nothing is told, packets arrive as they were sent.
        assert.deepEqual(outcome(tunnel.taken(MARKLESS, datagrams)), {
          packets: inner.map(({ value }, i) => [i, value]),
          congestion: 0,
        });
      },
    ),
    { numRuns: 60 },
  );
});

test('a tunnel between any two of them loses no mark of a router', () => {
  const systems = { Linux: linux, ...ALIKE, ...WINDOWS };
  // A router marks what says that it understands marks.
  const congested = (value: number): number => ((value & ECN) === NOT_ECT ? value : value | CE);
  fc.assert(
    fc.property(inners, family, fc.boolean(), (inner, version, isCongested) => {
      const tunnel = new Tunnel(version, 'out', true);
      for (const [sends, from] of Object.entries(systems))
        for (const [takes, to] of Object.entries(systems)) {
          const datagrams = tunnel.sent(from, inner).map(({ octets, trafficClass: value }) => ({
            octets,
            trafficClass: isCongested ? congested(value) : value,
          }));
          const { packets, congestion } = tunnel.taken(to, datagrams);
          assert.equal(congestion, 0);
          assert.deepEqual(
            told(packets),
            inner.map(({ value }, i) => [i, isCongested ? congested(value) : value]),
            `${sends} to ${takes}`,
          );
        }
    }),
    { numRuns: 12 },
  );
});

test('every system takes packets out by RFC 6040 figure 4', () => {
  // By inner and outer field; the columns of the figure in its order.
  const figure = [
    [NOT_ECT, [NOT_ECT, NOT_ECT, NOT_ECT, undefined]],
    [ECT0, [ECT0, ECT0, ECT1, CE]],
    [ECT1, [ECT1, ECT1, ECT1, CE]],
    [CE, [CE, CE, CE, CE]],
  ] as const;
  for (const [name, system] of Object.entries({ linux, ...ALIKE, ...WINDOWS }))
    for (const version of [4, 6] as const)
      for (const [value, row] of figure)
        for (const [i, outer] of [NOT_ECT, ECT0, ECT1, CE].entries()) {
          const tunnel = new Tunnel(version, 'out', true);
          const [datagram] = tunnel.sent(linux, [{ version: 4, value, length: 40 }]);
          const { octets } = datagram ?? assert.fail();
          const { packets, congestion } = tunnel.taken(system, [{ octets, trafficClass: outer }]);
          const expected = row[i];
          assert.deepEqual(
            [told(packets), congestion],
            expected === undefined ? [[], 1] : [[[0, expected]], 0],
            `${name}: ${value} in ${outer}`,
          );
        }
});
