import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { crlDer, crlStatus, MAX_CRL_OCTETS } from '../../../../engine/pki/revocation/crl.ts';
import type { Status } from '../../../../engine/pki/revocation/port.ts';
import { type Issued, issue, NOW } from '../fixtures.ts';
import { type CrlWishes, makeCrl } from './openssl-ca.ts';

const URL = 'http://crl.example/ca.crl';
const ca = await issue({ subject: 'CN=CA', ca: true });
const leaf = await issue({ subject: 'CN=gw', issuer: ca, dns: ['gw.example'] });

const status = (
  octets: Uint8Array,
  {
    of = leaf,
    by = ca,
    at = NOW,
    allowLegacy = false,
  }: { of?: Issued; by?: Issued; at?: number; allowLegacy?: boolean } = {},
): Status => crlStatus(octets, of.certificate, by.certificate, URL, { at, allowLegacy });

const says = (found: Status, pattern: RegExp): void => {
  assert.equal(found.kind, 'unknown', JSON.stringify(found));
  assert.match('why' in found ? found.why : '', pattern);
};

test('a certificate that is not listed is good', () => {
  assert.deepEqual(status(makeCrl(ca)), { kind: 'good' });
  const other = { ...leaf.certificate, serial: '77' } as typeof leaf.certificate;
  assert.deepEqual(status(makeCrl(ca, { revoked: [{ certificate: other }] })), { kind: 'good' });
});

test('a listed one is revoked, with date and reason', () => {
  const revoked = [{ certificate: leaf.certificate, reason: 'keyCompromise', at: '260511123456Z' }];
  assert.deepEqual(status(makeCrl(ca, { revoked })), {
    kind: 'revoked',
    at: Date.parse('2026-05-11T12:34:56Z'),
    reason: 'keyCompromise',
  });
  const found = status(makeCrl(ca, { revoked: [{ certificate: leaf.certificate }] }));
  assert.deepEqual(found.kind === 'revoked' && found.reason, undefined);
});

test('PEM is read as well, and what is neither is no CRL', () => {
  const der = makeCrl(ca);
  const pem = `-----BEGIN X509 CRL-----\n${Buffer.from(der).toString('base64')}\n-----END X509 CRL-----\n`;
  assert.deepEqual(crlDer(Buffer.from(pem)), der);
  says(status(Buffer.from('<html>Welcome to the hotel</html>')), /is no CRL/);
});

test('a list out of date says nothing, within five minutes of either clock', () => {
  const crl = makeCrl(ca, { from: '20260520000000Z', to: '20260620000000Z' });
  const [from, to] = [Date.parse('2026-05-20T00:00:00Z'), Date.parse('2026-06-20T00:00:00Z')];
  assert.equal(status(crl, { at: from - 4 * 60_000 }).kind, 'good');
  assert.equal(status(crl, { at: to + 4 * 60_000 }).kind, 'good');
  says(status(crl, { at: from - 6 * 60_000 }), /2026-05-20 00:00 UTC, which is yet to come/);
  says(status(crl, { at: to + 6 * 60_000 }), /to be replaced on 2026-06-20 00:00 UTC/);
});

test('a list of many thousands is read to its end', () => {
  const serials = Array.from({ length: 13_000 }, (_, i) => (0x70000000 + i).toString(16));
  const others = serials.map((serial) => ({ certificate: { serial }, reason: 'superseded' }));
  assert.deepEqual(status(makeCrl(ca, { revoked: others })), { kind: 'good' });
  const crl = makeCrl(ca, { revoked: [...others, { certificate: leaf.certificate }] });
  assert.ok(crl.length > 450_000);
  assert.equal(status(crl).kind, 'revoked');
});

const tlv = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts);
  const size = content.length.toString(16);
  const length =
    content.length < 0x80
      ? [content.length]
      : [
          0x80 + Math.ceil(size.length / 2),
          ...Buffer.from(size.padStart(size.length + (size.length % 2), '0'), 'hex'),
        ];
  return Buffer.concat([Uint8Array.of(tag, ...length), content]);
};
const time = (text: string): Uint8Array => tlv(0x17, Buffer.from(text));
const entry = (serial: string): Uint8Array =>
  tlv(
    0x30,
    tlv(2, Buffer.from(serial, 'hex')),
    time('260501000000Z'),
    Buffer.from('300c300a0603551d1504030a0101', 'hex'),
  );

/** OpenSSL takes minutes for so many entries: the list is put together here, and signed with the CA's key. */
function madeOf(entries: readonly Uint8Array[]): Uint8Array {
  const algorithm = Buffer.from('300a06082a8648ce3d040302', 'hex');
  const issuer = ca.certificate.subject.der;
  const dates = [time('260520000000Z'), time('260620000000Z')];
  const tbs = tlv(
    0x30,
    tlv(2, Uint8Array.of(1)),
    algorithm,
    issuer,
    ...dates,
    tlv(0x30, Buffer.concat(entries)),
  );
  const signature = sign('sha256', tbs, createPrivateKey(ca.keyPem));
  return new Uint8Array(tlv(0x30, tbs, algorithm, tlv(3, Uint8Array.of(0), signature)));
}

