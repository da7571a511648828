/**
 * Additional key exchanges (RFC 9370) when the IKE SA is made, over IKE_INTERMEDIATE (RFC 9242): message by message, on
 * bad networks, and against somebody between the two.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex, utf8 } from '../../engine/base/bytes.ts';
import { Secret } from '../../engine/base/secret.ts';
import { offer, readChoice } from '../../engine/ike/parts/proposals.ts';
import { nodeProvider } from '../../engine/os/crypto/node.ts';
import { decodeMessage, encodeMessage } from '../../engine/wire/codec.ts';
import type { Payload } from '../../engine/wire/payloads/types.ts';
import { Exchange, NotifyType } from '../../engine/wire/registry.ts';
import { proposals } from './configs.ts';
import { World, type WorldOptions } from './world.ts';

const HYBRID = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768';
const CLASSIC = 'aes256gcm16-prfsha384-x25519';
const TWO = 'aes256gcm16-prfsha384-x25519-ke1_mlkem768-ke2_mlkem1024';
const THREE = 'aes128-sha256-ecp256-ke1_mlkem512-ke3_x25519-ke7_mlkem1024';

const pair = (i: string, r: string, more: WorldOptions = {}): World =>
  new World({
    ...more,
    initiator: { ...more.initiator, proposals: proposals('ike', ...i.split(',')) },
    responder: { ...more.responder, proposals: proposals('ike', ...r.split(',')) },
  });
const both = (text: string, more?: WorldOptions): World => pair(text, text, more);
const methods = (w: World): unknown[] =>
  (['i', 'r'] as const).map((who) => w.sessions[who].view().suite?.additional);
const count = (w: World, exchange: string): number =>
  w.exchanges('i').filter((line) => line.startsWith(`${exchange} `)).length;

for (const [text, expected] of [
  [HYBRID, [36]],
  [TWO, [36, 37]],
  [THREE, [35, 31, 37]],
] as const)
  test(`${text}: one IKE_INTERMEDIATE a method, then IKE_AUTH`, () => {
    const w = both(text).connect();
    assert.deepEqual(methods(w), [expected, expected]);
    w.assertSameIke();
    w.assertSameChildren(1);
    const names = w.exchanges('i').map((line) => line.split(' ').slice(0, 2).join(' '));
    assert.deepEqual(names, [
      'IKE_SA_INIT request',
      'IKE_SA_INIT response',
      ...expected.flatMap(() => ['IKE_INTERMEDIATE request', 'IKE_INTERMEDIATE response']),
      'IKE_AUTH request',
      'IKE_AUTH response',
    ]);
    for (const line of w.exchanges('i').slice(0, 2))
      assert.match(line, /N\(INTERMEDIATE_EXCHANGE_SUPPORTED\)/);
    assert.ok(w.notes('r').some((n) => n.includes('ML_KEM')));
  });

test('each secret counts: other keys with the same first exchange', () => {
  const keys = (w: World): string =>
    toHex(w.of('i', 'install-child').at(-1)?.pair.keys.outEncr as Uint8Array);
  const all = [CLASSIC, HYBRID, TWO].map((text) => keys(both(text).connect()));
  assert.equal(new Set(all).size, 3);
});

test('who offers no additional key exchange hears nothing of them', () => {
  const w = both(CLASSIC).connect();
  for (const line of w.exchanges('i')) assert.doesNotMatch(line, /INTERMEDIATE/);
  assert.deepEqual(methods(w), [[], []]);
});

for (const [title, i, r, expected] of [
  ['hybrid first, an older responder', `${HYBRID},${CLASSIC}`, CLASSIC, []],
  ['an older initiator, a responder that can', CLASSIC, `${HYBRID},${CLASSIC}`, []],
  ['"none" at the initiator, an older responder', `${HYBRID}-ke1_none`, CLASSIC, []],
  ['"none" at both: the method is preferred', `${HYBRID}-ke1_none`, `${HYBRID}-ke1_none`, [36]],
  ['"none" at the responder alone', CLASSIC, `${HYBRID}-ke1_none`, []],
  ['both rounds offered, one wanted', `${TWO}-ke2_none`, HYBRID, [36]],
] as const)
  test(`${title}: they agree`, () => {
    const w = pair(i, r).connect();
    assert.deepEqual(methods(w), [expected, expected]);
    w.assertSameChildren(1);
  });

for (const [i, r] of [
  [HYBRID, CLASSIC],
  [CLASSIC, HYBRID],
  [`${HYBRID}!`, `${CLASSIC}!`],
  [TWO, HYBRID],
  [HYBRID, 'aes256gcm16-prfsha384-x25519-ke1_mlkem1024'],
] as const)
  test(`${i} against ${r}: nothing less is agreed on`, () => {
    const w = pair(i, r);
    w.start().run(60_000);
    assert.equal(w.closed('i')?.failure?.code, 'NO_PROPOSAL_CHOSEN');
    assert.equal(count(w, 'IKE_AUTH'), 0);
  });

test('no method is run twice', () => {
  const many =
    'aes256gcm16-prfsha384-x25519-mlkem768-ke1_x25519-ke1_mlkem768-ke2_mlkem768-ke2_x25519-ke2_mlkem512';
  const w = both(many).connect();
  const view = w.sessions.i.view().suite;
  const run = [view?.keMethod, ...(view?.additional ?? [])];
  assert.deepEqual(run, [31, 36, 35]);
  assert.equal(new Set(run).size, run.length);
  // Nobody may answer with one method twice, though both were offered.
  const sa = offer(proposals('ike', many), 'ike', new Uint8Array(0));
  const choice = (second: number): boolean => {
    const transforms = [
      { type: 1, id: 20, keyLength: 256 },
      { type: 2, id: 6 },
      { type: 4, id: 31 },
      { type: 6, id: 36 },
      { type: 7, id: second },
    ];
    const proposals = [{ number: 1, protocol: 1, spi: new Uint8Array(0), transforms }];
    return readChoice({ kind: 'SA', proposals }, sa, 'ike', 0).ok;
  };
  assert.deepEqual([35, 36, 31].map(choice), [true, false, false]);
});

test('ML-KEM-1024 goes in fragments, and AUTH covers the whole message', () => {
  const small = { fragmentation: { enabled: true, sizes: [576] } };
  const w = both(TWO, { initiator: small, responder: small }).connect();
  assert.deepEqual(methods(w), [
    [36, 37],
    [36, 37],
  ]);
  assert.ok(w.sent.every(({ bytes }) => bytes.length < 576 || bytes[18] === Exchange.IKE_SA_INIT));
  const intermediate = w.sent.filter(({ bytes }) => bytes[18] === Exchange.IKE_INTERMEDIATE);
  assert.ok(intermediate.length >= 12, `${intermediate.length} fragments`);
});

test('different fragment sizes each way, and one side that never fragments its answers', () => {
  for (const [i, r] of [
    [[1280, 576], [700]],
    [[600], [1500]],
  ])
    both(TWO, {
      initiator: { fragmentation: { enabled: true, sizes: i as number[] } },
      responder: { fragmentation: { enabled: true, sizes: r as number[] } },
    })
      .connect()
      .assertSameChildren(1);
});

test('with a post-quantum pre-shared key, which goes in after the last round', () => {
  const secret = new Secret(utf8('thirty-two octets of quantum salt'));
  const ppk = { id: utf8('ppk.culvert.test'), secret: () => secret, required: true };
  const w = both(TWO, { initiator: { ppk }, responder: { ppk } }).connect();
  w.assertSameChildren(1);
  assert.deepEqual([w.sessions.i.view().ppk, w.sessions.r.view().ppk], [true, true]);
  const wrong = { ...ppk, secret: () => new Secret(utf8('another secret of enough octets!!')) };
  const bad = both(TWO, { initiator: { ppk }, responder: { ppk: wrong } });
  bad.start().run(60_000);
  assert.ok(bad.closed('i')?.failure);
});

test('signatures on both sides, and EAP: both ends mean the same octets, with every round in them', () => {
  const list = proposals('ike', TWO);
  const chain = [utf8('a certificate')];
  const remoteAuth = { kind: 'pubkey' as const, authorities: new Uint8Array(0) };
  const users = { methods: ['mschapv2' as const], password: () => new Secret(utf8('a password')) };
  for (const eap of [false, true]) {
    const lengths = new Set<number>();
    const w = new World({
      initiator: {
        proposals: list,
        remoteAuth,
        localAuth: eap
          ? {
              kind: 'eap',
              methods: ['mschapv2'],
              identity: 'carol',
              username: 'carol',
              password: new Secret(utf8('a password')),
            }
          : { kind: 'pubkey', chain },
      },
      responder: {
        proposals: list,
        localAuth: { kind: 'pubkey', chain },
        remoteAuth: eap ? { kind: 'eap', authorities: new Uint8Array(0), eap: users } : remoteAuth,
      },
      // A signature that is what it signs: whoever verifies it must have made the same octets.
      sign: (_who, { octets }) => ({ ok: true, method: 14, data: octets }),
      verify: (_who, { octets, signature }) => {
        assert.equal(toHex(signature), toHex(octets));
        // IKE_AUTH is message 3 after two rounds.
        assert.equal(toHex(octets).slice(-8), '00000003');
        lengths.add(octets.length);
        return { ok: true, subject: 'CN=peer' };
      },
    }).connect();
    assert.deepEqual(methods(w), [
      [36, 37],
      [36, 37],
    ]);
    w.assertSameChildren(1);
    assert.ok(lengths.size > 0);
  }
});

for (const text of [HYBRID, TWO, THREE])
  test(`${text}: loss, reordering and duplicates change nothing`, () => {
    for (let seed = 1; seed <= 12; seed++) {
      const network = { loss: 0.2, reorder: 0.4, duplicate: 0.4, latency: 20 };
      const small = { fragmentation: { enabled: true, sizes: [1280, 576] } };
      const w = both(text, { network, seed, initiator: small, responder: small });
      w.start().until(() => w.state('i') === 'ESTABLISHED' || w.closed('i') !== undefined, 300_000);
      w.network = { loss: 0, reorder: 0, duplicate: 0, latency: 10 };
      w.run(20_000);
      if (w.closed('i')) continue;
      w.assertSameIke();
      w.assertSameChildren(1);
      assert.equal(methods(w)[0]?.toString(), methods(w)[1]?.toString());
    }
  });

for (const swallowed of [2, 3, 4, 5, 6, 7])
  test(`message ${swallowed} is lost: the retransmit of a round is answered with the keys of that round`, () => {
    const w = both(TWO);
    w.filter = (_from, _sent, index) => index !== swallowed;
    w.connect();
    w.assertSameChildren(1);
    assert.ok(w.sessions.i.view().retransmits > 0);
  });

test('a responder repeats an answer in smaller fragments with the keys that it was made with', () => {
  const sizes = { fragmentation: { enabled: true, sizes: [1280, 576] } };
  let held = 0;
  const w = both(TWO, { initiator: sizes, responder: sizes });
  // Large answers to IKE_INTERMEDIATE never get through.
  w.filter = (from, { bytes }) => {
    const large = from === 'r' && bytes[18] === Exchange.IKE_INTERMEDIATE && bytes.length > 600;
    if (large) held++;
    return !large;
  };
  w.connect();
  w.assertSameChildren(1);
  assert.ok(held > 0);
  assert.ok(w.notes('r').some((n) => n.includes('fragments of 576')));
});

/** Lets somebody change the messages in the clear. */
function between(
  w: World,
  change: (from: 'i' | 'r', payloads: readonly Payload[]) => readonly Payload[],
): void {
  w.filter = (from, sent) => {
    const message = decodeMessage(sent.bytes);
    if (message.exchange !== Exchange.IKE_SA_INIT) return true;
    const bytes = encodeMessage(message, change(from, message.payloads));
    w.arrive(from, { ...sent, bytes });
    return false;
  };
}

