/** The contributors of exchanges on their own: choices, selectors, configuration, fragments, deadlines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant } from '../../../engine/base/brand.ts';
import type { Prefix } from '../../../engine/base/ip.ts';
import { Deadlines } from '../../../engine/ike/deadlines.ts';
import { cfgReply, cfgRequest, readReply } from '../../../engine/ike/parts/config.ts';
import { Reassembly } from '../../../engine/ike/parts/fragments.ts';
import { compareNonces } from '../../../engine/ike/parts/nonces.ts';
import { choose, offer, readChoice } from '../../../engine/ike/parts/proposals.ts';
import { isNarrower, narrow, readNarrowed, tsPayload, within } from '../../../engine/ike/parts/selectors.ts';
import type { SaPayload, Transform } from '../../../engine/wire/payloads/types.ts';
import { CfgAttribute, Protocol } from '../../../engine/wire/registry.ts';
import { ASSIGNED, proposals, selector } from '../../sim/configs.ts';

const NO_SPI = new Uint8Array(0);
const OFFER = offer(proposals('ike', 'aes256gcm16-aes128gcm16-prfsha256-x25519-ecp256'), 'ike', NO_SPI);

function answer(change: (transforms: Transform[]) => Transform[], number = 1): SaPayload {
  const base: Transform[] = [
    { type: 1, id: 20, keyLength: 128 },
    { type: 2, id: 5 },
    { type: 4, id: 31 },
  ];
  return { kind: 'SA', proposals: [{ number, protocol: 1, spi: NO_SPI, transforms: change(base) }] };
}

test('a choice must come out of the offer', () => {
  assert.equal(
    readChoice(
      answer((t) => t),
      OFFER,
      'ike',
      0,
    ).ok,
    true,
  );
  const bad: readonly (readonly [string, SaPayload])[] = [
    ['key length that was not offered', answer((t) => [{ type: 1, id: 20, keyLength: 192 }, ...t.slice(1)])],
    ['no key length', answer((t) => [{ type: 1, id: 20 }, ...t.slice(1)])],
    ['group that was not offered', answer((t) => [...t.slice(0, 2), { type: 4, id: 14 }])],
    ['two groups', answer((t) => [...t, { type: 4, id: 19 }])],
    ['no PRF', answer((t) => [t[0] as Transform, t[2] as Transform])],
    ['integrity beside an AEAD', answer((t) => [...t, { type: 3, id: 12 }])],
    ['number of another proposal', answer((t) => t, 2)],
    ['no proposal', { kind: 'SA', proposals: [] }],
    ['two proposals', { kind: 'SA', proposals: [...OFFER.proposals, ...OFFER.proposals] }],
  ];
  for (const [what, sa] of bad) assert.equal(readChoice(sa, OFFER, 'ike', 0).ok, false, what);
});

test('a responder takes the initiator’s order, and the group that is already there', () => {
  const ours = proposals('ike', 'aes128gcm16-aes256gcm16-prfsha256-ecp256-x25519');
  assert.equal(choose(ours, OFFER, 'ike', 0, 19)?.keMethod, 19);
  assert.equal(choose(ours, OFFER, 'ike', 0, 14)?.keMethod, 31);
  assert.equal(choose(ours, OFFER, 'ike', 0, 31)?.suite.keyBits, 256);
  assert.equal(choose(proposals('ike', 'aes128-sha256-x25519'), OFFER, 'ike', 0, 31), undefined);
});

test('in IKE_AUTH no group is offered; proposals that then are the same appear once', () => {
  const sa = offer(proposals('esp', 'aes128gcm16-x25519', 'aes128gcm16-ecp256'), 'none', new Uint8Array(4));
  assert.equal(sa.proposals.length, 1);
  assert.ok(sa.proposals[0]?.transforms.every((t) => t.type !== 4));
});

test('AH is neither chosen nor taken as an answer', () => {
  const specs = proposals('esp', 'aes128gmac', 'aes128-sha256');
  const sa = offer(specs, 'none', new Uint8Array(4));
  const ah = (list: SaPayload): SaPayload => ({
    ...list,
    proposals: list.proposals.map((p) => ({ ...p, protocol: Protocol.AH })),
  });
  assert.equal(choose(specs, sa, 'none', 4, 0)?.suite.encr, 21);
  assert.equal(choose(specs, ah(sa), 'none', 4, 0), undefined);
  // AUTH_AES_128_GMAC, as a peer would ask for in AH.
  const gmac = { number: 1, protocol: Protocol.AH, spi: new Uint8Array(4), transforms: [{ type: 3, id: 9 }] };
  assert.equal(choose(specs, { kind: 'SA', proposals: [gmac] }, 'none', 4, 0), undefined);
  const [first] = sa.proposals;
  assert.ok(first);
  const answer: SaPayload = { kind: 'SA', proposals: [first] };
  assert.equal(readChoice(answer, sa, 'none', 4).ok, true);
  assert.equal(readChoice(ah(answer), sa, 'none', 4).ok, false);
});

test('selectors: narrowing is the intersection, and nothing outside is taken', () => {
  const wide = [selector('10.0.0.0/8'), selector('2001:db8::/32')];
  assert.deepEqual(narrow(tsPayload('TSi', [selector('0.0.0.0/0')]), [selector('10.1.0.0/16')]), [
    selector('10.1.0.0/16'),
  ]);
  assert.deepEqual(narrow(tsPayload('TSi', [selector('192.0.2.0/24')]), wide), []);
  assert.deepEqual(readNarrowed(tsPayload('TSr', [selector('10.2.0.0/16')]), wide), [
    selector('10.2.0.0/16'),
  ]);
  assert.equal(readNarrowed(tsPayload('TSr', [selector('11.0.0.0/8')]), wide), undefined);
  assert.equal(readNarrowed(tsPayload('TSr', []), wide), undefined);
  const dns = { ...selector('10.0.0.53/32'), protocol: 17, startPort: 53, endPort: 53 };
  assert.ok(within(dns, selector('10.0.0.0/8')));
  assert.ok(!within(selector('10.0.0.53/32'), dns));
  assert.deepEqual(narrow(tsPayload('TSr', [dns]), wide), [dns]);
  assert.ok(isNarrower([selector('10.0.0.0/9')], [selector('10.0.0.0/8')]));
  assert.ok(!isNarrower([selector('10.0.0.0/8')], [selector('10.0.0.0/8')]));
});

test('configuration: what is given is read back; what was not asked for or is malformed is not', () => {
  const both = { ipv4: true, ipv6: true, dns: true };
  const given = {
    addresses: [
      { address: '10.98.0.5', length: 24 },
      { address: '2001:db8::5', length: 64 },
    ],
    dns: ['10.99.0.53', '2001:db8::53'],
    subnets: [
      { address: '10.99.0.0', length: 16 },
      { address: '2001:db8:1::', length: 48 },
    ],
    domains: ['corp.culvert.test'],
  };
  assert.deepEqual(readReply(cfgReply(given), both), given);
  assert.deepEqual(readReply(cfgReply(ASSIGNED), { ipv4: false, ipv6: true, dns: false }), {
    addresses: [],
    dns: [],
    subnets: [],
    domains: [],
  });
  const odd = {
    ...cfgRequest(both),
    attributes: [
      { type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: new Uint8Array(4) },
      { type: CfgAttribute.INTERNAL_IP4_ADDRESS, value: new Uint8Array(3) },
      { type: CfgAttribute.INTERNAL_IP6_ADDRESS, value: new Uint8Array(17).fill(200) },
      { type: CfgAttribute.INTERNAL_IP4_SUBNET, value: Uint8Array.of(10, 0, 0, 0, 255, 0, 255, 0) },
      { type: CfgAttribute.INTERNAL_DNS_DOMAIN, value: new TextEncoder().encode('a b\nnameserver 1.2.3.4') },
    ],
  };
  assert.deepEqual(readReply(odd, both), { addresses: [], dns: [], subnets: [], domains: [] });
});

test('addresses are asked for by name, and those of a family without one as ever', () => {
  const request = { ipv4: true, ipv6: true, dns: false };
  const asked = (wanted: readonly Prefix[]) =>
    cfgRequest({ ...request, wanted })
      .attributes.filter(({ type }) =>
        [CfgAttribute.INTERNAL_IP4_ADDRESS, CfgAttribute.INTERNAL_IP6_ADDRESS].includes(type as never),
      )
      .map(({ value }) => [...value]);
  const six = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
  assert.deepEqual(asked([{ address: '10.98.0.5', length: 24 }]), [[10, 98, 0, 5], []]);
  assert.deepEqual(asked([{ address: '2001:db8::5', length: 64 }]), [[], [...six, 64]]);
  assert.deepEqual(asked([]), [[], []]);
});

test('fragments: any order, once each, a finer split replaces, and memory has an end', () => {
  const r = new Reassembly();
  const part = (n: number) => Uint8Array.of(n);
  assert.equal(r.add(3, 3, 0, part(3)), undefined);
  assert.equal(r.add(1, 3, 33, part(1)), undefined);
  assert.equal(r.wants(1, 3), false);
  assert.deepEqual(r.add(2, 3, 0, part(2)), { firstInner: 33, plaintext: Uint8Array.of(1, 2, 3) });
  r.add(1, 2, 33, part(1));
  assert.equal(r.add(1, 4, 33, part(9)), undefined);
  assert.equal(r.wants(2, 2), false);
  for (const n of [2, 3]) r.add(n, 4, 0, part(n));
  assert.deepEqual(r.add(4, 4, 0, part(4))?.plaintext, Uint8Array.of(9, 2, 3, 4));
  assert.equal(r.wants(1, 600), false);
  for (let n = 1; n <= 10; n++) assert.equal(r.add(n, 10, 33, new Uint8Array(60_000)), undefined);
});

test('deadlines come earliest first, and once', () => {
  const d = new Deadlines();
  d.set('liveness', 30 as Instant);
  d.set('ike-rekey', 10 as Instant);
  assert.equal(d.next(), 10);
  assert.equal(d.takeDue(5 as Instant), undefined);
  assert.equal(d.takeDue(40 as Instant), 'ike-rekey');
  assert.equal(d.takeDue(40 as Instant), 'liveness');
  assert.equal(d.takeDue(40 as Instant), undefined);
});

test('nonces are compared octet by octet', () => {
  assert.ok(compareNonces(Uint8Array.of(1, 2), Uint8Array.of(1, 3)) < 0);
  assert.ok(compareNonces(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)) < 0);
  assert.equal(compareNonces(Uint8Array.of(5), Uint8Array.of(5)), 0);
});
