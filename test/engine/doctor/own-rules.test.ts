/** Checks of our own certificate and key: each passes, and each finds what is wrong. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsnConvert } from '@peculiar/asn1-schema';
import { AccessDescription, AuthorityInfoAccessSyntax, GeneralName } from '@peculiar/asn1-x509';
import { Extension, KeyUsageFlags } from '@peculiar/x509';
import type { DoctorCheck } from '../../../engine/api/doctor.ts';
import { examine } from '../../../engine/doctor/report.ts';
import { issue } from '../pki/fixtures.ts';
import { client, DOCUMENT, factsOf, line, ownFacts, root } from './facts.ts';

function says(check: DoctorCheck, verdict: DoctorCheck['verdict'], text: RegExp): void {
  assert.equal(check.verdict, verdict, check.text);
  assert.match(check.text, text);
  if (verdict === 'fail' || verdict === 'warn') assert.ok(check.advice.length > 0, 'no advice');
}

test('a profile in order passes every check that can be made off-line', () => {
  const bad = examine(factsOf()).filter(({ verdict }) => verdict !== 'pass' && verdict !== 'skipped');
  assert.deepEqual(bad, []);
});

test('every check has an id of its own', () => {
  const ids = examine(factsOf()).map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test('key-matches-certificate', async () => {
  says(line('key-matches-certificate'), 'pass', /ECDSA P-256\) belongs to ".*CN=alice"/);
  const other = await issue({ subject: 'CN=other' });
  const id = 'key-matches-certificate';
  says(line(id, { own: { ...ownFacts(client), key: other.key } }), 'fail', /does not belong/);
  says(
    line(id, { own: { chain: [client.certificate], key: undefined, keyProblem: 'the passphrase is wrong' } }),
    'fail',
    /the passphrase is wrong/,
  );
  says(
    line(id, {
      own: { chain: [client.certificate], key: undefined, keyProblem: 'it is locked', locked: true },
    }),
    'skipped',
    /passphrase is not stored/,
  );
  says(
    line(id, { own: { chain: [], key: client.key, certificateProblem: 'it is damaged' } }),
    'fail',
    /damaged/,
  );
});

test('chain-complete: to an anchor, to a root of its own, or missing its issuer', async () => {
  says(line('chain-complete'), 'pass', /alice", issued by ".*CN=Root"/);
  const access = new Extension(
    '1.3.6.1.5.5.7.1.1',
    false,
    AsnConvert.serialize(
      new AuthorityInfoAccessSyntax([
        new AccessDescription({
          accessMethod: '1.3.6.1.5.5.7.48.2',
          accessLocation: new GeneralName({ uniformResourceIdentifier: 'http://ca.example/sub.crt' }),
        }),
      ]),
    ),
  );
  const sub = await issue({ subject: 'CN=Sub', ca: true, issuer: root });
  const leaf = await issue({ subject: 'CN=leaf', issuer: sub, extensions: [access] });
  says(line('chain-complete', { own: ownFacts(leaf, sub) }), 'pass', /CN=Sub", issued by/);
  const cut = line('chain-complete', { own: ownFacts(leaf) });
  says(cut, 'warn', /its issuer "CN=Sub" is not in the profile.*http:\/\/ca\.example\/sub\.crt/);
  const stranger = await issue({ subject: 'CN=stranger', ca: true });
  says(line('chain-complete', { own: ownFacts(client, stranger) }), 'warn', /"CN=stranger" is sent along/);
  const alone = await issue({ subject: 'CN=alone' });
  says(line('chain-complete', { own: ownFacts(alone) }), 'warn', /self-signed/);
});

test('certificate-dates: of each certificate, and thirty days ahead', async () => {
  says(line('certificate-dates'), 'pass', /valid until 2027-01-01/);
  const dated = (from: string, to: string) => issue({ subject: 'CN=dated', issuer: root, from, to });
  const check = async (from: string, to: string) =>
    line('certificate-dates', { own: ownFacts(client, await dated(from, to)) });
  says(
    await check('2026-01-01T00:00:00Z', '2026-05-30T00:00:00Z'),
    'fail',
    /expired on 2026-05-30, 2 days ago/,
  );
  says(await check('2026-07-01T00:00:00Z', '2027-01-01T00:00:00Z'), 'fail', /valid from 2026-07-01 on/);
  says(
    await check('2026-01-01T00:00:00Z', '2026-06-30T00:00:00Z'),
    'warn',
    /expires on 2026-06-30, in 29 days/,
  );
  says(await check('2026-01-01T00:00:00Z', '2026-07-02T00:00:00Z'), 'pass', /2026-07-02/);
});

test('certificate-purpose', async () => {
  says(line('certificate-purpose'), 'pass', /clientAuth/);
  const made = async (wishes: object) =>
    line('certificate-purpose', { own: ownFacts(await issue({ subject: 'CN=x', issuer: root, ...wishes })) });
  says(await made({}), 'pass', /any purpose/);
  says(await made({ eku: ['1.3.6.1.5.5.7.3.4'] }), 'warn', /emailProtection/);
  says(await made({ eku: ['1.3.6.1.5.5.7.3.17'] }), 'pass', /ipsecIke/);
  says(await made({ usage: KeyUsageFlags.keyEncipherment }), 'fail', /keyEncipherment only/);
  says(await made({ ca: true }), 'fail', /certificate of a CA/);
});

test('certificate-identity', async () => {
  says(line('certificate-identity'), 'pass', /confirms local\.id/);
  const other = { ...DOCUMENT, local: { ...DOCUMENT.local, id: 'bob@example.com' } };
  says(line('certificate-identity', {}, other), 'fail', /email:alice@example\.com/);
  const none = { ...DOCUMENT, local: { auth: DOCUMENT.local.auth } };
  says(line('certificate-identity', {}, none), 'pass', /subject of our certificate/);
  const bad = { ...DOCUMENT, local: { ...DOCUMENT.local, id: 'ipv4:nowhere' } };
  says(line('certificate-identity', {}, bad), 'fail', /no identity/);
});

test('certificate-signature: keys, hashes, and what old gateways can take', async () => {
  says(line('certificate-signature'), 'pass', /ECDSA with SHA-256 \(RFC 7427\)/);
  const made = async (wishes: object, document = DOCUMENT) =>
    line(
      'certificate-signature',
      { own: ownFacts(await issue({ subject: 'CN=x', issuer: root, ...wishes })) },
      document,
    );
  says(await made({ kind: 'rsa1024' }), 'fail', /RSA 1024/);
  says(await made({ kind: 'rsa1024' }, { ...DOCUMENT, allowLegacy: true }), 'warn', /The profile allows it/);
  says(await made({ kind: 'ed25519' }), 'warn', /Ed25519/);
  const sha1 = await issue({ subject: 'CN=sha1', ca: true, kind: 'rsa2048-sha1' });
  says(await made({ issuer: sha1 }), 'fail', /RSA with SHA-1/);
});

test('certificate-size: one datagram, fragments, too much without fragmentation', async () => {
  says(line('certificate-size'), 'pass', /fits into one datagram of 1500/);
  const filler = [new Extension('1.3.6.1.4.1.32473.1', false, new Uint8Array(3000))];
  const large = ownFacts(await issue({ subject: 'CN=large', issuer: root, extensions: filler }));
  says(line('certificate-size', { own: large }), 'pass', /about 4 fragments of 1280 octets/);
  const off = { ...DOCUMENT, fragmentation: { enabled: false } };
  says(line('certificate-size', { own: large }, off), 'fail', /fragmentation is off/);
  says(line('certificate-size', { pathMtu: 1000 }), 'pass', /fragments of 1000/);
  const huge = [new Extension('1.3.6.1.4.1.32473.1', false, new Uint8Array(30_000))];
  const own = ownFacts(await issue({ subject: 'CN=huge', issuer: root, extensions: huge }));
  says(line('certificate-size', { own }), 'warn', /refuse so many/);
});
