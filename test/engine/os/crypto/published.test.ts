/** The examples of RFCs, of NIST and of the ciphers' own papers (test/vectors/published), against every provider. */
import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { concat, fromHex, toHex } from '../../../../engine/base/bytes.ts';
import { ENCR_ROWS, EVERY_PROVIDER, INTEG_ROWS, PRF_ROWS } from '../../../../engine/crypto/algorithms.ts';
import { KE_ROWS } from '../../../../engine/crypto/key-exchange-methods.ts';
import { ccm } from '../../../../engine/crypto/legacy/ccm.ts';
import type { CryptoProvider } from '../../../../engine/crypto/port.ts';
import { keyExchangeName, prfName, suiteName } from '../../../../engine/crypto/suites.ts';
import { having, PROVIDERS } from './providers.ts';

function load<T>(name: string): readonly (T & { readonly source: string })[] {
  return JSON.parse(
    readFileSync(new URL(`../../../vectors/published/${name}.json`, import.meta.url), 'utf8'),
  );
}

interface Exchange {
  readonly method: number;
  readonly a: string;
  readonly b: string;
  readonly publicA?: string;
  readonly shared: string;
}

for (const v of load<Exchange>('key-exchange')) {
  test(`${v.source}: ${keyExchangeName(v.method)}`, () => {
    for (const p of PROVIDERS) {
      const begun = p.beginKeyExchange(v.method, () => fromHex(v.a));
      if (v.publicA !== undefined) assert.equal(toHex(begun.publicValue), v.publicA, p.name);
      const answer = p.answerKeyExchange(v.method, begun.publicValue, () => fromHex(v.b));
      assert.equal(toHex(answer.shared), v.shared, p.name);
      assert.equal(toHex(begun.finish(answer.publicValue)), v.shared, p.name);
    }
  });
}

interface Cipher {
  readonly encr: number;
  readonly key: string;
  readonly salt: string;
  readonly iv: string;
  readonly plain: string;
  readonly cipher: string;
}

for (const v of load<Cipher>('ciphers')) {
  const key = fromHex(v.key);
  const suite = { encr: v.encr, keyBits: key.length * 8, integ: 12 };
  test(`${v.source}: ${suiteName(suite)}`, () => {
    const providers = having(suite);
    assert.ok(providers.length > 0);
    for (const p of providers) {
      const [iv, plain, sealed] = [fromHex(v.iv), fromHex(v.plain), fromHex(v.cipher)];
      const cipher = p.cipher(suite, concat(key, fromHex(v.salt)), new Uint8Array(32));
      const buffer = concat(new Uint8Array(8), iv, plain, new Uint8Array(16));
      cipher.seal(buffer, 0, 8, plain.length, -1);
      const end = 8 + iv.length + plain.length;
      assert.equal(toHex(buffer.subarray(8 + iv.length, end)), toHex(sealed), p.name);
      assert.equal(cipher.open(buffer, 0, 8, plain.length, -1), true, p.name);
      assert.deepEqual(buffer.subarray(8 + iv.length, end), plain, p.name);
      cipher.destroy();
    }
  });
}

interface Mac {
  readonly prf: number;
  readonly key: string;
  readonly message: string;
  readonly mac: string;
}

/** The integrity algorithms over the same MAC, by PRF. */
const CUT: ReadonlyMap<number, readonly number[]> = new Map([
  [1, [1, 6]],
  [2, [2, 7]],
  [4, [5]],
  [5, [12, 1026]],
  [8, [8]],
]);
const INTEG_KEY: ReadonlyMap<number, number> = new Map([
  [1, 16],
  [2, 20],
  [4, 16],
  [5, 32],
  [8, 16],
]);

