/** DSCP and ECN between inner and outer header: RFC 6040's table, strongSwan's four ways of copying a DSCP. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sumOctets } from '../../../engine/base/internet-checksum.ts';
import { HeaderCopy, setTrafficClass, trafficClass } from '../../../engine/esp/outer-header.ts';
import type { CopyDscp } from '../../../engine/esp/params.ts';
import { buildUdp } from '../../../engine/gateway/ip-packets.ts';

const AT = 3;
const EF = 46 << 2;
const CS1 = 8 << 2;
const [NOT_ECT, ECT1, ECT0, CE] = [0, 1, 2, 3] as const;

/** A packet of the version behind some octets, with that traffic class and a right checksum. */
function packet(version: 4 | 6, value: number): Uint8Array {
  const [from, to] = version === 4 ? ['10.1.0.1', '10.2.0.1'] : ['fd01::1', 'fd02::1'];
  const whole = buildUdp(from, to, { sourcePort: 1, destinationPort: 2, data: new Uint8Array(9).fill(7) });
  const bytes = new Uint8Array(AT + whole.length).fill(0xa5);
  bytes.set(whole, AT);
  setTrafficClass(bytes, AT, value);
  return bytes;
}

/** What is left of the traffic class, or nothing. */
function arrived(copy: HeaderCopy, version: 4 | 6, inner: number, outer: number): number | undefined {
  const bytes = packet(version, inner);
  const taken = copy.inward(bytes, AT, outer);
  if (version === 4) assert.equal(sumOctets(bytes, AT, 20), 0xffff, 'the header checksum is right');
  assert.deepEqual(bytes.subarray(0, AT), new Uint8Array(AT).fill(0xa5));
  return taken ? trafficClass(bytes, AT) : undefined;
}

test('a traffic class is written without touching what is beside it', () => {
  for (const version of [4, 6] as const)
    for (let value = 0; value < 256; value++) {
      const [before, after] = [packet(version, 0), packet(version, value)];
      assert.equal(trafficClass(after, AT), value);
      setTrafficClass(after, AT, 0);
      assert.deepEqual(after, before);
    }
});

test('the ECN field of a packet taken out of the tunnel (RFC 6040 figure 4)', () => {
  const copy = new HeaderCopy('out', true);
  // By inner and outer field; the columns of the figure in its order.
  const figure = [
    [NOT_ECT, [NOT_ECT, NOT_ECT, NOT_ECT, undefined]],
    [ECT0, [ECT0, ECT0, ECT1, CE]],
    [ECT1, [ECT1, ECT1, ECT1, CE]],
    [CE, [CE, CE, CE, CE]],
  ] as const;
  for (const version of [4, 6] as const)
    for (const [inner, row] of figure)
      for (const [i, outer] of [NOT_ECT, ECT0, ECT1, CE].entries()) {
        const expected = row[i];
        const got = arrived(copy, version, EF | inner, CS1 | outer);
        assert.equal(got, expected === undefined ? undefined : EF | expected, `${inner} in ${outer}`);
      }
});

test('a DSCP goes the ways that the profile says', () => {
  for (const [dscp, outward, inward] of [
    ['out', EF, EF],
    ['in', 0, CS1],
    ['yes', EF, CS1],
    ['no', 0, EF],
  ] as const satisfies readonly (readonly [CopyDscp, number, number])[])
    for (const version of [4, 6] as const) {
      const copy = new HeaderCopy(dscp, true);
      assert.equal(copy.outer(packet(version, EF | ECT0), AT), outward | ECT0, dscp);
      assert.equal(arrived(copy, version, EF | ECT0, CS1 | CE), inward | CE, dscp);
      assert.equal(arrived(copy, version, EF | ECT0, NOT_ECT), (inward === EF ? EF : 0) | ECT0, dscp);
    }
});

test('without ECN the outer field is Not-ECT, and what comes in it is ignored', () => {
  const copy = new HeaderCopy('out', false);
  for (const inner of [NOT_ECT, ECT0, ECT1, CE]) {
    assert.equal(copy.outer(packet(4, EF | inner), AT), EF);
    for (const outer of [NOT_ECT, ECT0, ECT1, CE]) assert.equal(arrived(copy, 6, inner, outer), inner);
  }
});

test('what a socket does not tell or say stays as if it were not there', () => {
  for (const version of [4, 6] as const)
    for (const [marks, said, dscp, ecn] of [
      ['class', EF | ECT0, CS1, CE],
      ['ecn', ECT0, EF, CE],
      ['none', NOT_ECT, EF, ECT0],
    ] as const) {
      const copy = new HeaderCopy('yes', true, marks);
      assert.equal(copy.outer(packet(version, EF | ECT0), AT), said, marks);
      assert.equal(arrived(copy, version, EF | ECT0, CS1 | CE), dscp | ecn, marks);
    }
});
