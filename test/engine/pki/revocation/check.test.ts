import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AsnConvert } from '@peculiar/asn1-schema';
import {
  AccessDescription,
  AuthorityInfoAccessSyntax,
  CRLDistributionPoints,
  DistributionPoint,
  DistributionPointName,
  GeneralName,
} from '@peculiar/asn1-x509';
import { Extension } from '@peculiar/x509';
import { checkRevocation, type RevocationOptions } from '../../../../engine/pki/revocation/check.ts';
import { ocspRequest } from '../../../../engine/pki/revocation/ocsp.ts';
import { ownResponses } from '../../../../engine/pki/revocation/own-status.ts';
import type { RevocationCache, RevocationMode } from '../../../../engine/pki/revocation/port.ts';
import { sourcesOf } from '../../../../engine/pki/revocation/sources.ts';
import { type Issued, issue, NOW } from '../fixtures.ts';
import { answerOcsp, makeCrl } from './openssl-ca.ts';

const uri = (url: string): GeneralName => new GeneralName({ uniformResourceIdentifier: url });
const points = (...urls: string[]): Extension =>
  new Extension(
    '2.5.29.31',
    false,
    AsnConvert.serialize(
      new CRLDistributionPoints(
        urls.map(
          (url) =>
            new DistributionPoint({ distributionPoint: new DistributionPointName({ fullName: [uri(url)] }) }),
        ),
      ),
    ),
  );
const responder = (url: string): Extension =>
  new Extension(
    '1.3.6.1.5.5.7.1.1',
    false,
    AsnConvert.serialize(
      new AuthorityInfoAccessSyntax([
        new AccessDescription({ accessMethod: '1.3.6.1.5.5.7.48.1', accessLocation: uri(url) }),
      ]),
    ),
  );

const CRL = 'http://crl.example/ca.crl';
const OCSP = 'http://ocsp.example/';
const ca = await issue({ subject: 'CN=CA', ca: true });
const leaf = await issue({ subject: 'CN=gw', issuer: ca, extensions: [points(CRL), responder(OCSP)] });
const bare = await issue({ subject: 'CN=bare', issuer: ca });
const goodCrl = makeCrl(ca);
const badCrl = makeCrl(ca, { revoked: [{ certificate: leaf.certificate, reason: 'keyCompromise' }] });

type Answers = Readonly<Record<string, Uint8Array | Error>>;
async function run(
  answers: Answers,
  crl: RevocationMode,
  ocsp: RevocationMode,
  of: Issued = leaf,
  more: Partial<RevocationOptions> = {},
  inBand: readonly Uint8Array[] = [],
  at = NOW,
) {
  const asked: string[] = [];
  const verdict = await checkRevocation(
    [of.certificate, ca.certificate],
    {
      modes: { crl, ocsp },
      fetchBytes: async (url) => {
        asked.push(url);
        const answer = answers[url] ?? new Error('no answer');
        if (answer instanceof Error) throw answer;
        return answer;
      },
      ...more,
    },
    { at, allowLegacy: false },
    inBand,
  );
  return { asked, verdict };
}

test('off asks nobody', async () => {
  assert.deepEqual(await run({}, 'off', 'off'), { asked: [], verdict: { ok: true, warnings: [] } });
});

test('each method is asked only when it is on, OCSP first', async () => {
  assert.deepEqual((await run({}, 'relaxed', 'off')).asked, [CRL]);
  assert.deepEqual((await run({}, 'off', 'relaxed')).asked, [OCSP]);
  assert.deepEqual((await run({}, 'relaxed', 'relaxed')).asked, [OCSP, CRL]);
});

for (const mode of ['relaxed', 'strict'] as const)
  test(`${mode}: revoked ends it, good clears it although OCSP is silent`, async () => {
    const { verdict } = await run({ [CRL]: badCrl }, mode, mode);
    assert.equal(!verdict.ok && verdict.check, 'revoked');
    assert.match(
      verdict.ok ? '' : verdict.detail,
      /"CN=gw" was revoked on 2026-05-01 \(reason: keyCompromise\)/,
    );
    assert.deepEqual((await run({ [CRL]: goodCrl }, mode, mode)).verdict, { ok: true, warnings: [] });
  });

test('nobody can say: relaxed warns, strict ends it, and one strict is enough', async () => {
  const hotel = { [CRL]: Buffer.from('<html>'), [OCSP]: new Error('the server answered with status 302') };
  const { verdict } = await run(hotel, 'relaxed', 'relaxed');
  assert.ok(verdict.ok && verdict.warnings.length === 1);
  assert.match(verdict.warnings[0] ?? '', /status 302 .*is no CRL/);
  for (const [crl, ocsp] of [
    ['strict', 'relaxed'],
    ['relaxed', 'strict'],
    ['strict', 'off'],
  ] as const) {
    const refused = (await run(hotel, crl, ocsp)).verdict;
    assert.equal(!refused.ok && refused.check, 'revocation-unknown');
  }
});

test('a certificate without any place to ask: only strict speaks of it', async () => {
  assert.deepEqual((await run({}, 'relaxed', 'relaxed', bare)).verdict, { ok: true, warnings: [] });
  const { verdict } = await run({}, 'strict', 'off', bare);
  assert.equal(!verdict.ok && verdict.check, 'revocation-unknown');
});

