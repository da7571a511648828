/** Wycheproof vectors, valid and invalid, against every provider (test/vectors/wycheproof). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { concat, equalBytes, fromHex } from '../../../../engine/base/bytes.ts';
import { KE_ROWS } from '../../../../engine/crypto/key-exchange-methods.ts';
import { CryptoError, type CryptoProvider } from '../../../../engine/crypto/port.ts';
import { PROVIDERS } from './providers.ts';

interface Group<T> {
  readonly ivSize?: number;
  readonly keySize?: number;
  readonly tagSize?: number;
  readonly tests: readonly (T & {
    readonly tcId: number;
    readonly result: string;
    readonly flags: readonly string[];
  })[];
}

function load<T>(name: string): readonly Group<T>[] {
  const packed = readFileSync(new URL(`../../../vectors/wycheproof/${name}.json.gz`, import.meta.url));
  return JSON.parse(gunzipSync(packed).toString('utf8')).testGroups;
}

interface AeadCase {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

for (const [file, encr, least] of [
  ['aes_gcm', 20, 190],
  ['chacha20_poly1305', 28, 290],
] as const) {
  for (const provider of PROVIDERS) {
    test(`${provider.name}: ${file}`, () => {
      let ran = 0;
      for (const group of load<AeadCase>(file)) {
        if (group.ivSize !== 96 || group.tagSize !== 128) continue;
        const suite = { encr, keyBits: group.keySize ?? 0, integ: 0 };
        for (const t of group.tests) {
          const [iv, aad, msg] = [fromHex(t.iv), fromHex(t.aad), fromHex(t.msg)];
          const cipher = provider.cipher(suite, concat(fromHex(t.key), iv.subarray(0, 4)), new Uint8Array(0));
          const head = concat(aad, iv.subarray(4));
          const sealed = concat(head, fromHex(t.ct), fromHex(t.tag));
          const buffer = sealed.slice();
          const good = cipher.open(buffer, 0, aad.length, msg.length, -1);
          assert.equal(good, t.result === 'valid', `tcId ${t.tcId}`);
          if (good) {
            assert.deepEqual(buffer.subarray(head.length, head.length + msg.length), msg, `tcId ${t.tcId}`);
            const again = concat(head, msg, new Uint8Array(16));
            cipher.seal(again, 0, aad.length, msg.length, -1);
            assert.deepEqual(again, sealed, `tcId ${t.tcId}`);
          }
          cipher.destroy();
          ran++;
        }
      }
      assert.ok(ran >= least, `${ran} cases`);
    });
  }
}

interface MacCase {
  readonly key: string;
  readonly msg: string;
  readonly tag: string;
}

for (const [file, prf] of [
  ['hmac_sha1', 2],
  ['hmac_sha256', 5],
  ['hmac_sha384', 6],
  ['hmac_sha512', 7],
] as const) {
  for (const provider of PROVIDERS) {
    test(`${provider.name}: ${file}`, () => {
      let ran = 0;
      for (const group of load<MacCase>(file)) {
        for (const t of group.tests) {
          const tag = provider.prf(prf, fromHex(t.key), fromHex(t.msg)).subarray(0, (group.tagSize ?? 0) / 8);
          assert.equal(equalBytes(tag, fromHex(t.tag)), t.result === 'valid', `tcId ${t.tcId}`);
          ran++;
        }
      }
      assert.ok(ran >= 170, `${ran} cases`);
    });
  }
}

interface DhCase {
  readonly public: string;
  readonly private: string;
  readonly shared: string;
}

/** The secret, or `undefined` when the public value is refused as RFC 6989 wants. */
function agree(
  provider: CryptoProvider,
  method: number,
  privateKey: Uint8Array,
  value: Uint8Array,
): Uint8Array | undefined {
  const pending = provider.beginKeyExchange(method, () => privateKey);
  try {
    return pending.finish(value);
  } catch (error) {
    assert.ok(error instanceof CryptoError && error.code === 'bad-public-value', String(error));
    return undefined;
  }
}

for (const [file, method, least] of [
  ['ecdh_secp256r1_ecpoint', 19, 250],
  ['ecdh_secp384r1_ecpoint', 20, 600],
  ['ecdh_secp521r1_ecpoint', 21, 500],
] as const) {
  for (const provider of PROVIDERS) {
    test(`${provider.name}: ${file}`, () => {
      const length = KE_ROWS.get(method)?.sharedLength ?? 0;
      let ran = 0;
      for (const group of load<DhCase>(file)) {
        for (const t of group.tests) {
          const point = fromHex(t.public);
          // IKE carries x ‖ y without the form octet (RFC 5903 §7): other forms cannot even be written.
          const uncompressed = point[0] === 4;
          if (!uncompressed && point.length === 2 * length + 1) continue;
          const digits = t.private.replace(/^0+/, '').padStart(2 * length, '0');
          const shared = agree(provider, method, fromHex(digits), point.subarray(uncompressed ? 1 : 0));
          if (t.result === 'valid') assert.deepEqual(shared, fromHex(t.shared), `tcId ${t.tcId}`);
          else assert.equal(shared, undefined, `tcId ${t.tcId}`);
          ran++;
        }
      }
      assert.ok(ran >= least, `${ran} cases`);
    });
  }
}

for (const provider of PROVIDERS) {
  test(`${provider.name}: x25519`, () => {
    let refused = 0;
    for (const group of load<DhCase>('x25519')) {
      for (const t of group.tests) {
        const shared = agree(provider, 31, fromHex(t.private), fromHex(t.public));
        if (/^0*$/.test(t.shared)) {
          assert.equal(shared, undefined, `tcId ${t.tcId}`);
          refused++;
        } else assert.deepEqual(shared, fromHex(t.shared), `tcId ${t.tcId}`);
      }
    }
    assert.ok(refused >= 10, `${refused} all-zero results`);
  });
}
