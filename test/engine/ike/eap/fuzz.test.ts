/** More than 100,000 arbitrary inputs for the decoders of MSCHAPv2, TLS framing, EAP-TTLS and PEAP: a value or a refusal, never a throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, u32, utf8 } from '../../../../engine/base/bytes.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import { readAvps, writeAvp } from '../../../../engine/ike/eap/avp.ts';
import type { MethodContext, Phase2Name } from '../../../../engine/ike/eap/method.ts';
import { EapCode, EapType, readEapPacket, writeEapPacket } from '../../../../engine/ike/eap/packet.ts';
import { readTlvs } from '../../../../engine/ike/eap/peap.ts';
import { type EapOutcome, EapPeer } from '../../../../engine/ike/eap/peer.ts';
import { MOST_OCTETS, TlsFraming } from '../../../../engine/ike/eap/tls-framing.ts';
import type { TlsResult } from '../../../../engine/ike/eap/tls-steps.ts';
import { seededRandom } from '../../../sim/configs.ts';
import { sha1 } from './sha1.ts';

const context: MethodContext = { sha1, random: seededRandom('fuzz') };
const password = new Secret(utf8('a password'));
const octets = fc.uint8Array({ maxLength: 60 });

function peer(method: 'mschapv2' | 'ttls' | 'peap', phase2?: Phase2Name): EapPeer {
  return new EapPeer({ methods: [method], username: 'carol', identity: 'carol', password, phase2 }, context);
}

function judged(outcome: EapOutcome): boolean {
  if (outcome.kind === 'respond') assert.ok(readEapPacket(outcome.packet), 'an answer that can be read');
  return outcome.kind === 'respond';
}

test('TLS framing: 80,000 packets, a bound on what is kept', () => {
  const packet = fc.oneof(
    octets,
    fc
      .tuple(
        fc.constantFrom(0, 0x20, 0x40, 0x80, 0xc0, 0xe7),
        fc.oneof(fc.nat(200), fc.constantFrom(MOST_OCTETS, MOST_OCTETS + 1, 0xffffffff)),
        octets,
      )
      .map(([flags, length, data]) =>
        concat(Uint8Array.of(flags), flags & 0x80 ? u32(length) : new Uint8Array(0), data),
      ),
  );
  fc.assert(
    fc.property(fc.array(packet, { minLength: 10, maxLength: 10 }), (packets) => {
      const framing = new TlsFraming();
      for (const data of packets) {
        const framed = framing.read(data);
        if (framed.kind === 'broken') return;
        if (framed.kind === 'message')
          assert.ok(framed.octets.length <= 10 * data.length + 600, 'no more than what came');
      }
    }),
    { numRuns: 8000 },
  );
});

test('a message is never longer than the bound, whatever the fragments say', () => {
  const framing = new TlsFraming();
  const first = concat(Uint8Array.of(0xc0), u32(MOST_OCTETS), new Uint8Array(1000));
  assert.equal(framing.read(first).kind, 'part');
  let framed = framing.read(concat(Uint8Array.of(0x40), new Uint8Array(1000)));
  let sent = 2;
  for (; framed.kind === 'part'; sent++)
    framed = framing.read(concat(Uint8Array.of(0x40), new Uint8Array(1000)));
  assert.equal(framed.kind, 'broken');
  assert.ok(sent <= 67, `${sent} fragments were taken`);
});

test('attributes and TLVs: 20,000 inputs, and what is written is read', () => {
  fc.assert(
    fc.property(octets, (data) => {
      const avps = readAvps(data);
      assert.ok(avps === undefined || avps.length <= data.length / 8, 'no more than fit');
      readTlvs(data);
    }),
    { numRuns: 10_000 },
  );
  fc.assert(
    fc.property(fc.nat(0xffffffff), fc.nat(0xffff), fc.boolean(), octets, (code, vendor, mandatory, data) => {
      assert.deepEqual(readAvps(writeAvp({ code, vendor, mandatory, data })), [
        { code, vendor, mandatory, data },
      ]);
    }),
    { numRuns: 10_000 },
  );
});

test('MSCHAPv2: 40,000 messages', () => {
  const message = fc
    .tuple(fc.constantFrom(1, 1, 3, 4, 2, 9), fc.nat(255), fc.boolean(), octets)
    .map(([op, id, honest, data]) => {
      const length = honest ? data.length + 5 : data.length;
      const sized = op === 1 ? concat(Uint8Array.of(16), data) : concat(data, Uint8Array.of(0));
      return concat(Uint8Array.of(op, id, length >> 8, length), sized);
    });
  fc.assert(
    fc.property(fc.array(message, { minLength: 4, maxLength: 4 }), (messages) => {
      const p = peer('mschapv2');
      for (const [n, data] of messages.entries()) {
        const packet = { code: EapCode.REQUEST, identifier: n, type: EapType.MSCHAPV2, data };
        if (!judged(p.take(writeEapPacket(packet)))) return;
      }
    }),
    { numRuns: 10_000 },
  );
});

/** What comes out of a tunnel: octets, attributes, packets with and without their header. */
const plain = fc.oneof(
  octets,
  fc
    .tuple(fc.constantFrom(1, 2, 18, 26, 79), fc.constantFrom(0, 311), fc.boolean(), octets)
    .map(([code, vendor, mandatory, data]) => writeAvp({ code, vendor, mandatory, data })),
  fc
    .tuple(fc.constantFrom(1, 4, 6, 26, 33), octets)
    .map(([type, data]) => writeEapPacket({ code: EapCode.REQUEST, identifier: 3, type, data })),
  fc
    .tuple(fc.constantFrom(0x8003, 12, 0x800c, 7), octets)
    .map(([type, value]) => concat(Uint8Array.of(type >> 8, type, 0, value.length), value))
    .map((data) => writeEapPacket({ code: EapCode.REQUEST, identifier: 3, type: 33, data })),
  fc.tuple(fc.constantFrom(1, 4, 6, 26), octets).map(([type, data]) => concat(Uint8Array.of(type), data)),
);