test('a list of many megabytes is read within bounds, and no octet more', (t) => {
  const entries = Array.from({ length: 400_000 }, (_, i) => entry((0x10000000 + i).toString(16)));
  const timed = (crl: Uint8Array): Status => {
    const start = performance.now();
    const found = status(crl);
    const spent = Math.round(performance.now() - start);
    t.diagnostic(`${crl.length} octets: ${found.kind} after ${spent} ms`);
    assert.ok(spent < 3_000, `${crl.length} octets took ${spent} ms`);
    return found;
  };
  const without = madeOf(entries);
  assert.ok(without.length > 14_000_000 && without.length < MAX_CRL_OCTETS, `${without.length}`);
  assert.deepEqual(timed(without), { kind: 'good' });
  assert.deepEqual(timed(madeOf([...entries, entry(leaf.certificate.serial)])), {
    kind: 'revoked',
    at: Date.parse('2026-05-01T00:00:00Z'),
    reason: 'keyCompromise',
  });
  assert.equal(timed(without.slice(0, -1)).kind, 'unknown');
  assert.equal(crlDer(new Uint8Array(MAX_CRL_OCTETS + 1).fill(0x30)), undefined);
});

test('only the issuer may speak', async () => {
  const stranger = await issue({ subject: 'CN=CA', ca: true });
  says(status(makeCrl(stranger, { extensions: [] })), /signature that is not by "CN=CA"/);
  const other = await issue({ subject: 'CN=Other CA', ca: true });
  says(status(makeCrl(other)), /not by the issuer/);
  const mute = await issue({ subject: 'CN=CA', ca: true, reuse: ca, usage: x509.KeyUsageFlags.keyCertSign });
  says(status(makeCrl(ca), { by: mute }), /without cRLSign/);
});

test('one altered octet of what is signed spoils it', () => {
  const crl = makeCrl(ca);
  for (const at of [40, 60, 80]) {
    const altered = crl.slice();
    altered[at] = (altered[at] as number) ^ 1;
    assert.equal(status(altered).kind, 'unknown');
  }
});

test('SHA-1 counts only for a profile that allows it', async () => {
  const rsa = await issue({ subject: 'CN=RSA CA', ca: true, kind: 'rsa2048' });
  const own = await issue({ subject: 'CN=gw', issuer: rsa });
  const crl = makeCrl(rsa, { hash: 'sha1' });
  says(status(crl, { of: own, by: rsa }), /not safe/);
  assert.equal(status(crl, { of: own, by: rsa, allowLegacy: true }).kind, 'good');
});

const scopes: readonly [string, readonly string[], RegExp | undefined][] = [
  ['an indirect list', ['issuingDistributionPoint=critical,@idp', '[idp]', 'indirectCRL=TRUE'], /indirect/],
  [
    'a list of some reasons',
    ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlysomereasons=keyCompromise'],
    /some reasons/,
  ],
  ['a list of CAs', ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyCA=TRUE'], /other kinds/],
  [
    'a list of attribute certificates',
    ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyAA=TRUE'],
    /other kinds/,
  ],
  ['a list of users', ['issuingDistributionPoint=critical,@idp', '[idp]', 'onlyuser=TRUE'], undefined],
  [
    'a list of this point',
    ['issuingDistributionPoint=critical,@idp', '[idp]', `fullname=URI:${URL}`],
    undefined,
  ],
  [
    'a list of another point',
    ['issuingDistributionPoint=critical,@idp', '[idp]', 'fullname=URI:http://crl.example/2.crl'],
    /another distribution point/,
  ],
  [
    'a delta',
    ['2.5.29.27=critical,ASN1:INTEGER:1'],
    /critical extension that is not understood \(2\.5\.29\.27\)/,
  ],
];
for (const [name, extensions, expected] of scopes)
  test(`${name} ${expected ? 'says nothing' : 'counts'}`, () => {
    const found = status(makeCrl(ca, { extensions } satisfies CrlWishes));
    if (expected) says(found, expected);
    else assert.deepEqual(found, { kind: 'good' });
  });

test('arbitrary octets are a status and nothing else', () => {
  const crl = makeCrl(ca, { revoked: [{ certificate: leaf.certificate }] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => status(octets).kind === 'unknown'),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.nat(crl.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const altered = crl.slice();
      altered[at] = (altered[at] as number) ^ flip;
      return status(altered).kind !== 'good';
    }),
    { numRuns: 1000 },
  );
});
