import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPublicKey, createVerify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fromHex, toHex } from '../../../engine/base/bytes.ts';
import { decodeAlgorithm, encodeAlgorithm } from '../../../engine/pki/algorithm-identifier.ts';
import { PkiError } from '../../../engine/pki/error.ts';
import { keyInfo } from '../../../engine/pki/key-type.ts';
import type { SignatureScheme } from '../../../engine/pki/scheme.ts';
import {
  type EcdsaEncoding,
  schemesFor,
  sign,
  verifySignature,
  verifyWithKey,
} from '../../../engine/pki/sign.ts';
import { issue, type KeyKind } from './fixtures.ts';

const OCTETS = new TextEncoder().encode('what AUTH covers');

interface Group {
  readonly publicKeyDer?: string;
  readonly publicKeyPem?: string;
  readonly tests: readonly {
    tcId: number;
    msg: string;
    sig: string;
    result: string;
    comment: string;
    flags: string[];
  }[];
}

const WYCHEPROOF: readonly (readonly [string, SignatureScheme, EcdsaEncoding])[] = [
  ['ecdsa_secp256r1_sha256', { kind: 'ecdsa', hash: 2 }, 'der'],
  ['ecdsa_secp256r1_sha256_p1363', { kind: 'ecdsa', hash: 2 }, 'raw'],
  ['ecdsa_secp384r1_sha384', { kind: 'ecdsa', hash: 3 }, 'der'],
  ['ecdsa_secp384r1_sha384_p1363', { kind: 'ecdsa', hash: 3 }, 'raw'],
  ['ecdsa_secp521r1_sha512', { kind: 'ecdsa', hash: 4 }, 'der'],
  ['ecdsa_secp521r1_sha512_p1363', { kind: 'ecdsa', hash: 4 }, 'raw'],
  ['ed25519', { kind: 'ed25519', hash: 5 }, 'der'],
  ['ed448', { kind: 'ed448', hash: 5 }, 'der'],
  ['rsa_signature_2048_sha256', { kind: 'rsa-pkcs1', hash: 2 }, 'der'],
  ['rsa_signature_3072_sha256', { kind: 'rsa-pkcs1', hash: 2 }, 'der'],
  ['rsa_signature_4096_sha512', { kind: 'rsa-pkcs1', hash: 4 }, 'der'],
  ['rsa_pss_2048_sha256_mgf1_32', { kind: 'rsa-pss', hash: 2, saltLength: 32 }, 'der'],
  ['rsa_pss_3072_sha256_mgf1_32', { kind: 'rsa-pss', hash: 2, saltLength: 32 }, 'der'],
  ['rsa_pss_4096_sha512_mgf1_64', { kind: 'rsa-pss', hash: 4, saltLength: 64 }, 'der'],
];

for (const [name, scheme, encoding] of WYCHEPROOF)
  test(`Wycheproof ${name}`, () => {
    const url = new URL(`../../vectors/wycheproof/${name}.json.gz`, import.meta.url);
    const { testGroups } = JSON.parse(gunzipSync(readFileSync(url)).toString()) as { testGroups: Group[] };
    let valid = 0;
    let invalid = 0;
    for (const group of testGroups) {
      const key = createPublicKey({
        key: Buffer.from(group.publicKeyDer ?? '', 'hex'),
        format: 'der',
        type: 'spki',
      });
      const info = keyInfo(key);
      assert.ok(info);
      for (const t of group.tests) {
        const got = verifyWithKey(key, info, scheme, fromHex(t.msg), fromHex(t.sig), encoding);
        if (t.result === 'acceptable') continue;
        assert.equal(got, t.result === 'valid', `${t.tcId}: ${t.comment}`);
        if (got) valid++;
        else invalid++;
      }
    }
    assert.ok(valid >= 5 && invalid >= 5, `only ${valid} valid and ${invalid} invalid vectors were read`);
  });

const SCHEMES: readonly (readonly [KeyKind, SignatureScheme])[] = [
  ...([1, 2, 3, 4] as const).map((hash) => ['rsa2048', { kind: 'rsa-pkcs1', hash }] as const),
  ...([2, 3, 4] as const).map(
    (hash) => ['rsa2048', { kind: 'rsa-pss', hash, saltLength: 16 * hash }] as const,
  ),
  ['pss2048', { kind: 'rsa-pss', hash: 2, saltLength: 32 }],
  ['p256', { kind: 'ecdsa', hash: 2 }],
  ['p384', { kind: 'ecdsa', hash: 3 }],
  ['p521', { kind: 'ecdsa', hash: 4 }],
  ['ed25519', { kind: 'ed25519', hash: 5 }],
];
const keys = new Map(
  await Promise.all(
    [...new Set(SCHEMES.map(([k]) => k))].map(
      async (kind) => [kind, await issue({ subject: `CN=${kind}`, kind })] as const,
    ),
  ),
);