for (const [method, type, phases] of [
  ['ttls', EapType.TTLS, ['pap', 'mschapv2', 'eap-mschapv2', 'eap-gtc']],
  ['peap', EapType.PEAP, ['eap-mschapv2', 'eap-gtc', 'eap-md5']],
] as const)
  test(`${method}: 40,000 messages in its tunnel, and success never without the method`, () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Phase2Name>(...phases),
        fc.constantFrom('TLSv1.2' as const, 'TLSv1.3' as const),
        fc.array(plain, { minLength: 4, maxLength: 4 }),
        (phase2, version, list) => {
          const p = peer(method, phase2);
          const take = (data: Uint8Array, came: Uint8Array, first = false): boolean => {
            const result: TlsResult = {
              ok: true,
              octets: new Uint8Array(0),
              plain: came,
              ...(first
                ? { established: { version, exported: [new Uint8Array(128), new Uint8Array(17)] } }
                : {}),
            };
            let outcome = p.take(writeEapPacket({ code: EapCode.REQUEST, identifier: 1, type, data }));
            while (outcome.kind === 'tls')
              outcome = outcome.answered(
                outcome.step.kind === 'take'
                  ? result
                  : { ...result, octets: utf8('tls'), plain: new Uint8Array(0) },
              );
            return judged(outcome);
          };
          if (!take(Uint8Array.of(0x20), new Uint8Array(0))) return;
          for (const [n, came] of list.entries()) if (!take(utf8('\0tls'), came, n === 0)) return;
          const end = p.take(writeEapPacket({ code: EapCode.SUCCESS, identifier: 2 }));
          // PAP is the one that has nothing to be shown; GTC and MD5 in EAP-TTLS neither.
          const shown = method === 'peap' || phase2 === 'mschapv2' || phase2 === 'eap-mschapv2';
          if (shown) assert.notEqual(end.kind, 'success');
        },
      ),
      { numRuns: 10_000 },
    );
  });
