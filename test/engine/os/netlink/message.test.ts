/** The netlink codec: round trips, and octets from anywhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromHex } from '../../../../engine/base/bytes.ts';
import { readAddress, readLink, readRoute, readRule } from '../../../../engine/os/netlink/facts.ts';
import {
  type Attribute,
  decodeAttributes,
  decodeMessages,
  encodeRequest,
  LARGEST_MESSAGE,
  NetlinkError,
  NLM_F,
  NLMSG,
  readVerdict,
} from '../../../../engine/os/netlink/message.ts';

const leaf = fc.tuple(fc.integer({ min: 1, max: 0x3fff }), fc.uint8Array({ maxLength: 40 }));
const attributes = fc.uniqueArray(leaf, { maxLength: 6, selector: ([type]) => type });
const request = fc.record({
  type: fc.nat(0xffff),
  flags: fc.nat(0xffff),
  header: fc.nat(6).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words })),
  attributes,
});

test('what is written is read again, several in one datagram', () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 4 }), fc.nat(0xffff_ffff), (requests, sequence) => {
      const datagram = Uint8Array.from(requests.flatMap((r) => [...encodeRequest(r, sequence)]));
      const messages = decodeMessages(datagram);
      assert.equal(messages.length, requests.length);
      for (const [i, { type, flags, header, attributes: wanted }] of requests.entries()) {
        const message = messages[i];
        assert.ok(message);
        assert.equal(message.type, type);
        assert.equal(message.flags, flags | NLM_F.REQUEST);
        assert.equal(message.sequence, sequence);
        assert.deepEqual([...message.body.subarray(0, header.length)], [...header]);
        assert.deepEqual(
          [...decodeAttributes(message.body, header.length)].map(([t, v]) => [t, [...v]]),
          wanted.map(([t, v]) => [t, [...v]]),
        );
      }
    }),
  );
});

test('nested attributes come back', () => {
  const nested: Attribute = [26, [[10, [[8, Uint8Array.of(1)]]]]];
  const [message] = decodeMessages(
    encodeRequest({ type: 16, flags: 0, header: new Uint8Array(16), attributes: [nested] }, 7),
  );
  const outer = decodeAttributes(message?.body ?? new Uint8Array(0), 16).get(26);
  const inner = outer && decodeAttributes(outer).get(10);
  assert.deepEqual(inner && decodeAttributes(inner).get(8), Uint8Array.of(1));
});

test('any octets are a value or a NetlinkError', () => {
  const readers = [readLink, readAddress, (b: Uint8Array) => readRoute(b, 254), readRule, decodeAttributes];
  const lengths = fc.constantFrom(0, 1, 3, 4, 5, 15, 16, 17, 20, 0xffff);
  const plausible = fc
    .tuple(fc.uint8Array({ maxLength: 120 }), fc.array(fc.tuple(fc.nat(119), lengths), { maxLength: 4 }))
    .map(([octets, writes]) => {
      for (const [at, length] of writes) if (at < octets.length) octets[at] = length;
      return octets;
    });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), plausible), (octets) => {
      for (const read of [decodeMessages, ...readers])
        try {
          read(octets);
        } catch (error) {
          assert.ok(error instanceof NetlinkError, String(error));
        }
      for (const type of [NLMSG.ERROR, NLMSG.DONE])
        for (const flags of [0, NLM_F.ACK_TLVS, NLM_F.ACK_TLVS | NLM_F.CAPPED])
          try {
            readVerdict({ type, flags, sequence: 0, body: octets });
          } catch (error) {
            assert.ok(error instanceof NetlinkError, String(error));
          }
    }),
    { numRuns: 2000 },
  );
});

test('a verdict with the kernel’s own words', () => {
  // With NETLINK_CAP_ACK the request's header alone stands before the words (linux/netlink.h, struct nlmsgerr).
  const words = [...new TextEncoder().encode('ipv4: Invalid scope\0')];
  const body = [0xea, 0xff, 0xff, 0xff, ...new Array<number>(16).fill(0)];
  const attribute = [4 + words.length, 0, 1, 0, ...words];
  const answer = { type: NLMSG.ERROR, sequence: 1, body: Uint8Array.from([...body, ...attribute]) };
  assert.deepEqual(readVerdict({ ...answer, flags: NLM_F.CAPPED | NLM_F.ACK_TLVS }), {
    errno: 22,
    text: 'ipv4: Invalid scope',
  });
  assert.deepEqual(readVerdict({ ...answer, flags: 0 }), { errno: 22, text: '' });
  // Without it, the whole request.
  const whole = fromHex('14000000140005000100000000000000aabbccdd');
  const long = Uint8Array.from([0xea, 0xff, 0xff, 0xff, ...whole, ...attribute]);
  assert.equal(readVerdict({ ...answer, body: long, flags: NLM_F.ACK_TLVS }).text, 'ipv4: Invalid scope');
});

test('what is too long is not sent', () => {
  const header = new Uint8Array(0);
  const long = (length: number, count: number): Attribute[] =>
    Array.from({ length: count }, (_, i) => [i, new Uint8Array(length)]);
  const send = (list: Attribute[]) => encodeRequest({ type: 1, flags: 0, header, attributes: list }, 0);
  assert.equal(send(long(LARGEST_MESSAGE - 20, 1)).length, LARGEST_MESSAGE);
  assert.throws(() => send(long(LARGEST_MESSAGE - 19, 1)), RangeError);
  assert.throws(() => send(long(LARGEST_MESSAGE / 2, 2)), RangeError);
});
