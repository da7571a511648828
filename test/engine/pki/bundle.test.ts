/** Bundles made with OpenSSL 3, as administrators hand them out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import * as asn1js from 'asn1js';
import { importBundle } from '../../../engine/pki/bundle.ts';
import { PkiError } from '../../../engine/pki/error.ts';
import { leafPem } from '../../../engine/pki/pem.ts';
import { openSignedData } from '../../../engine/pki/signed-data.ts';
import { requireOrSkip } from '../../support/require.ts';
import { type Issued, issue, type KeyKind } from './fixtures.ts';

const OPENSSL = { commands: ['openssl'] } as const;
let folder: string;
let root: Issued;
let middle: Issued;
const leaf: Partial<Record<KeyKind, Issued>> = {};

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'culvert-bundle-'));
  root = await issue({ subject: 'CN=Root', ca: true });
  middle = await issue({ subject: 'CN=Middle', ca: true, issuer: root });
  for (const kind of ['rsa2048', 'p256', 'ed25519'] as const) {
    const made = await issue({ subject: `CN=${kind}`, issuer: middle, kind });
    leaf[kind] = made;
    writeFileSync(join(folder, `${kind}.crt`), made.pem);
    writeFileSync(join(folder, `${kind}.key`), made.keyPem);
  }
  writeFileSync(join(folder, 'cas.pem'), `${middle.pem}\n${root.pem}\n`);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const own = (kind: KeyKind): Issued => leaf[kind] as Issued;

function openssl(...args: string[]): Uint8Array {
  return new Uint8Array(execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'ignore'] }));
}

const export12 = (kind: KeyKind, password: string, ...more: string[]): Uint8Array =>
  openssl(
    ...['pkcs12', '-export', '-inkey', at(`${kind}.key`), '-in', at(`${kind}.crt`)],
    ...['-certfile', at('cas.pem'), '-name', 'My VPN', '-passout', `pass:${password}`, ...more],
  );

const failsWith = (code: string, field?: string) => (cause: unknown) =>
  cause instanceof PkiError && cause.code === code && cause.field === field;

const LEGACY_3DES = ['-legacy', '-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES'];
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'AES-256 under PBES2 with a SHA-256 MAC': [],
  'AES-128 under PBES2 with a SHA-512 MAC': [
    '-certpbe',
    'AES-128-CBC',
    '-keypbe',
    'AES-128-CBC',
    '-macalg',
    'sha512',
  ],
  'RC2-40 and 3DES with a SHA-1 MAC': ['-legacy'],
  '3DES alone with a SHA-1 MAC': LEGACY_3DES,
  'RC2-128': ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128', '-keypbe', 'PBE-SHA1-RC2-128'],
  '3DES with two keys': ['-legacy', '-certpbe', 'PBE-SHA1-2DES', '-keypbe', 'PBE-SHA1-2DES'],
  '3DES under PBES2': ['-certpbe', 'DES-EDE3-CBC', '-keypbe', 'DES-EDE3-CBC'],
  'certificates in the open': ['-certpbe', 'NONE'],
  'many rounds': ['-iter', '20000'],
};

for (const [name, options] of Object.entries(WAYS))
  for (const kind of ['rsa2048', 'p256', 'ed25519'] as const)
    test(`PKCS#12: ${name}, ${kind}`, (t) => {
      if (!requireOrSkip(t, OPENSSL)) return;
      const octets = export12(kind, 'geheim', ...options);
      const bundle = importBundle({ octets, passphrase: 'geheim' });
      assert.deepEqual(bundle.formats, ['pkcs12']);
      assert.deepEqual(bundle.warnings, []);
      const [only, ...others] = bundle.leaves;
      assert.ok(only && others.length === 0);
      assert.ok(only.certificate.equals(own(kind).certificate));
      assert.ok(only.key.belongsTo(own(kind).certificate));
      assert.equal(only.name, 'My VPN');
      assert.deepEqual(
        only.chain.map((c) => c.label),
        ['CN=Middle'],
      );
      assert.deepEqual(
        bundle.anchors.map((c) => c.label),
        ['CN=Root'],
      );
      assert.deepEqual(bundle.loose, { certificates: [], keys: [] });
      for (const passphrase of ['falsch', 'geheim ', 'GEHEIM'])
        assert.throws(() => importBundle({ octets, passphrase }), failsWith('wrong-passphrase'));
      for (const none of [{}, { passphrase: '' }])
        assert.throws(
          () => importBundle({ octets, field: 'vpn.txt', ...none }),
          failsWith('passphrase-needed', 'vpn.txt'),
        );
    });

test('PKCS#12 with an empty password opens without one', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  for (const more of [[], ['-legacy']]) {
    const octets = export12('p256', '', ...more);
    assert.equal(importBundle({ octets }).leaves.length, 1);
    assert.equal(importBundle({ octets, passphrase: '' }).leaves.length, 1);
    assert.throws(() => importBundle({ octets, passphrase: 'x' }), failsWith('wrong-passphrase'));
  }
});

test('passwords outside ASCII open both kinds', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  for (const more of [[], LEGACY_3DES]) {
    const octets = export12('p256', 'pässwörd€😀', ...more);
    assert.equal(importBundle({ octets, passphrase: 'pässwörd€😀' }).leaves.length, 1);
  }
});

test('a PKCS#12 file without MAC opens with a warning', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  const octets = export12('p256', 'geheim', '-nomac');
  assert.match(importBundle({ octets, passphrase: 'geheim' }).warnings.join(), /no MAC/);
  assert.throws(() => importBundle({ octets, passphrase: 'x' }), failsWith('wrong-passphrase'));
});

test('content in the open that was changed does not fit the MAC', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  const octets = export12('p256', 'geheim', '-certpbe', 'NONE', '-keypbe', 'NONE');
  assert.equal(importBundle({ octets, passphrase: 'geheim' }).leaves.length, 1);
  const changed = octets.slice();
  changed[Buffer.from(octets).indexOf('Middle')] = 0x6d;
  assert.throws(() => importBundle({ octets: changed, passphrase: 'geheim' }), failsWith('wrong-passphrase'));
});

test('PBMAC1 (RFC 9579), which OpenSSL writes from 3.4 on', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  const file = asn1js.fromBER(export12('p256', 'geheim', '-nomac')).result as asn1js.Sequence;
  const seq = (...value: asn1js.AsnType[]) => new asn1js.Sequence({ value });
  const oid = (value: string) => new asn1js.ObjectIdentifier({ value });
  const octetsOf = (valueHex: Uint8Array) => new asn1js.OctetString({ valueHex });
  const int = (value: number) => new asn1js.Integer({ value });
  const info = file.valueBlock.value[1] as asn1js.Sequence;
  const wrapped = (info.valueBlock.value[1] as asn1js.Constructed).valueBlock.value[0] as asn1js.OctetString;
  const salt = randomBytes(16);
  const hmac = seq(oid('1.2.840.113549.2.10'), new asn1js.Null());
  const derivation = seq(octetsOf(salt), int(2048), int(32), hmac);
  const parameters = seq(seq(oid('1.2.840.113549.1.5.12'), derivation), hmac);
  const key = pbkdf2Sync('geheim', salt, 2048, 32, 'sha384');
  const mac = createHmac('sha384', key).update(new Uint8Array(wrapped.getValue())).digest();
  const digestInfo = seq(seq(oid('1.2.840.113549.1.5.14'), parameters), octetsOf(mac));
  file.valueBlock.value.push(seq(digestInfo, octetsOf(new Uint8Array(1)), int(1)));
  const octets = new Uint8Array(file.toBER());
  const bundle = importBundle({ octets, passphrase: 'geheim' });
  assert.deepEqual([bundle.leaves.length, bundle.warnings], [1, []]);
  assert.throws(() => importBundle({ octets, passphrase: 'x' }), failsWith('wrong-passphrase'));
});

test('a file that asks for too many rounds is refused without doing them', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  const octets = export12('p256', 'geheim', '-iter', '20000');
  assert.throws(
    () => importBundle({ octets, passphrase: 'geheim' }, { maxRounds: 19_999 }),
    failsWith('unsupported-bundle'),
  );
});

test('PKCS#7, as DER, as PEM and as bare Base64, completes a key from another file', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  const args = ['crl2pkcs7', '-nocrl', '-certfile', at('p256.crt'), '-certfile', at('cas.pem')];
  const der = openssl(...args, '-outform', 'DER');
  const pem = openssl(...args);
  const bare = Buffer.from(Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\r\n'));
  for (const [octets, format] of [
    [der, 'pkcs7'],
    [pem, 'pem'],
    [new Uint8Array(bare), 'pkcs7'],
  ] as const) {
    const alone = importBundle({ octets });
    assert.deepEqual(alone.formats, [format]);
    assert.equal(alone.leaves.length, 0);
    assert.match(alone.warnings.join(), /private key of the certificate "CN=p256" is missing/);
    const both = importBundle([{ octets }, { octets: readFileSync(at('p256.key')) }]);
    assert.deepEqual(
      both.leaves.map((l) => [l.certificate.label, l.chain.length]),
      [['CN=p256', 1]],
    );
    assert.deepEqual(both.warnings, []);
  }
});

test('PEM in any order, DER, and UTF-16 as Windows saves it', () => {
  const mixed = [root.pem, own('p256').keyPem, own('p256').pem, middle.pem].join('\nsome words\n');
  const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(mixed, 'utf16le')]);
  for (const octets of [Buffer.from(mixed), wide]) {
    const bundle = importBundle({ octets: new Uint8Array(octets) });
    assert.deepEqual(
      bundle.leaves.map((l) => l.chain.map((c) => c.label)),
      [['CN=Middle']],
    );
    assert.deepEqual(
      bundle.anchors.map((c) => c.label),
      ['CN=Root'],
    );
  }
  const der = importBundle({ octets: middle.der });
  assert.deepEqual(der.formats, ['der']);
  assert.deepEqual(
    der.loose.certificates.map((c) => c.label),
    ['CN=Middle'],
  );
});

test('several leaves are offered, and the key of a CA is told apart', () => {
  const text = [own('p256').pem, own('p256').keyPem, own('rsa2048').pem, own('rsa2048').keyPem];
  const two = importBundle({ octets: Buffer.from(text.join('\n')) });
  assert.deepEqual(
    two.leaves.map((l) => l.certificate.label),
    ['CN=p256', 'CN=rsa2048'],
  );
  const whole = importBundle({ octets: Buffer.from([...text, root.pem, root.keyPem].join('\n')) });
  assert.equal(whole.leaves.length, 2);
  assert.equal(whole.loose.keys.length, 1);
  assert.match(whole.warnings.join(), /private key of the CA "CN=Root"/);
});

test('a leaf as the fields of a profile', () => {
  const text = [own('p256').pem, own('p256').keyPem, middle.pem].join('\n');
  const [found] = importBundle({ octets: Buffer.from(text) }).leaves;
  assert.ok(found);
  const again = importBundle({ octets: Buffer.from(Object.values(leafPem(found)).flat().join('')) });
  assert.ok(again.leaves[0]?.certificate.equals(own('p256').certificate));
});

test('signed content is unwrapped, and refused when it was changed', (t) => {
  if (!requireOrSkip(t, OPENSSL)) return;
  const body = '<plist>not really</plist>';
  writeFileSync(at('body'), body);
  for (const kind of ['rsa2048', 'p256'] as const)
    for (const more of [[], ['-noattr'], ['-keyid'], ['-stream', '-indef']]) {
      const signed = openssl(
        ...['cms', '-sign', '-binary', '-nodetach', '-in', at('body'), '-outform', 'DER'],
        ...['-signer', at(`${kind}.crt`), '-inkey', at(`${kind}.key`), ...more],
      );
      const opened = openSignedData(signed);
      assert.equal(Buffer.from(opened.content ?? []).toString(), body);
      assert.deepEqual(
        opened.signers.map((c) => c.label),
        [`CN=${kind}`],
      );
      const changed = signed.slice();
      changed[Buffer.from(signed).indexOf('not really')] = 0x4e;
      assert.throws(() => openSignedData(changed), failsWith('bad-signature'));
    }
  const bare = openssl(
    ...['cms', '-sign', '-binary', '-nodetach', '-nocerts', '-in', at('body'), '-outform', 'DER'],
    ...['-signer', at('p256.crt'), '-inkey', at('p256.key')],
  );
  assert.match(openSignedData(bare).warnings.join(), /not checked/);
  assert.deepEqual(openSignedData(bare).signers, []);
});

test('what is none of it says so', () => {
  for (const [octets, code] of [
    [new Uint8Array(0), 'empty'],
    [Buffer.from('hello'), 'empty'],
    [Buffer.from('-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----'), 'empty'],
    [new Uint8Array(1_048_577), 'too-large'],
    [Uint8Array.of(0x30, 3, 2, 1, 3), 'not-a-certificate'],
  ] as const)
    assert.throws(() => importBundle({ octets, field: 'f' }), failsWith(code, 'f'));
});