test('what was fetched is kept, checked again, and replaced when it does not count any more', async () => {
  const kept = new Map<string, Uint8Array>();
  const cache: RevocationCache = {
    get: async (key) => kept.get(key),
    put: async (key, octets) => void kept.set(key, octets),
  };
  assert.deepEqual((await run({ [CRL]: goodCrl }, 'strict', 'off', leaf, { cache })).asked, [CRL]);
  assert.equal(kept.size, 1);
  assert.deepEqual(await run({}, 'strict', 'off', leaf, { cache }), {
    asked: [],
    verdict: { ok: true, warnings: [] },
  });
  for (const key of kept.keys()) kept.set(key, makeCrl(ca, { to: '20260521000000Z' }));
  const again = await run({ [CRL]: badCrl }, 'strict', 'off', leaf, { cache });
  assert.deepEqual(again.asked, [CRL]);
  assert.equal(again.verdict.ok, false);
});

test('what does not count is not kept', async () => {
  const cache: RevocationCache = { get: async () => undefined, put: () => assert.fail('kept') };
  await run({ [CRL]: Buffer.from('<html>') }, 'relaxed', 'off', leaf, { cache });
});

test('the time for a path is bounded', async () => {
  const { asked, verdict } = await run({}, 'strict', 'strict', leaf, { limit: 0 });
  assert.deepEqual(asked, []);
  assert.match(verdict.ok ? '' : verdict.detail, /the time for it is over/);
});

test('only plain HTTP is a place to ask', async () => {
  const other = await issue({
    subject: 'CN=other',
    issuer: ca,
    extensions: [
      points('ldap://ldap.example/cn=ca', 'file:///etc/shadow', 'http://me:secret@crl.example/', CRL),
      responder('https://ocsp.example/'),
    ],
  });
  const sources = sourcesOf(other.certificate);
  assert.deepEqual(sources.crl, [CRL]);
  assert.deepEqual(sources.ocsp, []);
  assert.equal(sources.unusable.length, 4);
});

/** As `openssl ocsp` dates them: from now on, and without an end unless it is told. */
const respond = (
  bad: boolean,
  more: readonly string[] = ['-nmin', '60'],
  request = ocspRequest(leaf.certificate, ca.certificate, new Uint8Array(16)),
): Uint8Array =>
  answerOcsp({
    request,
    ca,
    ...(bad
      ? { revoked: [{ certificate: leaf.certificate, reason: 'keyCompromise' }] }
      : { valid: [leaf.certificate] }),
    more,
  });

test('OCSP responses that came in IKE spare the net (RFC 4806), also for strict', async () => {
  const now = Date.now();
  const inBand = (response: Uint8Array, mode: RevocationMode, at = now) =>
    run({}, 'off', mode, leaf, {}, [Uint8Array.of(0x30), response], at);
  for (const mode of ['relaxed', 'strict'] as const) {
    assert.deepEqual(await inBand(respond(false), mode), { asked: [], verdict: { ok: true, warnings: [] } });
    const bad = await inBand(respond(true), mode);
    assert.deepEqual([bad.asked, !bad.verdict.ok && bad.verdict.check], [[], 'revoked']);
  }
  assert.deepEqual((await inBand(respond(true), 'off')).verdict, { ok: true, warnings: [] });
  const late = await inBand(respond(false), 'strict', now + 2 * 3_600_000);
  assert.deepEqual([late.asked, late.verdict.ok], [[OCSP], false]);
});

test('an in-band response without an end counts for an hour, so that none is shown for ever', async () => {
  const response = respond(false, []);
  const at = (milliseconds: number) =>
    run({}, 'off', 'strict', leaf, {}, [response], Date.now() + milliseconds);
  assert.equal((await at(50 * 60_000)).verdict.ok, true);
  assert.equal((await at(70 * 60_000)).verdict.ok, false);
});

test('our own response for a gateway that asks: a good one, or none', async () => {
  const policy = { at: Date.now(), allowLegacy: false };
  let given: Uint8Array | undefined;
  const own = (bad: boolean) =>
    ownResponses(
      leaf.certificate,
      ca.certificate,
      {
        fetchBytes: async (_url, { body }) => {
          given = respond(bad, ['-nmin', '60'], body);
          return given;
        },
      },
      policy,
    );
  assert.deepEqual(await own(false), [given]);
  assert.deepEqual(await own(true), []);
  const silent = { fetchBytes: () => Promise.reject(new Error('no answer')) };
  assert.deepEqual(await ownResponses(leaf.certificate, ca.certificate, silent, policy), []);
  assert.deepEqual(await ownResponses(leaf.certificate, undefined, silent, policy), []);
});

test('a captive network is named: relaxed goes on, strict says what to do', async () => {
  const page = Object.assign(new Error('a web page came in its place'), { code: 'captive-portal' });
  const relaxed = (await run({ [CRL]: page, [OCSP]: page }, 'relaxed', 'relaxed')).verdict;
  assert.match(relaxed.ok ? (relaxed.warnings[0] ?? '') : '', /^A captive portal seems to answer/);
  const strict = (await run({ [CRL]: page, [OCSP]: page }, 'strict', 'off')).verdict;
  assert.match(strict.ok ? '' : strict.detail, /^A captive portal seems to answer/);
  assert.match(strict.ok ? '' : (strict.advice[0] ?? ''), /log in first/);
});

test('an intermediate CA is asked for as well', async () => {
  const sub = await issue({ subject: 'CN=Sub', ca: true, issuer: ca, extensions: [points(CRL)] });
  const below = await issue({ subject: 'CN=below', issuer: sub });
  const list = makeCrl(ca, { revoked: [{ certificate: sub.certificate }] });
  const verdict = await checkRevocation(
    [below.certificate, sub.certificate, ca.certificate],
    { modes: { crl: 'relaxed', ocsp: 'off' }, fetchBytes: async () => list },
    { at: NOW, allowLegacy: false },
  );
  assert.match(verdict.ok ? '' : verdict.detail, /"CN=Sub" was revoked/);
});