for (const v of load<Mac>('macs')) {
  test(`${v.source}: ${prfName(v.prf)}, ${v.key.length / 2} octets of key, ${v.message.length / 2} of message`, () => {
    const [key, message] = [fromHex(v.key), fromHex(v.message)];
    for (const p of PROVIDERS) {
      assert.equal(toHex(p.prf(v.prf, key, message.subarray(0, 5), message.subarray(5))), v.mac, p.name);
      if (key.length !== INTEG_KEY.get(v.prf)) continue;
      for (const integ of CUT.get(v.prf) ?? []) {
        // The message as an ESP packet of ENCR_NULL: AAD and data, no IV.
        const cipher = p.cipher({ encr: 11, keyBits: 0, integ }, new Uint8Array(0), key);
        const buffer = concat(message, new Uint8Array(cipher.icvLength));
        const aad = Math.min(8, message.length);
        cipher.seal(buffer, 0, aad, message.length - aad, -1);
        assert.equal(
          toHex(buffer.subarray(message.length)),
          v.mac.slice(0, 2 * cipher.icvLength),
          `${p.name} ${integ}`,
        );
      }
    }
  });
}

interface Gcm {
  readonly encr: number;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plain: string;
  readonly sealed: string;
}

for (const v of load<Gcm>('gcm')) {
  const key = fromHex(v.key);
  const suite = { encr: v.encr, keyBits: key.length * 8, integ: 0 };
  test(`${v.source}: ${suiteName(suite)}`, () => {
    const nonce = fromHex(v.nonce);
    for (const p of PROVIDERS) {
      const [aad, plain, sealed] = [fromHex(v.aad), fromHex(v.plain), fromHex(v.sealed)];
      // Four octets of salt, eight of IV (RFC 4106 §4).
      const cipher = p.cipher(suite, concat(key, nonce.subarray(0, 4)), new Uint8Array(0));
      const buffer = concat(aad, nonce.subarray(4), plain, new Uint8Array(cipher.icvLength));
      cipher.seal(buffer, 0, aad.length, plain.length, -1);
      assert.equal(toHex(buffer.subarray(aad.length + 8)), toHex(sealed), p.name);
      assert.equal(cipher.open(buffer, 0, aad.length, plain.length, -1), true, p.name);
      cipher.destroy();
    }
  });
}

interface Ccm {
  readonly cipher: string;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plain: string;
  readonly icv: number;
  readonly sealed: string;
}

for (const v of load<Ccm>('ccm')) {
  test(`${v.source}: our own CCM mode over ${v.cipher}`, () => {
    const key = fromHex(v.key);
    const run = (mode: string, iv: Uint8Array, data: Uint8Array): Uint8Array =>
      new Uint8Array(createCipheriv(`${v.cipher}-128-${mode}`, key, iv).setAutoPadding(false).update(data));
    const aead = ccm(
      {
        cbc: (blocks) => run('cbc', new Uint8Array(16), blocks),
        ctr: (counter, data) => run('ctr', counter, data),
        destroy: () => undefined,
      },
      v.icv,
    );
    const [nonce, aad] = [fromHex(v.nonce), fromHex(v.aad)];
    assert.equal(toHex(aead.seal(nonce, aad, fromHex(v.plain))), v.sealed);
    assert.deepEqual(aead.open(nonce, aad, fromHex(v.sealed)), fromHex(v.plain));
    assert.equal(aead.open(nonce, aad.subarray(1), fromHex(v.sealed)), undefined);
  });
}

test('the registry names the providers of every algorithm', () => {
  const names = (has: (p: CryptoProvider) => boolean): string[] =>
    EVERY_PROVIDER.filter((name) => PROVIDERS.some((p) => p.name === name && has(p)));
  for (const [encr, row] of ENCR_ROWS) {
    assert.equal(row.providers[0], 'openssl', row.name);
    for (const keyBits of row.keyBits)
      for (const integ of row.icvLength > 0 ? [0] : INTEG_ROWS.keys()) {
        const expected = INTEG_ROWS.get(integ)?.ahOnly ? [] : row.providers;
        assert.deepEqual(
          names((p) => p.supportsCipher({ encr, keyBits, integ })),
          expected,
          `${row.name} ${keyBits} ${integ}`,
        );
      }
  }
  for (const [prf, row] of PRF_ROWS)
    assert.deepEqual(
      names((p) => p.supportsPrf(prf)),
      row.providers,
    );
  for (const [method, row] of KE_ROWS)
    assert.deepEqual(
      names((p) => p.supportsKeyExchange(method)),
      row.providers,
    );
});
