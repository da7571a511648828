/** Wycheproof vectors, valid and invalid, against every provider (test/vectors/wycheproof). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { concat, equalBytes, fromHex, toHex } from '../../../../engine/base/bytes.ts';
import { KE_ROWS } from '../../../../engine/crypto/key-exchange-methods.ts';
import { nobleGmac } from '../../../../engine/crypto/noble/mac.ts';
import { nobleProvider } from '../../../../engine/crypto/noble/provider.ts';
import { CryptoError, type CryptoProvider } from '../../../../engine/crypto/port.ts';
import { nodeProvider } from '../../../../engine/os/crypto/node.ts';
import { nodeGmac } from '../../../../engine/os/crypto/node-mac.ts';
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

// AES-CCM has few cases with the 11-octet nonces of RFC 4309.
for (const [file, encr, ivSize, least] of [
  ['aes_gcm', 20, 96, 190],
  ['aes_ccm', 16, 88, 18],
  ['chacha20_poly1305', 28, 96, 290],
] as const) {
  for (const provider of PROVIDERS) {
    test(`${provider.name}: ${file}`, () => {
      let ran = 0;
      for (const group of load<AeadCase>(file)) {
        if (group.ivSize !== ivSize || group.tagSize !== 128) continue;
        const suite = { encr, keyBits: group.keySize ?? 0, integ: 0 };
        for (const t of group.tests) {
          const [iv, aad, msg] = [fromHex(t.iv), fromHex(t.aad), fromHex(t.msg)];
          const salt = iv.length - 8;
          const cipher = provider.cipher(
            suite,
            concat(fromHex(t.key), iv.subarray(0, salt)),
            new Uint8Array(0),
          );
          const head = concat(aad, iv.subarray(salt));
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

for (const [file, prf, least] of [
  ['hmac_sha1', 2, 170],
  ['hmac_sha256', 5, 170],
  ['hmac_sha384', 6, 170],
  ['hmac_sha512', 7, 170],
  ['aes_cmac', 8, 102],
] as const) {
  for (const provider of PROVIDERS) {
    test(`${provider.name}: ${file}`, () => {
      let ran = 0;
      for (const group of load<MacCase>(file)) {
        // The PRF hashes a key of another length; the MAC of IKE and ESP has one length (RFC 4615 §3).
        if (prf === 8 && group.keySize !== 128) continue;
        for (const t of group.tests) {
          const tag = provider.prf(prf, fromHex(t.key), fromHex(t.msg)).subarray(0, (group.tagSize ?? 0) / 8);
          assert.equal(equalBytes(tag, fromHex(t.tag)), t.result === 'valid', `tcId ${t.tcId}`);
          ran++;
        }
      }
      assert.ok(ran >= least, `${ran} cases`);
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

/** OpenSSL's provider exchanges keys by node:crypto, so that it need not be asked again. */
const EXCHANGING = PROVIDERS.filter(
  (p) => p === nodeProvider || p.beginKeyExchange !== nodeProvider.beginKeyExchange,
);

for (const [file, method, least] of [
  ['ecdh_secp256r1_ecpoint', 19, 250],
  ['ecdh_secp384r1_ecpoint', 20, 600],
  ['ecdh_secp521r1_ecpoint', 21, 500],
] as const) {
  for (const provider of EXCHANGING) {
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

const MONTGOMERY = [
  ['x25519', 31, 10],
  ['x448', 32, 5],
] as const;
for (const [provider, [file, method, least]] of EXCHANGING.flatMap((p) =>
  MONTGOMERY.map((m) => [p, m] as const),
)) {
  test(`${provider.name}: ${file}`, () => {
    let refused = 0;
    for (const group of load<DhCase>(file)) {
      for (const t of group.tests) {
        const shared = agree(provider, method, fromHex(t.private), fromHex(t.public));
        if (/^0*$/.test(t.shared) || t.result === 'invalid') {
          assert.equal(shared, undefined, `tcId ${t.tcId}`);
          refused++;
        } else assert.deepEqual(shared, fromHex(t.shared), `tcId ${t.tcId}`);
      }
    }
    assert.ok(refused >= least, `${refused} values were refused`);
  });
}

interface MacWithIvCase extends MacCase {
  readonly iv: string;
}

/** The tag that a provider of GMAC computes, before RFC 4543 puts the IV into the message. */
const GMACS = [
  ['noble', nobleGmac],
  [
    'node',
    (key: Uint8Array, nonce: Uint8Array, message: Uint8Array) =>
      nodeGmac(`aes-${key.length * 8}-gcm`, key, nonce, message),
  ],
] as const;
for (const [name, gmac] of GMACS) {
  test(`${name}: aes_gmac`, () => {
    let ran = 0;
    for (const group of load<MacWithIvCase>('aes_gmac')) {
      if (group.ivSize !== 96) continue;
      for (const t of group.tests) {
        const tag = gmac(fromHex(t.key), fromHex(t.iv), fromHex(t.msg));
        assert.equal(equalBytes(tag, fromHex(t.tag)), t.result === 'valid', `tcId ${t.tcId}`);
        ran++;
      }
    }
    assert.ok(ran >= 200, `${ran} cases`);
  });
}

interface KemCase {
  readonly seed: string;
  readonly ek?: string;
  readonly c: string;
  readonly K: string;
}

// Every provider has the same ML-KEM.
for (const [file, method] of [
  ['mlkem_512', 35],
  ['mlkem_768', 36],
  ['mlkem_1024', 37],
] as const) {
  test(file, () => {
    const [valid, invalid] = [0, 0].map(() => ({ ran: 0 })) as [{ ran: number }, { ran: number }];
    for (const group of load<KemCase>(file)) {
      for (const t of group.tests) {
        const seed = fromHex(t.seed);
        const decapsulate = (): Uint8Array => {
          const pending = nobleProvider.beginKeyExchange(method, () => seed);
          if (t.ek !== undefined) assert.equal(toHex(pending.publicValue), t.ek, `tcId ${t.tcId}`);
          return pending.finish(fromHex(t.c));
        };
        if (t.result === 'valid') {
          assert.equal(toHex(decapsulate()), t.K, `tcId ${t.tcId}`);
          valid.ran++;
        } else {
          assert.throws(decapsulate, `tcId ${t.tcId}`);
          invalid.ran++;
        }
      }
    }
    assert.ok(valid.ran >= 150 && invalid.ran >= 40, `${valid.ran} valid, ${invalid.ran} invalid`);
  });
}
