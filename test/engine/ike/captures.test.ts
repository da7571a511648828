/** Key derivation, AUTH octets and sealed messages against strongSwan's own words (RFC 7296 §2.14, §2.15, §2.17, §3.14). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IkeSpi } from '../../../engine/base/brand.ts';
import { concat, fromHex, toHex } from '../../../engine/base/bytes.ts';
import { parseProposal } from '../../../engine/crypto/proposals.ts';
import { cipherSizes, cipherSuite } from '../../../engine/crypto/suites.ts';
import { authOctets, sharedKeyAuth } from '../../../engine/ike/auth-octets.ts';
import { childKeys, firstSkeyseed, type IkeKeys, ikeKeys } from '../../../engine/ike/keymat.ts';
import { Reassembly } from '../../../engine/ike/parts/fragments.ts';
import { Protection } from '../../../engine/ike/sealed.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { decodeMessage, sealedOf } from '../../../engine/wire/codec.ts';
import { CAPTURES, type Capture, ikeMessageHex, loadCapture } from '../../vectors/captures/load.ts';

/** Suite and PRF of a proposal text. */
function algorithms(text: string, protocol: 'ike' | 'esp') {
  const parsed = parseProposal(text, protocol);
  assert.ok(parsed.ok, text);
  const { transforms } = parsed.value;
  const of = (type: number) => transforms.find((t) => t.type === type);
  const encr = of(1);
  assert.ok(encr);
  const suite = cipherSuite(encr.id, encr.keyLength, of(3)?.id ?? 0);
  assert.ok(suite, text);
  const sizes = cipherSizes(suite);
  assert.ok(sizes);
  return { suite, sizes, prf: of(2)?.id ?? 0 };
}

const nonces = (c: Capture) => ({
  initiator: fromHex(c.secrets.nonceI),
  responder: fromHex(c.secrets.nonceR),
});

function firstMessages(c: Capture): { i: Uint8Array; r: Uint8Array; spiI: IkeSpi; spiR: IkeSpi } {
  const ike = c.datagrams.filter((d) => d.kind === 'ike').map((d) => fromHex(ikeMessageHex(d)));
  const inits = ike.filter((b) => b[18] === 34);
  const [i, r] = [inits.at(-2), inits.at(-1)];
  assert.ok(i && r);
  const { spiInitiator, spiResponder } = decodeMessage(r);
  return { i, r, spiI: spiInitiator, spiR: spiResponder };
}

function keysOf(c: Capture): { keys: IkeKeys; prf: number; suite: ReturnType<typeof algorithms>['suite'] } {
  const { prf, sizes, suite } = algorithms(c.ike, 'ike');
  const seed = firstSkeyseed(nodeProvider, prf, nonces(c), fromHex(c.secrets.sharedSecret));
  assert.equal(toHex(seed), c.secrets.SKEYSEED);
  const { spiI, spiR } = firstMessages(c);
  return { keys: ikeKeys(nodeProvider, prf, sizes, seed, nonces(c), spiI, spiR), prf, suite };
}