const withoutAdditional = (payloads: readonly Payload[]): Payload[] =>
  payloads
    .filter((p) => p.kind !== 'Notify' || p.type !== NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED)
    .map((p) =>
      p.kind === 'SA'
        ? { ...p, proposals: p.proposals.filter(({ transforms }) => transforms.every((t) => t.type < 6)) }
        : p,
    );

for (const [title, change] of [
  ['the hybrid proposal and the notify', withoutAdditional],
  [
    'the notify alone',
    (payloads: readonly Payload[]): Payload[] =>
      payloads.filter((p) => p.kind !== 'Notify' || p.type !== NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED),
  ],
] as const)
  test(`downgrade: whoever takes ${title} out of IKE_SA_INIT is found out by AUTH`, () => {
    const w = both(`${HYBRID},${CLASSIC}`);
    between(w, (_from, payloads) => change(payloads));
    w.start().run(60_000);
    assert.ok(w.closed('i')?.failure);
    assert.equal(w.of('i', 'install-child').length, 0);
    assert.equal(w.of('r', 'install-child').length, 0);
    // Where hybrid is demanded it does not even come to AUTH.
    const strict = pair(`${HYBRID}!`, `${HYBRID},${CLASSIC}`);
    between(strict, (_from, payloads) => change(payloads));
    strict.start().run(60_000);
    assert.ok(strict.closed('i')?.failure);
    assert.equal(count(strict, 'IKE_AUTH'), 0);
  });

