import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsnConvert } from '@peculiar/asn1-schema';
import { GeneralName, GeneralSubtree, GeneralSubtrees, Name, NameConstraints } from '@peculiar/asn1-x509';
import * as x509 from '@peculiar/x509';
import { type PathCheck, type PathPolicy, type PathVerdict, verifyPath } from '../../../engine/pki/path.ts';
import { type Issued, type IssueOptions, issue, type KeyKind, NOW } from './fixtures.ts';

const root = await issue({ subject: 'C=CH, O=Culvert Test, CN=Root', ca: true });
const sub = await issue({ subject: 'C=CH, O=Culvert Test, CN=Sub', ca: { pathLength: 0 }, issuer: root });
const LEAF: IssueOptions = { subject: 'C=CH, O=Culvert Test, CN=gw', issuer: root, dns: ['gw.example'] };

const check = (chain: readonly Issued[], policy: Partial<PathPolicy> = {}): PathVerdict =>
  verifyPath(
    chain.map((c) => c.der),
    { anchors: [root.certificate], at: NOW, ...policy },
  );

function refused(verdict: PathVerdict, expected: PathCheck, pattern: RegExp): void {
  assert.ok(!verdict.ok, `was accepted instead of refused by ${expected}`);
  assert.equal(verdict.check, expected, verdict.detail);
  assert.match(verdict.detail, pattern);
}

test('a leaf under the anchor, under a sub CA, and with its chain out of order', async () => {
  const direct = await issue(LEAF);
  assert.ok(check([direct]).ok);
  const under = await issue({ ...LEAF, issuer: sub });
  const stranger = await issue({ subject: 'CN=stranger', ca: true });
  const verdict = check([under, stranger, root, sub, sub]);
  assert.ok(verdict.ok);
  assert.deepEqual(
    verdict.chain.map((c) => c.label),
    ['C=CH, O=Culvert Test, CN=gw', 'C=CH, O=Culvert Test, CN=Sub', 'C=CH, O=Culvert Test, CN=Root'],
  );
  refused(check([under]), 'unknown-ca', /ends at the issuer "C=CH, O=Culvert Test, CN=Sub"/);
});

for (const kind of [
  'rsa2048',
  'rsa3072',
  'rsa4096',
  'pss2048',
  'p256',
  'p384',
  'p521',
  'ed25519',
] as KeyKind[])
  test(`a chain of ${kind}`, async () => {
    const ca = await issue({ subject: 'CN=ca', ca: true, kind });
    const leaf = await issue({ subject: 'CN=gw', issuer: ca, kind: kind === 'rsa4096' ? 'rsa3072' : kind });
    const verdict = check([leaf], { anchors: [ca.certificate] });
    assert.ok(verdict.ok, verdict.ok ? '' : verdict.detail);
  });

test('no certificate, and one that cannot be read', () => {
  refused(verifyPath([], { anchors: [root.certificate], at: NOW }), 'no-certificate', /no certificate/);
  refused(
    verifyPath([root.der.subarray(0, 100)], { anchors: [root.certificate], at: NOW }),
    'parse',
    /cannot be read/,
  );
  const pem = new TextEncoder().encode(root.pem);
  refused(verifyPath([pem], { anchors: [root.certificate], at: NOW }), 'parse', /SEQUENCE/);
  const longer = Uint8Array.from([...root.der, 0]);
  refused(verifyPath([longer], { anchors: [root.certificate], at: NOW }), 'parse', /cannot be read/);
});

test('an unknown CA, also one of the same name', async () => {
  const other = await issue({ subject: 'CN=Other', ca: true });
  refused(check([await issue({ ...LEAF, issuer: other }), other]), 'unknown-ca', /Add that CA/);
  const namesake = await issue({ subject: root.subject, ca: true });
  refused(check([await issue({ ...LEAF, issuer: namesake })]), 'unknown-ca', /No trusted CA/);
  const selfSigned = await issue({ subject: 'CN=gw' });
  refused(check([selfSigned]), 'unknown-ca', /self-signed/);
});

test('the signature of another key of the same name, and an altered certificate', async () => {
  const namesake = await issue({ subject: root.subject, ca: true });
  refused(
    check([await issue({ ...LEAF, issuer: namesake, noKeyIds: true })]),
    'signature',
    /not by its issuer/,
  );
  const leaf = await issue(LEAF);
  const altered = leaf.der.slice();
  const at = Buffer.from(altered).indexOf('gw.example');
  altered[at] = 'x'.charCodeAt(0);
  refused(verifyPath([altered], { anchors: [root.certificate], at: NOW }), 'signature', /altered/);
});

test('of two anchors of one name, the one that signed is found', async () => {
  const namesake = await issue({ subject: root.subject, ca: true });
  const leaf = await issue({ ...LEAF, noKeyIds: true });
  assert.ok(check([leaf], { anchors: [namesake.certificate, root.certificate] }).ok);
});

