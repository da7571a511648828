/** What strongSwan really sends: it decodes, keeps the rules, and encodes to the same octets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../engine/base/bytes.ts';
import {
  decodeMessage,
  decodePayloads,
  encodeMessage,
  encodePayloads,
  sealedBodyAt,
  sealedOf,
} from '../../../engine/wire/codec.ts';
import { dumpMessage } from '../../../engine/wire/dump.ts';
import { findAll } from '../../../engine/wire/find.ts';
import { Exchange } from '../../../engine/wire/registry.ts';
import { checkRules, matchForm } from '../../../engine/wire/rules.ts';
import { CAPTURES, ikeMessageHex, loadCapture } from '../../vectors/captures/load.ts';

for (const name of CAPTURES) {
  const capture = loadCapture(name);
  const messages = capture.datagrams.filter((d) => d.kind === 'ike').map((d) => fromHex(ikeMessageHex(d)));

  test(`${name}: every message decodes and encodes to the same octets`, () => {
    assert.ok(messages.length >= 10);
    for (const bytes of messages) {
      const message = decodeMessage(bytes);
      assert.equal(toHex(encodeMessage(message, message.payloads, junk())), toHex(bytes));
      const sealed = sealedOf(message);
      assert.equal(sealed === undefined, message.exchange === Exchange.IKE_SA_INIT);
      if (sealed) assert.deepEqual(bytes.subarray(sealedBodyAt(bytes, sealed)), sealed.body);
    }
  });

  test(`${name}: every inside decodes, keeps the rules and encodes to the same octets`, () => {
    assert.ok(capture.insides.length >= 8);
    for (const inside of capture.insides) {
      const payloads = decodePayloads(inside.firstInner, fromHex(inside.hex));
      const again = encodePayloads(payloads, junk());
      assert.deepEqual([again.firstType, toHex(again.bytes)], [inside.firstInner, inside.hex]);
      assert.equal(findAll(payloads, 'Unknown').length, 0);
      assert.equal(checkRules(inside.exchange, inside.response, [], payloads), undefined);
    }
  });

  test(`${name}: IKE_SA_INIT keeps the rules`, () => {
    for (const bytes of messages) {
      const m = decodeMessage(bytes);
      if (m.exchange === Exchange.IKE_SA_INIT)
        assert.equal(checkRules(m.exchange, m.response, m.payloads), undefined);
    }
  });

  test(`${name}: no dump shows a nonce, a public value or AUTH data`, () => {
    const secrets = new Set<string>();
    let dump = '';
    for (const bytes of messages) {
      const m = decodeMessage(bytes);
      for (const p of m.payloads)
        if (p.kind === 'KE' || p.kind === 'Nonce') secrets.add(toHex(p.data).slice(0, 16));
      const inside = capture.insides.find(
        (i) => i.messageId === m.messageId && i.response === m.response && m.exchange === i.exchange,
      );
      const payloads = inside && decodePayloads(inside.firstInner, fromHex(inside.hex));
      for (const p of payloads ?? [])
        if (p.kind === 'KE' || p.kind === 'Nonce' || p.kind === 'AUTH')
          secrets.add(toHex(p.data).slice(0, 16));
      const line = dumpMessage(m, m.payloads, payloads);
      assert.ok(!/[\r\n]/.test(line));
      dump += line;
    }
    assert.ok(secrets.size >= 6);
    for (const s of secrets) assert.ok(!dump.includes(s));
  });
}

test('the forms of an EAP authentication and of a rekey are told apart', () => {
  const forms = loadCapture('mschapv2').insides.map((i) => {
    const match = matchForm(i.exchange, i.response, [], decodePayloads(i.firstInner, fromHex(i.hex)));
    return match.ok ? match.form : match.violation;
  });
  assert.deepEqual(forms, [
    'first',
    'eap-first',
    'eap',
    'eap',
    'eap',
    'eap',
    'eap',
    'eap',
    'final',
    'complete',
    'child-rekey',
    'child',
    'any',
    'any',
    'any',
    'any',
  ]);
});

/** Scratch space as an earlier message may have left it. */
function junk(): Uint8Array {
  return new Uint8Array(4096).fill(0xa5);
}