test('IKE_INTERMEDIATE that another key exchange was slipped into: AUTH fails though both have the same keys', () => {
  // The keys of both ends are known here, as they would be to who broke the first key exchange.
  const spy = { ...nodeProvider };
  const w = both(TWO, { contexts: { i: { crypto: spy } } });
  let changed = 0;
  // An initiator that believes to have sent something else than what arrived.
  spy.prf = (prf, key, ...data) => {
    const out = nodeProvider.prf(prf, key, ...data);
    const octets = data.at(-1);
    if (data.length === 1 && octets && octets[18] === Exchange.IKE_INTERMEDIATE && changed++ === 0)
      out[0] = (out[0] as number) ^ 1;
    return out;
  };
  w.start().run(60_000);
  assert.ok(changed > 0);
  assert.equal(w.closed('i')?.failure?.code, 'AUTHENTICATION_FAILED');
});

test('a responder takes IKE_AUTH only after all rounds, and no round more', () => {
  const plain = new World({ initiator: {}, responder: {} }).connect();
  assert.equal(count(plain, 'IKE_INTERMEDIATE'), 0);
  const w = both(TWO);
  w.hold();
  w.start();
  w.deliver('i');
  w.deliver('r');
  // The responder has its keys and waits for the first round: a forged datagram changes nothing.
  const first = w.held?.[0]?.sent;
  assert.ok(first);
  const forged = first.bytes.slice();
  forged[forged.length - 1] = (forged.at(-1) as number) ^ 1;
  w.arrive('i', { ...first, bytes: forged });
  w.release().run(10_000);
  assert.deepEqual([w.state('i'), w.state('r')], ['ESTABLISHED', 'ESTABLISHED']);
});

