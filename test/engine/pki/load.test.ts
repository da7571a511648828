import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { PkiError } from '../../../engine/pki/error.ts';
import { loadBundle } from '../../../engine/pki/load.ts';
import { Budget } from '../../../engine/pki/pbe.ts';
import { issue } from './fixtures.ts';

const ca = await issue({ subject: 'CN=ca', ca: true });
const rsa = await issue({ subject: 'CN=rsa', issuer: ca, kind: 'rsa2048' });
const ec = await issue({ subject: 'CN=ec', issuer: ca, kind: 'p384' });

const refusal = (code: PkiError['code']) => (cause: unknown) =>
  cause instanceof PkiError && cause.code === code;
const keyOf = (pem: string) => createPrivateKey(pem);
const ENCRYPT = { cipher: 'aes-256-cbc', passphrase: 'correct horse' };

test('certificates and keys in one text, in any order and with words between', () => {
  const text = `Bag Attributes\r\n${ec.keyPem}some words\n${rsa.pem}\n${ca.pem.replaceAll('\n', '\r\n')}\n${rsa.keyPem}\n${ec.pem}`;
  const bundle = loadBundle(text);
  assert.deepEqual(
    bundle.certificates.map((c) => c.label),
    ['CN=rsa', 'CN=ca', 'CN=ec'],
  );
  assert.deepEqual(
    bundle.keys.map((k) => k.info),
    [
      { type: 'ec', bits: 384, curve: 'secp384r1' },
      { type: 'rsa', bits: 2048 },
    ],
  );
  assert.ok(bundle.keys[1]?.belongsTo(rsa.certificate));
  assert.ok(!bundle.keys[1]?.belongsTo(ec.certificate));
});

for (const [name, pem] of [
  ['RSA', rsa.keyPem],
  ['EC', ec.keyPem],
] as const)
  for (const type of ['pkcs8', name === 'RSA' ? 'pkcs1' : 'sec1'] as const)
    for (const format of ['pem', 'der'] as const)
      test(`${name} key as ${type} ${format}`, () => {
        const out = keyOf(pem).export({ type, format } as never) as string | Buffer;
        const owner = name === 'RSA' ? rsa : ec;
        const { keys } = loadBundle(typeof out === 'string' ? out : new Uint8Array(out));
        assert.ok(keys[0]?.belongsTo(owner.certificate));
      });

test('a DER certificate', () => {
  assert.equal(loadBundle(ca.der).certificates[0]?.fingerprint, ca.certificate.fingerprint);
});

for (const [name, type, format] of [
  ['encrypted PKCS#8 PEM', 'pkcs8', 'pem'],
  ['encrypted PKCS#8 DER', 'pkcs8', 'der'],
  ['the older encrypted PEM', 'pkcs1', 'pem'],
] as const)
  test(`${name}: right, wrong and missing passphrase`, () => {
    const out = keyOf(rsa.keyPem).export({ type, format, ...ENCRYPT } as never) as string | Buffer;
    const input = typeof out === 'string' ? out : new Uint8Array(out);
    assert.ok(loadBundle(input, { passphrase: 'correct horse' }).keys[0]?.belongsTo(rsa.certificate));
    assert.throws(() => loadBundle(input, { passphrase: 'wrong' }), refusal('wrong-passphrase'));
    assert.throws(() => loadBundle(input, { passphrase: 'x'.repeat(5000) }), refusal('wrong-passphrase'));
    assert.throws(() => loadBundle(input), refusal('passphrase-needed'));
    assert.throws(
      () => loadBundle(input, { field: 'local.key' }),
      (e) => e instanceof PkiError && e.field === 'local.key',
    );
  });

test('a key derivation that would take ages is refused at once', () => {
  const der = keyOf(ec.keyPem).export({ type: 'pkcs8', format: 'der', ...ENCRYPT } as never) as Buffer;
  // INTEGER 2048, the default count of OpenSSL, becomes one of the same length that is negative or huge.
  const at = der.indexOf(Buffer.from([0x02, 0x02, 0x08, 0x00]));
  assert.ok(at > 0, 'the count was not found');
  // OCTET STRING of the salt before it: of 8 octets, or of 16 with a newer OpenSSL.
  const salt = [8, 16].find((n) => der[at - n - 2] === 4 && der[at - n - 1] === n);
  assert.ok(salt, 'the salt was not found');
  // Its last six octets become part of the count: [a shorter salt][INTEGER 8 octets].
  const evil = Uint8Array.from(der);
  evil[at - salt - 1] = salt - 6;
  evil.set([0x02, 0x08, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], at - 6);
  assert.throws(
    () => loadBundle(evil, { passphrase: 'correct horse' }),
    (e) => {
      assert.ok(e instanceof PkiError);
      assert.equal(e.code, 'unsupported-key');
      assert.match(e.message, /rounds/);
      return true;
    },
  );
});

