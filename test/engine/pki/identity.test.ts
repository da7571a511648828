import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex, utf8 } from '../../../engine/base/bytes.ts';
import { PkiError } from '../../../engine/pki/error.ts';
import { formatIdentity, matchIdentity, parseIdentity, sameIdentity } from '../../../engine/pki/identity.ts';
import { ID_TYPE } from '../../../engine/pki/identity-text.ts';
import { DistinguishedName } from '../../../engine/pki/name.ts';
import { issue } from './fixtures.ts';

const text = (idType: number, value: string) => ({ idType, data: utf8(value) });

for (const [input, expected] of [
  ['192.0.2.1', { idType: 1, data: Uint8Array.of(192, 0, 2, 1) }],
  ['ipv4:192.0.2.1', { idType: 1, data: Uint8Array.of(192, 0, 2, 1) }],
  ['2001:db8::1', { idType: 5, data: Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1) }],
  ['gw.example', text(2, 'gw.example')],
  ['@gw.example', text(2, 'gw.example')],
  ['@192.0.2.1', text(2, '192.0.2.1')],
  ['fqdn:192.0.2.1', text(2, '192.0.2.1')],
  ['user@example', text(3, 'user@example')],
  ['@@user', text(3, 'user')],
  ['rfc822:user@example', text(3, 'user@example')],
  ['@#0aff', { idType: 11, data: Uint8Array.of(10, 255) }],
  ['keyid:my key', text(11, 'my key')],
  ['keyid:#0aff', { idType: 11, data: Uint8Array.of(10, 255) }],
  ['{11}:#00', { idType: 11, data: Uint8Array.of(0) }],
] as const)
  test(`identity ${input}`, () => assert.deepEqual(parseIdentity(input), expected));

for (const input of [
  '',
  ' ',
  'ipv4:1.2.3',
  'ipv6:1.2.3.4',
  '@#abc',
  '@#xy',
  'XX=1',
  'C=CH, nonsense=x',
  'a:b',
  'CN=',
  'asn1dn:x',
  '{12}:x',
  '='.repeat(5000),
])
  test(`no identity: ${JSON.stringify(input.slice(0, 30))}`, () =>
    assert.throws(
      () => parseIdentity(input),
      (e) => e instanceof PkiError && e.code === 'bad-identity',
    ));

test('a distinguished name has the octets that OpenSSL and strongSwan give it', () => {
  // openssl req -subj "/C=CH/O=Ex/CN=gw"
  assert.equal(
    toHex(parseIdentity('C=CH, O=Ex, CN=gw').data),
    '302731' +
      '0b300906035504061302434831' +
      '0b3009060355040a0c02457831'.replace('0c', '13') +
      '0b300906035504030c026777'.replace('0c', '13'),
  );
});

test('the string types of a distinguished name (RFC 5280 appendix A)', () => {
  const hex = (dn: string) => toHex(DistinguishedName.fromText(dn).der);
  assert.match(hex('CN=Zürich'), /0c075ac3bc72696368$/);
  assert.match(hex('E=a@b'), /1603614062$/);
  assert.match(hex('DC=org'), /16036f7267$/);
  assert.match(hex('CN=a*b'), /0c03612a62$/);
  assert.match(hex('CN=a b'), /1303612062$/);
});

test('names print in strongSwan order with what is special escaped', () => {
  for (const dn of [
    'C=CH, O=Ex\\, Inc., CN=a\\+b\\=c',
    'CN=\\20lead\\20',
    'CN=a\\0ab',
    'CN=x+E=a@b',
    '1.2.3.4=v',
    'CN=\\#1',
    'CN=a\\\\',
  ])
    assert.equal(DistinguishedName.fromText(dn).toString(), dn);
  assert.equal(DistinguishedName.fromText('/C=CH/O=Ex/CN=gw').toString(), 'C=CH, O=Ex, CN=gw');
  assert.equal(DistinguishedName.fromText('cn = A , o=B').toString(), 'CN=A, O=B');
  assert.equal(
    DistinguishedName.fromText('O=Smith, Jones and Co, CN=x').toString(),
    'O=Smith\\, Jones and Co, CN=x',
  );
});

test('names compare by RFC 5280 §7.1', () => {
  const same = (a: string, b: string) => sameIdentity(parseIdentity(a), parseIdentity(b));
  assert.ok(same('C=CH, O=Big  Corp, CN=GW', 'C=ch, O=big corp , CN=gw'));
  assert.ok(same('CN=x+E=a@b', 'E=a@b+CN=x'));
  assert.ok(!same('C=CH, CN=gw', 'CN=gw, C=CH'));
  assert.ok(!same('CN=gw', 'CN=gw, CN=gw'));
  assert.ok(!same('CN=a\\, CN=b', 'CN=a, CN=b'));
});