test('expired and not yet valid, to the second', async () => {
  const leaf = await issue({ ...LEAF, from: '2026-02-01T00:00:00Z', to: '2026-03-01T00:00:00Z' });
  assert.ok(check([leaf], { at: Date.parse('2026-03-01T00:00:00Z') }).ok);
  assert.ok(check([leaf], { at: Date.parse('2026-02-01T00:00:00Z') }).ok);
  refused(check([leaf], { at: Date.parse('2026-03-01T00:00:01Z') }), 'expired', /expired on 2026-03-01/);
  refused(check([leaf], { at: Date.parse('2026-01-31T23:59:59Z') }), 'not-yet-valid', /from 2026-02-01/);
  const oldSub = await issue({ subject: 'CN=old', ca: true, issuer: root, to: '2026-02-01T00:00:00Z' });
  const verdict = check([await issue({ ...LEAF, issuer: oldSub }), oldSub]);
  refused(verdict, 'expired', /"CN=old" expired/);
});

test('an anchor out of date warns and does not stop (RFC 5280 §6.1.1 d)', async () => {
  const old = await issue({ subject: 'CN=old root', ca: true, to: '2026-02-01T00:00:00Z' });
  const verdict = check([await issue({ ...LEAF, issuer: old })], { anchors: [old.certificate] });
  assert.ok(verdict.ok);
  assert.match(verdict.warnings[0] ?? '', /out of date/);
});

test('a leaf that issues, a CA that is a leaf, a CA without keyCertSign', async () => {
  const leaf = await issue(LEAF);
  const under = await issue({ subject: 'CN=evil', issuer: leaf });
  refused(check([under, leaf]), 'basic-constraints', /is not a CA/);
  refused(check([sub]), 'basic-constraints', /certificate of a CA/);
  const mute = await issue({ subject: 'CN=mute', ca: true, issuer: root, usage: x509.KeyUsageFlags.cRLSign });
  refused(check([await issue({ ...LEAF, issuer: mute }), mute]), 'key-usage', /keyCertSign/);
});

test('a path longer than pathLenConstraint', async () => {
  const deeper = await issue({ subject: 'CN=deeper', ca: true, issuer: sub });
  refused(check([await issue({ ...LEAF, issuer: deeper }), deeper, sub]), 'path-length', /allows 0 CAs/);
});

test('key usage of the leaf (RFC 4945 §5.1.3.2)', async () => {
  const wrong = await issue({ ...LEAF, usage: x509.KeyUsageFlags.keyEncipherment });
  refused(check([wrong]), 'key-usage', /digitalSignature/);
  assert.ok(check([await issue({ ...LEAF, usage: x509.KeyUsageFlags.nonRepudiation })]).ok);
  assert.ok(check([await issue({ ...LEAF, usage: null })]).ok);
});

