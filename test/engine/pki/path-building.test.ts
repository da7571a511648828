/** Finding the right path among several: cross-signed CAs, chains of four, loops, CAs that are limited. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { type PathPolicy, type PathVerdict, verifyPath } from '../../../engine/pki/path.ts';
import { type Issued, issue, type KeyKind, NOW } from './fixtures.ts';

const root = await issue({ subject: 'CN=Root', ca: true });

const check = (chain: readonly Issued[], policy: Partial<PathPolicy> = {}): PathVerdict =>
  verifyPath(
    chain.map((c) => c.der),
    { anchors: [root.certificate], at: NOW, ...policy },
  );

const labels = (verdict: PathVerdict): string[] =>
  verdict.ok ? verdict.chain.map((c) => c.label) : [`${verdict.check}: ${verdict.detail}`];

const failed = (verdict: PathVerdict): string => (verdict.ok ? 'ok' : `${verdict.check} ${verdict.subject}`);

test('a cross-signed CA: the path to the trusted root is found, whichever certificate comes first', async () => {
  const other = await issue({ subject: 'CN=Other', ca: true });
  const crossed = await issue({ subject: 'CN=Sub', ca: true, issuer: other });
  const trusted = await issue({ subject: 'CN=Sub', ca: true, issuer: root, reuse: crossed });
  const leaf = await issue({ subject: 'CN=gw', issuer: crossed });
  const good = ['CN=gw', 'CN=Sub', 'CN=Root'];
  assert.deepEqual(labels(check([leaf, crossed, other, trusted])), good);
  assert.deepEqual(labels(check([leaf, trusted, other, crossed])), good);
  assert.equal(failed(check([leaf, crossed, other])), 'unknown-ca CN=gw');
});

test('of two paths the one that is good counts: expired, revoked by name, or too long', async () => {
  const sub = await issue({ subject: 'CN=Sub', ca: true, issuer: root, to: '2026-02-01T00:00:00Z' });
  const renewed = await issue({ subject: 'CN=Sub', ca: true, issuer: root, reuse: sub });
  const leaf = await issue({ subject: 'CN=gw', issuer: sub });
  assert.equal(failed(check([leaf, sub])), 'expired CN=Sub');
  assert.ok(check([leaf, sub, renewed]).ok);
  const narrow = await issue({ subject: 'CN=Bridge', ca: { pathLength: 0 }, issuer: root });
  const wide = await issue({ subject: 'CN=Bridge', ca: true, issuer: root, reuse: narrow });
  const below = await issue({ subject: 'CN=Below', ca: true, issuer: narrow });
  const end = await issue({ subject: 'CN=gw', issuer: below });
  assert.equal(failed(check([end, below, narrow])), 'path-length CN=Bridge');
  assert.ok(check([end, below, narrow, wide]).ok);
});

for (const kind of ['rsa2048', 'p256'] as KeyKind[])
  test(`a chain of four, ${kind}, in any order`, async () => {
    const top = await issue({ subject: 'CN=Top', ca: true, kind });
    const one = await issue({ subject: 'CN=One', ca: true, issuer: top, kind });
    const two = await issue({ subject: 'CN=Two', ca: { pathLength: 0 }, issuer: one, kind });
    const leaf = await issue({ subject: 'CN=gw', issuer: two, kind });
    const anchors = [top.certificate];
    const whole = ['CN=gw', 'CN=Two', 'CN=One', 'CN=Top'];
    assert.deepEqual(labels(check([leaf, two, one], { anchors })), whole);
    assert.deepEqual(labels(check([leaf, one, two], { anchors })), whole);
    const verdict = check([leaf, two], { anchors });
    assert.match(verdict.ok ? '' : verdict.detail, /ends at the issuer "CN=One"/);
  });

test('an intermediate that is trusted by itself is enough', async () => {
  const sub = await issue({ subject: 'CN=Sub', ca: true, issuer: root });
  const leaf = await issue({ subject: 'CN=gw', issuer: sub });
  assert.deepEqual(labels(check([leaf], { anchors: [sub.certificate] })), ['CN=gw', 'CN=Sub']);
});

test('self-issued certificates of a new key do not count for the length (RFC 5280 §4.2.1.9)', async () => {
  const old = await issue({ subject: 'CN=Sub', ca: { pathLength: 0 }, issuer: root });
  const rollover = await issue({ subject: 'CN=Sub', ca: { pathLength: 0 }, issuer: old });
  const leaf = await issue({ subject: 'CN=gw', issuer: rollover });
  assert.ok(check([leaf, rollover, old]).ok);
});

test('a CA that is for other purposes alone cannot vouch, unless the check is off', async () => {
  const mail = await issue({ subject: 'CN=Mail', ca: true, issuer: root, eku: ['1.3.6.1.5.5.7.3.4'] });
  const leaf = await issue({ subject: 'CN=gw', issuer: mail, eku: ['1.3.6.1.5.5.7.3.1'] });
  assert.equal(failed(check([leaf, mail])), 'eku CN=Mail');
  assert.ok(check([leaf, mail], { eku: 'ignore' }).ok);
  const server = await issue({ subject: 'CN=Server', ca: true, issuer: root, eku: ['1.3.6.1.5.5.7.3.1'] });
  assert.ok(check([await issue({ subject: 'CN=gw', issuer: server }), server]).ok);
});

test('a CA with a critical extension that nobody knows is refused', async () => {
  const extensions = [new x509.Extension('1.2.3.4.5', true, Uint8Array.of(5, 0))];
  const odd = await issue({ subject: 'CN=Odd', ca: true, issuer: root, extensions });
  assert.equal(
    failed(check([await issue({ subject: 'CN=gw', issuer: odd }), odd])),
    'critical-extension CN=Odd',
  );
});

test('thirty namesakes that sign each other end in bounded time', async () => {
  const stranger = await issue({ subject: 'CN=Loop', ca: true, noKeyIds: true });
  const crowd: Issued[] = [];
  for (let i = 0; i < 30; i++)
    crowd.push(
      await issue({ subject: 'CN=Loop', ca: true, issuer: crowd.at(-1) ?? stranger, noKeyIds: true }),
    );
  const leaf = await issue({ subject: 'CN=gw', issuer: stranger, noKeyIds: true });
  const start = performance.now();
  assert.equal(check([leaf, ...crowd]).ok, false);
  const fake = await issue({ subject: 'CN=Loop', ca: true, noKeyIds: true });
  assert.equal(check([leaf, ...crowd], { anchors: [fake.certificate] }).ok, false);
  assert.ok(performance.now() - start < 5_000);
});