const anyText = fc.oneof(
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 10 }),
);
const anyName = fc
  .array(fc.tuple(fc.constantFrom('C', 'O', 'OU', 'CN', 'E', 'DC', '1.2.3.4'), anyText), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) =>
    parts
      .map(
        ([k, v]) =>
          `${k}=${v.replace(/[^A-Za-z0-9\u0080-\uffff]/g, (c) => [...utf8(c)].map((b) => `\\${b.toString(16).padStart(2, '0')}`).join(''))}`,
      )
      .join(', '),
  );

test('parseIdentity(formatIdentity(x)) is x', () => {
  const octets = fc.uint8Array({ maxLength: 40 });
  const ascii = fc.string({ maxLength: 30 }).map(utf8);
  const other = fc.record({
    idType: fc.oneof(fc.constantFrom(1, 2, 3, 5, 9, 10, 11), fc.nat(255)),
    data: fc.oneof(octets, ascii),
  });
  const ip = fc.oneof(
    fc.record({ idType: fc.constant(1), data: fc.uint8Array({ minLength: 4, maxLength: 4 }) }),
    fc.record({ idType: fc.constant(5), data: fc.uint8Array({ minLength: 16, maxLength: 16 }) }),
  );
  fc.assert(
    fc.property(fc.oneof(other, ip), (x) => assert.deepEqual(parseIdentity(formatIdentity(x)), { ...x })),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(anyName, (dn) => {
      const x = parseIdentity(dn);
      assert.ok(sameIdentity(parseIdentity(formatIdentity(x)), x), formatIdentity(x));
      assert.ok(!formatIdentity(x).startsWith('asn1dn:'), 'the readable form is not lossless');
    }),
    { numRuns: 2000 },
  );
});

test('arbitrary text gives an identity or a PkiError', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (input) => {
      try {
        parseIdentity(input);
      } catch (cause) {
        if (!(cause instanceof PkiError)) throw cause;
      }
    }),
    { numRuns: 5000 },
  );
});

const gw = await issue({
  subject: 'C=CH, O=Culvert Test, CN=cn.example',
  san: [
    { type: 'dns', value: 'GW.example' },
    { type: 'dns', value: '*.wild.example' },
    { type: 'dns', value: '*.example' },
    { type: 'email', value: 'Admin@Example.org' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'ip', value: '2001:db8::1' },
    { type: 'dn', value: 'O=Other, CN=alias' },
  ],
});

for (const identity of [
  'gw.EXAMPLE',
  'a.wild.example',
  'Admin@example.ORG',
  '192.0.2.1',
  '2001:db8::1',
  'O=other, CN=ALIAS',
  'C=CH, O=culvert  test, CN=cn.example',
])
  test(`the certificate proves ${identity}`, () =>
    assert.ok(matchIdentity(gw.certificate, parseIdentity(identity)).ok));

for (const identity of [
  'a.b.wild.example',
  'wild.example',
  '*.wild.example',
  'foo.example',
  'admin@example.org',
  '192.0.2.2',
  'fqdn:192.0.2.1',
  'email:gw.example',
  'keyid:gw.example',
  'C=CH, O=Culvert Test',
  'C=CH, O=Culvert Test, CN=cn.example, CN=x',
  'asn1dn:#3000',
])
  test(`the certificate does not prove ${identity}`, () => {
    const match = matchIdentity(gw.certificate, parseIdentity(identity));
    assert.ok(!match.ok);
    assert.equal(match.check, 'identity');
    assert.match(match.detail, /DNS:GW\.example/);
  });

test('a name only in the CN does not count, and the detail says so', () => {
  const match = matchIdentity(gw.certificate, parseIdentity('cn.example'));
  assert.ok(!match.ok);
  assert.match(match.detail, /only in the CN does not count/);
});

test('what a certificate says of itself', () => {
  const c = gw.certificate;
  assert.equal(c.subject.toString(), 'C=CH, O=Culvert Test, CN=cn.example');
  assert.equal(c.keyText, 'ECDSA P-256');
  assert.deepEqual(c.keyUsage, ['digitalSignature']);
  assert.equal(c.extendedKeyUsage, undefined);
  assert.equal(c.basicConstraints, undefined);
  assert.equal(new Date(c.notAfter).toISOString(), '2027-01-01T00:00:00.000Z');
  assert.deepEqual(c.subjectKeyId, c.authorityKeyId);
  assert.equal(c.altNames.length, 7);
  assert.equal(ID_TYPE.KEY_ID, 11);
});