test('extended key usage, enforced or not', async () => {
  const mail = await issue({ ...LEAF, eku: ['1.3.6.1.5.5.7.3.4'] });
  refused(check([mail]), 'eku', /serverAuth or ipsecIKE/);
  assert.ok(check([mail], { eku: 'ignore' }).ok);
  for (const oid of ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.17', '1.3.6.1.5.5.8.2.2', '2.5.29.37.0'])
    assert.ok(check([await issue({ ...LEAF, eku: [oid] })]).ok, oid);
  const client = await issue({ ...LEAF, eku: ['1.3.6.1.5.5.7.3.2'] });
  refused(check([client]), 'eku', /serverAuth/);
  assert.ok(check([client], { peer: 'client' }).ok);
});

test('weak keys and hashes, unless legacy is allowed', async () => {
  const small = await issue({ ...LEAF, kind: 'rsa1024' });
  refused(check([small]), 'weak-algorithm', /RSA 1024/);
  assert.ok(check([small], { allowLegacy: true }).ok);
  const sha1Root = await issue({ subject: 'CN=sha1', ca: true, kind: 'rsa2048-sha1' });
  const sha1Leaf = await issue({ ...LEAF, issuer: sha1Root });
  const anchors = [sha1Root.certificate];
  refused(check([sha1Leaf], { anchors }), 'weak-algorithm', /SHA-1/);
  assert.ok(check([sha1Leaf], { anchors, allowLegacy: true }).ok);
});

test('a critical extension that nobody knows', async () => {
  const unknown = (critical: boolean) => [new x509.Extension('1.2.3.4.5', critical, Uint8Array.of(5, 0))];
  refused(
    check([await issue({ ...LEAF, extensions: unknown(true) })]),
    'critical-extension',
    /1\.2\.3\.4\.5/,
  );
  assert.ok(check([await issue({ ...LEAF, extensions: unknown(false) })]).ok);
});

test('a pinned self-signed leaf is trusted, and checked like any other', async () => {
  const own = await issue({ subject: 'CN=gw', dns: ['gw.example'] });
  assert.ok(check([own], { anchors: [own.certificate] }).ok);
  const late = { anchors: [own.certificate], at: Date.parse('2030-01-01T00:00:00Z') };
  refused(check([own], late), 'expired', /expired/);
});

test('a loop of cross certificates ends', async () => {
  const a = await issue({ subject: 'CN=A', ca: true });
  const b = await issue({ subject: 'CN=B', ca: true, issuer: a });
  const a2 = await issue({ subject: 'CN=A', ca: true, issuer: b, reuse: a });
  refused(check([await issue({ ...LEAF, issuer: a }), b, a2, a]), 'unknown-ca', /No trusted CA/);
});

const subtrees = (...names: Partial<GeneralName>[]): GeneralSubtrees =>
  new GeneralSubtrees(names.map((n) => new GeneralSubtree({ base: new GeneralName(n) })));

async function constrained(
  lists: Partial<NameConstraints>,
  leaf: Pick<IssueOptions, 'san'> & { subject?: string },
): Promise<PathVerdict> {
  const value = AsnConvert.serialize(new NameConstraints(lists));
  const extensions = [new x509.Extension('2.5.29.30', true, value)];
  const ca = await issue({ subject: 'O=Culvert Test, CN=limited', ca: true, issuer: root, extensions });
  return check([await issue({ subject: 'O=Culvert Test, CN=gw', ...leaf, issuer: ca }), ca]);
}

test('name constraints by kind', async () => {
  const dns = (value: string) => ({ san: [{ type: 'dns' as const, value }] });
  const permitted = { permittedSubtrees: subtrees({ dNSName: 'example.org' }) };
  assert.ok((await constrained(permitted, dns('a.example.org'))).ok);
  assert.ok((await constrained(permitted, dns('*.example.org'))).ok);
  refused(
    await constrained(permitted, dns('example.com')),
    'name-constraints',
    /DNS:example\.com is outside/,
  );
  refused(await constrained(permitted, dns('notexample.org')), 'name-constraints', /outside/);
  const excluded = { excludedSubtrees: subtrees({ dNSName: 'a.example.org' }) };
  assert.ok((await constrained(excluded, dns('b.example.org'))).ok);
  refused(await constrained(excluded, dns('x.a.example.org')), 'name-constraints', /must not certify/);
  refused(await constrained(excluded, dns('*.example.org')), 'name-constraints', /must not certify/);

  const mail = { permittedSubtrees: subtrees({ rfc822Name: 'example.org' }) };
  assert.ok((await constrained(mail, { san: [{ type: 'email', value: 'a@example.org' }] })).ok);
  refused(
    await constrained(mail, { san: [{ type: 'email', value: 'a@b.example.org' }] }),
    'name-constraints',
    /outside/,
  );

  const ip = { permittedSubtrees: subtrees({ iPAddress: '10.1.0.0/16' }) };
  assert.ok((await constrained(ip, { san: [{ type: 'ip', value: '10.1.2.3' }] })).ok);
  refused(
    await constrained(ip, { san: [{ type: 'ip', value: '10.2.2.3' }] }),
    'name-constraints',
    /10\.2\.2\.3/,
  );
  refused(
    await constrained(ip, { san: [{ type: 'ip', value: '2001:db8::1' }] }),
    'name-constraints',
    /outside/,
  );

  const org = new x509.Name('O=Culvert Test').toArrayBuffer();
  const directoryName = AsnConvert.parse(org, Name);
  const dn = { permittedSubtrees: subtrees({ directoryName }) };
  assert.ok((await constrained(dn, {})).ok);
  refused(await constrained(dn, { subject: 'O=Elsewhere, CN=gw' }), 'name-constraints', /O=Elsewhere/);

  const uri = { permittedSubtrees: subtrees({ uniformResourceIdentifier: 'example.org' }) };
  const at = (value: string) => constrained(uri, { san: [{ type: 'url', value }] });
  assert.ok((await constrained(uri, dns('gw.example'))).ok);
  assert.ok((await at('https://example.org/')).ok);
  refused(await at('https://a.example.org:443/x'), 'name-constraints', /a\.example\.org.* is outside/);
  refused(await at('urn:example:org'), 'name-constraints', /cannot be checked/);
  refused(await at('https://192.0.2.1/'), 'name-constraints', /cannot be checked/);
  const below = { permittedSubtrees: subtrees({ uniformResourceIdentifier: '.example.org' }) };
  assert.ok((await constrained(below, { san: [{ type: 'url', value: 'sip://me@A.example.org' }] })).ok);
});
