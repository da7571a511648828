/** The peer's and the server's machine against packets that break the rules (RFC 3748 §4, §5), and against any octets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { concat, utf8 } from '../../../../engine/base/bytes.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import { askKind, gatewayText } from '../../../../engine/ike/eap/ask.ts';
import type { EapMethodName, MethodContext, SimpleName } from '../../../../engine/ike/eap/method.ts';
import { mschapv2Server } from '../../../../engine/ike/eap/mschapv2.ts';
import { EapCode, EapType, readEapPacket, writeEapPacket } from '../../../../engine/ike/eap/packet.ts';
import { EapPeer } from '../../../../engine/ike/eap/peer.ts';
import { EapServer } from '../../../../engine/ike/eap/server.ts';
import { seededRandom } from '../../../sim/configs.ts';
import { sha1 } from './sha1.ts';

const context: MethodContext = { sha1, random: seededRandom('eap') };
const user = { username: 'carol', password: new Secret(utf8('a password')) };
const peer = (methods: readonly EapMethodName[] = ['mschapv2', 'gtc', 'md5']): EapPeer =>
  new EapPeer({ ...user, identity: 'carol@id', methods }, context);
const request = (type: number, data: Uint8Array, identifier = 7): Uint8Array =>
  writeEapPacket({ code: EapCode.REQUEST, identifier, type, data });
const SUCCESS = writeEapPacket({ code: EapCode.SUCCESS, identifier: 7 });

function responseOf(outcome: ReturnType<EapPeer['take']>): Uint8Array {
  assert.equal(outcome.kind, 'respond');
  const packet = outcome.kind === 'respond' ? readEapPacket(outcome.packet) : undefined;
  assert.ok(packet && 'data' in packet);
  return packet.data;
}

test('identity, notification and Nak', () => {
  const p = peer(['md5']);
  assert.deepEqual(responseOf(p.take(request(EapType.IDENTITY, utf8('who?')))), utf8('carol@id'));
  assert.deepEqual(responseOf(p.take(request(EapType.NOTIFICATION, utf8('hello')))), new Uint8Array(0));
  // A Nak answers any type that is not ours, also expanded ones (§5.3.1).
  for (const type of [EapType.TLS, EapType.EXPANDED, 77])
    assert.deepEqual(responseOf(p.take(request(type, new Uint8Array(9)))), Uint8Array.of(EapType.MD5));
});

test('success before the method ended is no success', () => {
  const challenge = concat(Uint8Array.of(16), new Uint8Array(16), utf8('x'));
  assert.equal(peer().take(SUCCESS).kind, 'broken');
  const early = peer();
  early.take(request(EapType.IDENTITY, new Uint8Array(0)));
  assert.equal(early.take(SUCCESS).kind, 'broken');
  const half = peer();
  const data = concat(Uint8Array.of(1, 9, 0, 22), challenge);
  assert.equal(half.take(request(EapType.MSCHAPV2, data)).kind, 'respond');
  assert.equal(half.take(SUCCESS).kind, 'broken', 'the gateway has not shown that it knows the password');
});

test('MSCHAPv2: a gateway that does not know the password is an impostor', () => {
  const server = mschapv2Server(context, { ...user, password: new Secret(utf8('another')) });
  const p = peer();
  const challenge = server.start(7);
  assert.equal(p.take(request(EapType.MSCHAPV2, challenge)).kind, 'respond');
  const lie = utf8(`S=${'0'.repeat(40)} M=ok`);
  const outcome = p.take(request(EapType.MSCHAPV2, concat(Uint8Array.of(3, 7, 0, 4 + lie.length), lie)));
  assert.equal(outcome.kind === 'broken' && outcome.impostor, true);
});

type Asked = Extract<ReturnType<EapPeer['take']>, { kind: 'ask' }>;
function asked(outcome: ReturnType<EapPeer['take']>): Asked {
  assert.equal(outcome.kind, 'ask');
  return outcome as Asked;
}

test('GTC: a stored password answers a first question for a password, once; the rest is asked', () => {
  const p = peer(['gtc']);
  assert.deepEqual(responseOf(p.take(request(EapType.GTC, utf8('Password:')))), utf8('a password'));
  const again = asked(p.take(request(EapType.GTC, utf8('Password:'), 8)));
  assert.equal(again.ask.kind, 'password');
  assert.match(again.ask.problem ?? '', /once more/);
  const secret = new Secret(utf8('typed'));
  assert.deepEqual(responseOf(again.answered(secret)), utf8('typed'));
  const code = asked(p.take(request(EapType.GTC, utf8('Token code:'), 9)));
  assert.deepEqual(code.ask, { kind: 'one-time-code', user: 'carol', text: 'Token code:' });
  p.wipe();
  assert.deepEqual(secret.expose(), new Uint8Array(5), 'what was typed is wiped at the end');
  assert.deepEqual(user.password.expose(), utf8('a password'), 'what was lent is not');
});

test('GTC and OTP: a question for anything but a password never gets the stored one', () => {
  for (const text of ['Enter your one-time password', 'SMS code?', 'Who was your first teacher?'])
    assert.equal(asked(peer(['gtc']).take(request(EapType.GTC, utf8(text)))).ask.kind, 'one-time-code');
  assert.equal(asked(peer(['otp']).take(request(EapType.OTP, utf8('Password:')))).ask.kind, 'one-time-code');
});

test('success before the question was answered is no success', () => {
  const p = peer(['gtc']);
  asked(p.take(request(EapType.GTC, utf8('Token:'))));
  assert.equal(p.take(SUCCESS).kind, 'broken');
});

test('a method that needs a password asks for it where none is configured', () => {
  const p = new EapPeer({ username: 'carol', identity: 'carol', methods: ['mschapv2'] }, context);
  const challenge = concat(Uint8Array.of(1, 9, 0, 22, 16), new Uint8Array(16), utf8('x'));
  const { ask, answered } = asked(p.take(request(EapType.MSCHAPV2, challenge)));
  assert.deepEqual(ask, { kind: 'password', user: 'carol' });
  assert.equal(answered(new Secret(utf8('x'))).kind, 'respond');
});

test('the words of a gateway are bounded and steer nothing', () => {
  const text = gatewayText(utf8(`\u001b[2J\u202ea${'x'.repeat(5000)}`));
  assert.equal(text.length <= 200, true);
  assert.doesNotMatch(text, /\p{C}/u);
  assert.equal(gatewayText(utf8('€'.repeat(400))).length, 200);
});

test('which questions are for a password', () => {
  for (const text of ['', 'Password:', 'password', 'Passwort für carol', 'Mot de passe'])
    assert.equal(askKind(text), 'password', text);
  for (const text of ['Passcode', 'One-time password', 'OTP password', 'New password:', 'PIN', 'Answer?'])
    assert.equal(askKind(text), 'one-time-code', text);
});

test('a method does not change under way, and questions come to an end', () => {
  const p = peer();
  p.take(request(EapType.GTC, utf8('Password:')));
  assert.equal(p.take(request(EapType.MD5, new Uint8Array(20).fill(16))).kind, 'broken');
  const asked = peer();
  let last = asked.take(request(EapType.IDENTITY, new Uint8Array(0)));
  for (let n = 0; n < 60; n++) last = asked.take(request(EapType.IDENTITY, new Uint8Array(0)));
  assert.equal(last.kind, 'broken');
});

/** Packets that come past the header often enough to matter. */
const packets = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc
    .tuple(
      fc.integer({ min: 0, max: 5 }),
      fc.nat(255),
      fc.constantFrom(1, 2, 3, 4, 5, 6, 13, 26, 254),
      fc.uint8Array({ maxLength: 80 }),
    )
    .map(([code, id, type, data]) => {
      const bytes = concat(Uint8Array.of(code, id, 0, 5 + data.length, type), data);
      if (type === EapType.MSCHAPV2 && data.length >= 4) bytes.set([data.length >> 8, data.length], 7);
      return bytes;
    }),
);

