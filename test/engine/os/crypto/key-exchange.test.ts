import assert from 'node:assert/strict';
import { getDiffieHellman } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, toHex } from '../../../../engine/base/bytes.ts';
import { KE_ROWS } from '../../../../engine/crypto/key-exchange-methods.ts';
import { modpGroup } from '../../../../engine/crypto/modp-groups.ts';
import { CryptoError } from '../../../../engine/crypto/port.ts';
import { keyExchangeName } from '../../../../engine/crypto/suites.ts';
import { EXCHANGES, PROVIDERS, seeded } from './providers.ts';

const isBad = (e: unknown): boolean => e instanceof CryptoError && e.code === 'bad-public-value';

for (const method of EXCHANGES) {
  const row = KE_ROWS.get(method);
  test(`${keyExchangeName(method)}: same random octets, same public values and secrets everywhere`, () => {
    // The reference takes its time for the long primes.
    const seeds = row?.family === 'modp' && row.publicLength > 384 ? 1 : 2;
    for (let seed = 1; seed <= seeds; seed++) {
      const begun = PROVIDERS.map((p) => p.beginKeyExchange(method, seeded(seed)));
      const values = new Set(begun.map((b) => toHex(b.publicValue)));
      assert.equal(values.size, 1);
      const offered = begun[0]?.publicValue as Uint8Array;
      assert.equal(offered.length, row?.publicLength);
      const answers = PROVIDERS.map((p) => p.answerKeyExchange(method, offered, seeded(seed + 100)));
      const answer = answers[0];
      assert.ok(answer);
      for (const a of answers) assert.deepEqual(a, answer);
      assert.equal(answer.shared.length, row?.sharedLength);
      assert.equal(answer.publicValue.length, row?.answerLength);
      for (const b of begun) {
        assert.deepEqual(b.finish(answer.publicValue), answer.shared);
        assert.throws(() => b.finish(answer.publicValue), /over/);
      }
    }
  });

  test(`${keyExchangeName(method)}: values that RFC 6989 forbids`, () => {
    const length = row?.publicLength ?? 0;
    const bad: Uint8Array[] = [
      new Uint8Array(0),
      new Uint8Array(length - 1),
      new Uint8Array(length + 1),
      new Uint8Array(length),
    ];
    const group = modpGroup(method);
    if (group) {
      for (const y of [1n, group.prime - 1n, group.prime, group.prime + 1n])
        bad.push(fromHex(y.toString(16).padStart(2 * length, '0')));
      // Outside the subgroup, where there is one: it has an even order in the whole group.
      if (group.order !== undefined)
        bad.push(fromHex((group.prime - 2n).toString(16).padStart(2 * length, '0')));
    } else if (row?.family === 'ecp') {
      bad.push(new Uint8Array(length).fill(0xff), new Uint8Array(length).fill(1));
    } else if (row?.family === 'kem') {
      // All zeros is a sound encapsulation key; one coefficient of q is not (FIPS 203 §7.2).
      bad.pop();
      const unreduced = new Uint8Array(length);
      unreduced.set([0x01, 0x0d]);
      bad.push(unreduced, new Uint8Array(length).fill(0xff));
    } else {
      const one = new Uint8Array(length);
      one[0] = 1;
      bad.push(one);
    }
    for (const p of PROVIDERS) {
      for (const value of bad) {
        // A KEM's ciphertext has a length only: a wrong one gives another secret.
        if (row?.family !== 'kem' || value.length !== length)
          assert.throws(() => p.beginKeyExchange(method, seeded(1)).finish(value), isBad);
        assert.throws(() => p.answerKeyExchange(method, value, seeded(1)), isBad);
      }
    }
  });
}

test('the MODP primes of the formula are the published ones', () => {
  for (const method of [1, 2, 5, 14, 15, 16, 17, 18])
    assert.equal(modpGroup(method)?.prime.toString(16), getDiffieHellman(`modp${method}`).getPrime('hex'));
});

test('a shared MODP secret keeps its leading zeros', () => {
  let seen = false;
  for (let seed = 1; seed < 3000 && !seen; seed++) {
    const [, node] = PROVIDERS;
    const offer = node?.beginKeyExchange(14, seeded(seed));
    if (offer?.publicValue[0] !== 0) continue;
    seen = true;
    for (const p of PROVIDERS) {
      assert.deepEqual(p.beginKeyExchange(14, seeded(seed)).publicValue, offer.publicValue);
      assert.equal(p.answerKeyExchange(14, offer.publicValue, seeded(9)).shared.length, 256);
    }
  }
  assert.ok(seen, 'a value with a leading zero octet was tried');
});

test('methods that are unknown', () => {
  for (const p of PROVIDERS) {
    assert.equal(p.supportsKeyExchange(1000), false);
    assert.throws(
      () => p.beginKeyExchange(1000, seeded(1)),
      (e) => e instanceof CryptoError && e.code === 'unsupported',
    );
  }
});