for (const name of CAPTURES) {
  const capture = loadCapture(name);

  test(`${name}: SKEYSEED and SK_*`, () => {
    const { keys } = keysOf(capture);
    const s = capture.secrets;
    assert.deepEqual([keys.d, keys.ei, keys.er, keys.pi, keys.pr].map(toHex), [
      s.SK_d,
      s.SK_ei,
      s.SK_er,
      s.SK_pi,
      s.SK_pr,
    ]);
    if (s.SK_ai !== undefined) assert.deepEqual([keys.ai, keys.ar].map(toHex), [s.SK_ai, s.SK_ar]);
  });

  test(`${name}: AUTH octets`, () => {
    const { keys, prf } = keysOf(capture);
    const { i, r } = firstMessages(capture);
    const n = nonces(capture);
    let checked = 0;
    for (const { by, idBody, octets, secret, auth } of capture.auth) {
      const body = fromHex(idBody);
      const identity = { idType: body[0] as number, data: body.slice(4) };
      const none = new Uint8Array(0);
      const ours =
        by === 'initiator'
          ? authOctets(nodeProvider, prf, i, n.responder, keys.pi, identity, none)
          : authOctets(nodeProvider, prf, r, n.initiator, keys.pr, identity, none);
      assert.equal(toHex(ours), octets);
      checked++;
      if (secret !== undefined && auth !== undefined)
        assert.equal(toHex(sharedKeyAuth(nodeProvider, prf, fromHex(secret), ours)), auth);
    }
    assert.ok(checked >= 1);
  });

  test(`${name}: KEYMAT of every child`, () => {
    const { keys, prf } = keysOf(capture);
    const { sizes } = algorithms(capture.esp, 'esp');
    assert.ok(capture.children.length >= 1);
    for (const child of capture.children) {
      const seed = fromHex(child.seed);
      const shared = child.sharedSecret === undefined ? undefined : fromHex(child.sharedSecret);
      const both = shared ? seed.subarray(shared.length) : seed;
      // The seed ends with Ni | Nr, 32 octets each in these exchanges.
      const tail = both.subarray(both.length - 64);
      const made = childKeys(
        nodeProvider,
        prf,
        keys.d,
        sizes,
        { initiator: tail.slice(0, 32), responder: tail.slice(32) },
        shared,
      );
      assert.deepEqual([made.encrInitiator, made.encrResponder].map(toHex), [
        child.encryptionInitiator,
        child.encryptionResponder,
      ]);
      if (child.integrityInitiator !== undefined)
        assert.deepEqual([made.integInitiator, made.integResponder].map(toHex), [
          child.integrityInitiator,
          child.integrityResponder,
        ]);
    }
  });

  test(`${name}: every sealed message opens, fragments included`, () => {
    const { keys, suite } = keysOf(capture);
    const random = (length: number) => new Uint8Array(length);
    const ends = {
      initiator: new Protection(nodeProvider, random, suite, keys, false),
      responder: new Protection(nodeProvider, random, suite, keys, true),
    };
    const parts = { initiator: new Reassembly(), responder: new Reassembly() };
    const opened: string[] = [];
    const { spiI, spiR } = firstMessages(capture);
    for (const d of capture.datagrams.filter((x) => x.kind === 'ike')) {
      const bytes = fromHex(ikeMessageHex(d));
      const message = decodeMessage(bytes);
      const sealed = sealedOf(message);
      if (!sealed || message.spiInitiator !== spiI || message.spiResponder !== spiR) continue;
      const plain = ends[d.from].open(bytes, sealed);
      assert.ok(plain, `message ${message.messageId} of the ${d.from}`);
      const whole =
        sealed.kind === 'SK'
          ? { firstInner: sealed.firstInner, plaintext: plain }
          : parts[d.from].add(sealed.number, sealed.total, sealed.firstInner, plain);
      if (whole) opened.push(`${whole.firstInner} ${toHex(whole.plaintext)}`);
      const broken = bytes.slice();
      broken[broken.length - 1] = (broken.at(-1) as number) ^ 1;
      const again = sealedOf(decodeMessage(broken));
      assert.ok(again);
      assert.equal(ends[d.from].open(broken, again), undefined);
    }
    for (const inside of capture.insides)
      assert.ok(opened.includes(`${inside.firstInner} ${inside.hex}`), `message ${inside.messageId}`);
    assert.ok(opened.length >= 4);
  });
}

test('what one end seals the other opens, in one piece or in many', () => {
  for (const capture of [loadCapture('psk-gcm'), loadCapture('psk-cbc')]) {
    const { keys, suite } = keysOf(capture);
    let n = 0;
    const random = (length: number) => new Uint8Array(length).fill(++n);
    const a = new Protection(nodeProvider, random, suite, keys, true);
    const b = new Protection(nodeProvider, random, suite, keys, false);
    const { r } = firstMessages(capture);
    const header = { ...decodeMessage(r), exchange: 35, response: false, initiator: true };
    const payload = { kind: 'Vendor' as const, data: concat(new Uint8Array(3000).fill(7)) };
    for (const size of [undefined, 1280, 576]) {
      const datagrams = a.protect(header, [payload], size, false);
      const parts = new Reassembly();
      let whole: { plaintext: Uint8Array } | undefined;
      for (const bytes of datagrams) {
        if (size !== undefined) assert.ok(bytes.length + 32 <= size);
        const sealed = sealedOf(decodeMessage(bytes));
        assert.ok(sealed);
        const plain = b.open(bytes, sealed);
        assert.ok(plain);
        whole =
          sealed.kind === 'SK'
            ? { plaintext: plain }
            : parts.add(sealed.number, sealed.total, sealed.firstInner, plain);
      }
      assert.equal(whole?.plaintext.length, 3004);
    }
  }
});