for (const [kind, scheme] of SCHEMES)
  for (const encoding of scheme.kind === 'ecdsa' ? (['raw', 'der'] as const) : (['der'] as const))
    test(`${kind} ${JSON.stringify(scheme)} ${encoding}: signs, verifies, refuses what was changed`, () => {
      const own = keys.get(kind);
      assert.ok(own);
      const signature = sign(own.key, scheme, OCTETS, encoding);
      assert.ok(verifySignature(own.certificate, scheme, OCTETS, signature, encoding));
      assert.ok(!verifySignature(own.certificate, scheme, OCTETS.subarray(1), signature, encoding));
      assert.ok(!verifySignature(own.certificate, scheme, OCTETS, signature.subarray(1), encoding));
      const changed = signature.slice();
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      assert.ok(!verifySignature(own.certificate, scheme, OCTETS, changed, encoding));
      const stranger = keys.get(kind === 'p256' ? 'p384' : 'p256');
      assert.ok(stranger);
      assert.ok(!verifySignature(stranger.certificate, scheme, OCTETS, signature, encoding));
      if (scheme.kind === 'ecdsa' && encoding === 'raw')
        assert.equal(signature.length, { p256: 64, p384: 96, p521: 132 }[kind as 'p256']);
      const algorithm = encodeAlgorithm(scheme);
      assert.ok(algorithm);
      assert.deepEqual(decodeAlgorithm(algorithm), scheme);
    });

test('a salt of another length than announced is refused', () => {
  const own = keys.get('rsa2048');
  assert.ok(own);
  const signature = sign(own.key, { kind: 'rsa-pss', hash: 2, saltLength: 20 }, OCTETS);
  assert.ok(
    !verifySignature(own.certificate, { kind: 'rsa-pss', hash: 2, saltLength: 32 }, OCTETS, signature),
  );
});

test('another library reads our RSA signature', () => {
  const own = keys.get('rsa2048');
  assert.ok(own);
  const signature = sign(own.key, { kind: 'rsa-pkcs1', hash: 2 }, OCTETS);
  assert.ok(createVerify('RSA-SHA256').update(OCTETS).verify(own.certificate.publicKey, signature));
});

test('key and scheme that do not fit are refused', () => {
  const [rsa, ec] = [keys.get('rsa2048'), keys.get('p256')];
  assert.ok(rsa && ec);
  for (const [key, scheme] of [
    [rsa, { kind: 'ecdsa', hash: 2 }],
    [ec, { kind: 'rsa-pkcs1', hash: 2 }],
    [ec, { kind: 'ecdsa', hash: 99 }],
    [ec, { kind: 'ed25519', hash: 5 }],
  ] as const)
    assert.throws(
      () => sign(key.key, scheme, OCTETS),
      (e) => e instanceof PkiError && e.code === 'unsupported-scheme',
    );
});

test('the AlgorithmIdentifiers of RFC 7427 appendix A', () => {
  const der = (scheme: SignatureScheme) => toHex(encodeAlgorithm(scheme) ?? new Uint8Array());
  assert.equal(der({ kind: 'rsa-pkcs1', hash: 1 }), '300d06092a864886f70d0101050500');
  assert.equal(der({ kind: 'rsa-pkcs1', hash: 2 }), '300d06092a864886f70d01010b0500');
  assert.equal(der({ kind: 'rsa-pkcs1', hash: 4 }), '300d06092a864886f70d01010d0500');
  assert.equal(der({ kind: 'ecdsa', hash: 2 }), '300a06082a8648ce3d040302');
  assert.equal(der({ kind: 'ecdsa', hash: 4 }), '300a06082a8648ce3d040304');
  assert.equal(der({ kind: 'ed25519', hash: 5 }), '300506032b6570');
  assert.equal(der({ kind: 'ed448', hash: 5 }), '300506032b6571');
  assert.equal(
    der({ kind: 'rsa-pss', hash: 2, saltLength: 32 }),
    '304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
  );
  assert.equal(decodeAlgorithm(Uint8Array.of(0x30, 0)), undefined);
  assert.equal(decodeAlgorithm(fromHex('300a06082a8648ce3d0403ff')), undefined);
  assert.equal(decodeAlgorithm(fromHex('300b06092a864886f70d01010a')), undefined);
});

test('which scheme to use for which peer', () => {
  const rsa = { type: 'rsa', bits: 3072 } as const;
  const brief = (s: SignatureScheme) => `${s.kind}/${s.hash}`;
  assert.deepEqual(schemesFor(rsa, undefined, true).map(brief), ['rsa-pkcs1/1']);
  assert.deepEqual(schemesFor(rsa, [1], true).map(brief), ['rsa-pkcs1/1']);
  assert.deepEqual(schemesFor(rsa, [4, 2], true).map(brief), [
    'rsa-pss/2',
    'rsa-pss/4',
    'rsa-pkcs1/2',
    'rsa-pkcs1/4',
  ]);
  assert.deepEqual(schemesFor(rsa, [2], false).map(brief), ['rsa-pkcs1/2', 'rsa-pss/2']);
  const p384 = { type: 'ec', bits: 384, curve: 'secp384r1' } as const;
  assert.deepEqual(schemesFor(p384, [2, 3, 4], true).map(brief), ['ecdsa/3', 'ecdsa/4', 'ecdsa/2']);
  assert.deepEqual(schemesFor(p384, undefined, true).map(brief), ['ecdsa/3']);
  assert.deepEqual(schemesFor({ type: 'ed25519', bits: 256 }, [2, 5], true).map(brief), ['ed25519/5']);
  assert.deepEqual(schemesFor({ type: 'ed25519', bits: 256 }, [2], true), []);
});
