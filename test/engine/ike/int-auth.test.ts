/** What AUTH says of IKE_INTERMEDIATE (RFC 9242 §3.3.2) and the keys of its rounds (RFC 9370 §2.2), by the letter of both. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import type { IkeSpi, MessageId } from '../../../engine/base/brand.ts';
import { concat, fromHex, toHex } from '../../../engine/base/bytes.ts';
import { cipherSizes } from '../../../engine/crypto/suites.ts';
import { receivedOctets, sentOctets } from '../../../engine/ike/int-auth.ts';
import { childKeys, ikeKeys, rekeySkeyseed } from '../../../engine/ike/keymat.ts';
import { Reassembly } from '../../../engine/ike/parts/fragments.ts';
import { Protection } from '../../../engine/ike/sealed.ts';
import { nodeProvider } from '../../../engine/os/crypto/node.ts';
import { decodeMessage, sealedOf } from '../../../engine/wire/codec.ts';
import type { Header } from '../../../engine/wire/message.ts';
import type { Payload } from '../../../engine/wire/payloads/types.ts';
import { Exchange, KeMethod, PayloadType, Prf } from '../../../engine/wire/registry.ts';
import { proposals, seededRandom } from '../../sim/configs.ts';
import { World } from '../../sim/world.ts';

const SPI_I = '0102030405060708';
const SPI_R = '1112131415161718';
const header: Header = {
  spiInitiator: SPI_I as IkeSpi,
  spiResponder: SPI_R as IkeSpi,
  majorVersion: 2,
  minorVersion: 0,
  exchange: Exchange.IKE_INTERMEDIATE,
  response: false,
  initiator: true,
  messageId: 1 as MessageId,
};
const ke = (length: number): Payload => ({
  kind: 'KE',
  method: KeMethod.ML_KEM_768,
  data: seededRandom('ke')(length),
});
const hmac = (key: Uint8Array, ...data: readonly Uint8Array[]): string =>
  createHmac('sha256', key)
    .update(concat(...data))
    .digest('hex');

/** The octets as §3.3.2 draws them: adjusted lengths, SK in place of SKF, payloads in the clear. */
function drawn(inner: Uint8Array): Uint8Array {
  const length = 28 + 4 + inner.length;
  return concat(
    fromHex(SPI_I),
    fromHex(SPI_R),
    Uint8Array.of(PayloadType.SK, 0x20, Exchange.IKE_INTERMEDIATE, 0x08, 0, 0, 0, 1),
    Uint8Array.of(0, 0, length >> 8, length & 0xff),
    Uint8Array.of(PayloadType.KE, 0, (4 + inner.length) >> 8, (4 + inner.length) & 0xff),
    inner,
  );
}

const inner = (payload: Payload): Uint8Array => {
  if (payload.kind !== 'KE') throw new TypeError('not KE');
  const length = 8 + payload.data.length;
  return concat(Uint8Array.of(0, 0, length >> 8, length & 0xff, 0, payload.method, 0, 0), payload.data);
};

for (const [name, suite] of [
  ['an AEAD', { encr: 20, keyBits: 256, integ: 0 }],
  ['a block cipher, with padding', { encr: 12, keyBits: 128, integ: 12 }],
] as const)
  test(`both ends see the same octets under ${name}, whole or in fragments`, () => {
    const sizes = cipherSizes(suite);
    assert.ok(sizes);
    const random = seededRandom('keys');
    const keys = {
      d: random(32),
      ai: random(sizes.integKeyLength),
      ar: random(sizes.integKeyLength),
      ei: random(sizes.encrKeyLength),
      er: random(sizes.encrKeyLength),
      pi: random(32),
      pr: random(32),
    };
    const [i, r] = [true, false].map((side) => new Protection(nodeProvider, random, suite, keys, side));
    for (const length of [1, 15, 16, 17, 1184, 1568])
      for (const size of [undefined, 576, 1280]) {
        const payloads = [ke(length)];
        const sent = sentOctets(header, payloads);
        assert.equal(toHex(sent), toHex(drawn(inner(payloads[0] as Payload))));
        const reassembly = new Reassembly();
        let whole: Uint8Array | undefined;
        // The last fragment to arrive is not always the last of the message.
        for (const datagram of (i as Protection).protect(header, payloads, size, false).reverse()) {
          const sealed = sealedOf(decodeMessage(datagram));
          const plaintext = sealed && (r as Protection).open(datagram, sealed);
          assert.ok(sealed && plaintext);
          const inside =
            sealed.kind === 'SK'
              ? { firstInner: sealed.firstInner, plaintext }
              : reassembly.add(sealed.number, sealed.total, sealed.firstInner, plaintext);
          if (inside) whole = receivedOctets({ datagram, sealed, ...inside });
        }
        assert.equal(whole && toHex(whole), toHex(sent), `${length} octets in ${size}`);
      }
  });