test('keys that cannot sign, damaged blocks, nothing at all', () => {
  const x25519 = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  assert.throws(() => loadBundle(x25519), refusal('unsupported-key'));
  assert.throws(() => loadBundle('hello'), refusal('empty'));
  assert.throws(() => loadBundle(''), refusal('empty'));
  assert.throws(() => loadBundle(new Uint8Array(0)), refusal('empty'));
  assert.throws(() => loadBundle(ca.pem.slice(0, 200)), refusal('not-a-certificate'));
  assert.throws(() => loadBundle(`${ca.pem}\n${ec.keyPem.slice(0, 100)}`), refusal('not-a-key'));
  assert.throws(() => loadBundle(ca.pem.replace(/\n[A-Za-z0-9+/]{20}/, '\n*')), refusal('not-a-certificate'));
  assert.throws(() => loadBundle(ca.der.subarray(0, 80)), refusal('not-a-certificate'));
  assert.throws(() => loadBundle('x'.repeat(1_048_577)), refusal('too-large'));
  assert.throws(() => loadBundle(ca.pem.repeat(300)), refusal('too-large'));
});

test('a private key never prints its value', () => {
  const { keys } = loadBundle(ec.keyPem);
  assert.equal(`${keys[0]}`, 'private key (ECDSA P-384)');
  assert.equal(JSON.stringify(keys), '["private key (ECDSA P-384)"]');
});

const total = (input: string | Uint8Array): void => {
  try {
    loadBundle(input, { passphrase: 'p' });
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
  }
};

test('arbitrary input gives a bundle or a PkiError', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), total), { numRuns: 2000 });
  const labels = fc.constantFrom(
    'CERTIFICATE',
    'PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'RSA PRIVATE KEY',
    'X',
  );
  const block = fc
    .tuple(labels, labels, fc.base64String({ maxLength: 200 }))
    .map(([a, b, body]) => `-----BEGIN ${a}-----\n${body}\n-----END ${b}-----\n`);
  fc.assert(
    fc.property(
      fc.array(block, { maxLength: 4 }).map((b) => b.join('')),
      total,
    ),
    { numRuns: 1000 },
  );
});

test('a damaged certificate or key gives a bundle or a PkiError', () => {
  const encrypted = keyOf(ec.keyPem).export({ type: 'pkcs8', format: 'der', ...ENCRYPT } as never) as Buffer;
  const plain = keyOf(rsa.keyPem).export({ type: 'pkcs8', format: 'der' });
  const seeds = [rsa.der, ca.der, new Uint8Array(encrypted), new Uint8Array(plain)];
  const damaged = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    )
    .map(([seed, edits]) => {
      const out = seed.slice();
      for (const [at, value] of edits) out[at % out.length] = value;
      return out;
    });
  fc.assert(fc.property(damaged, total), { numRuns: 3000 });
});

test('deep nesting is refused, not a crash', () => {
  const depth = 12_000;
  const der = new Uint8Array(depth * 4 + 4);
  for (let i = 0; i < depth; i++) {
    const rest = der.length - 4 * (i + 1);
    der.set([0x30, 0x82, rest >> 8, rest & 0xff], 4 * i);
  }
  assert.throws(() => loadBundle(der), refusal('not-a-certificate'));
});

test('what looks like endless PEM is read in linear time', () => {
  const start = process.hrtime.bigint();
  assert.throws(() => loadBundle('-----BEGIN CERTIFICATE-----'.repeat(35_000)), PkiError);
  assert.throws(() => loadBundle(`-----BEGIN CERTIFICATE-----\n${'-'.repeat(1_000_000)}`), PkiError);
  assert.ok(process.hrtime.bigint() - start < 3_000_000_000n);
});

test('many keys together may not cost more than one input may', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' })
    .toString();
  assert.equal(loadBundle(pem.repeat(3), { passphrase: 'x' }).keys.length, 3);
  // OpenSSL takes 2048 rounds for each.
  assert.throws(
    () => loadBundle(pem.repeat(3), { passphrase: 'x', budget: new Budget(5000) }),
    (error) => error instanceof PkiError && error.code === 'unsupported-bundle',
  );
});