test('any octets: the peer answers or gives up, and never throws', () => {
  fc.assert(
    fc.property(fc.array(packets, { minLength: 1, maxLength: 6 }), (list) => {
      const p = peer();
      for (const bytes of list) {
        const outcome = p.take(bytes);
        if (outcome.kind === 'respond') assert.ok(readEapPacket(outcome.packet));
      }
    }),
    { numRuns: 5000 },
  );
});

test('any octets: the server asks on or refuses, and never throws', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<SimpleName>('mschapv2', 'gtc', 'md5'),
      fc.array(packets, { minLength: 1, maxLength: 4 }),
      (method, list) => {
        const s = new EapServer({ methods: [method], password: () => user.password }, context);
        let asked = s.start();
        const hello = writeEapPacket({
          code: EapCode.RESPONSE,
          identifier: asked[1] as number,
          type: EapType.IDENTITY,
          data: utf8('carol'),
        });
        for (const bytes of [hello, ...list]) {
          const copy = bytes.slice();
          copy[1] = asked[1] as number;
          const verdict = s.take(copy);
          assert.notEqual(verdict.kind, 'success');
          if (verdict.kind !== 'ask') return;
          asked = verdict.packet;
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('packets: what is written is read, and lengths must fit', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(255), fc.uint8Array({ maxLength: 100 }), (identifier, type, data) => {
      const packet = { code: EapCode.RESPONSE, identifier, type, data };
      const bytes = writeEapPacket(packet);
      assert.deepEqual(readEapPacket(bytes), packet);
      assert.equal(readEapPacket(concat(bytes, Uint8Array.of(0))), undefined);
    }),
  );
});