test('IntAuth is chained under the SK_p that each round began with, and ends AUTH with the message ID', () => {
  // Every PRF call of the initiator, in order.
  const calls: { key: string; data: string; out: string }[] = [];
  const crypto = {
    ...nodeProvider,
    prf: (prf: number, key: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array => {
      const out = nodeProvider.prf(prf, key, ...data);
      calls.push({ key: toHex(key), data: toHex(concat(...data)), out: toHex(out) });
      return out;
    },
  };
  const list = proposals('ike', 'aes128-sha256-x25519-ke1_mlkem512-ke2_ecp256');
  const world = new World({
    initiator: { proposals: list },
    responder: { proposals: list },
    contexts: { i: { crypto } },
  }).connect();
  assert.equal(world.sessions.i.view().suite?.additional.length, 2);
  // IntAuth_[i|r]1 and 2 are the PRF of an IKE header, alone and after the value before.
  const heads = calls.filter(
    ({ data }) => data.slice(32, 38) === `2e20${Exchange.IKE_INTERMEDIATE.toString(16)}`,
  );
  const [i1, r1] = heads;
  assert.ok(i1 && r1 && heads.length === 2);
  const i2 = calls.find(({ data }) => data.startsWith(i1.out) && data.length > 200);
  const r2 = calls.find(({ data }) => data.startsWith(r1.out) && data.length > 200);
  assert.ok(i2 && r2);
  assert.equal(new Set([i1.key, r1.key, i2.key, r2.key]).size, 4, 'each round has its own SK_p');
  const suffix = `${i2.out}${r2.out}00000003`;
  const signed = calls.filter(({ data }) => data.endsWith(suffix));
  assert.equal(signed.length, 2, 'our AUTH and the one that we check');
});

test('SKEYSEED and KEYMAT with additional secrets: SK(0) before the nonces, the others after them', () => {
  const random = seededRandom('secrets');
  const [d, shared, one, two] = [random(32), random(32), random(32), random(66)];
  const nonces = { initiator: random(32), responder: random(48) };
  const seed = rekeySkeyseed(nodeProvider, Prf.HMAC_SHA2_256, d, nonces, shared, [one, two]);
  assert.equal(toHex(seed), hmac(d, shared, nonces.initiator, nonces.responder, one, two));
  const round = rekeySkeyseed(nodeProvider, Prf.HMAC_SHA2_256, d, nonces, one);
  assert.equal(toHex(round), hmac(d, one, nonces.initiator, nonces.responder));
  const sizes = cipherSizes({ encr: 20, keyBits: 128, integ: 0 });
  assert.ok(sizes);
  const keys = childKeys(nodeProvider, Prf.HMAC_SHA2_256, d, sizes, nonces, shared, [one, two]);
  const t1 = hmac(d, shared, nonces.initiator, nonces.responder, one, two, Uint8Array.of(1));
  assert.equal(toHex(keys.encrInitiator), t1.slice(0, 40));
  const fresh = ikeKeys(
    nodeProvider,
    Prf.HMAC_SHA2_256,
    sizes,
    seed,
    nonces,
    SPI_I as IkeSpi,
    SPI_R as IkeSpi,
  );
  const first = hmac(
    seed,
    nonces.initiator,
    nonces.responder,
    fromHex(SPI_I),
    fromHex(SPI_R),
    Uint8Array.of(1),
  );
  assert.equal(toHex(fresh.d), first);
});