test('an encapsulation key that FIPS 203 refuses ends the attempt with a reason', () => {
  const crypto = {
    ...nodeProvider,
    beginKeyExchange: (method: number, random: (n: number) => Uint8Array) => {
      const begun = nodeProvider.beginKeyExchange(method, random);
      // Coefficients of 4095 are not reduced (FIPS 203 §7.2).
      return method === 36 ? { ...begun, publicValue: begun.publicValue.map(() => 0xff) } : begun;
    },
  };
  const w = both(HYBRID, { contexts: { i: { crypto } } });
  w.start().run(60_000);
  assert.equal(w.closed('r')?.failure?.code, 'PROTOCOL_ERROR');
  assert.match(w.closed('r')?.failure?.message ?? '', /ML_KEM_768/);
  assert.equal(w.closed('i')?.failure?.code, 'INVALID_SYNTAX');
});

test('a ciphertext of the wrong length ends the attempt; a tampered one fails at the first message under its keys', () => {
  const answering = (change: (value: Uint8Array) => Uint8Array): World =>
    both(HYBRID, {
      contexts: {
        r: {
          crypto: {
            ...nodeProvider,
            answerKeyExchange: (method, value, random) => {
              const answer = nodeProvider.answerKeyExchange(method, value, random);
              return method === 36 ? { ...answer, publicValue: change(answer.publicValue) } : answer;
            },
          },
        },
      },
    });
  const short = answering((value) => value.subarray(1));
  short.start().run(120_000);
  assert.equal(short.closed('i')?.failure?.code, 'PROTOCOL_ERROR');
  const tampered = answering((value) => value.map((b, n) => (n === 9 ? b ^ 1 : b)));
  tampered.start().run(120_000);
  assert.ok(tampered.closed('i')?.failure);
  assert.equal(tampered.of('r', 'install-child').length, 0);
});
