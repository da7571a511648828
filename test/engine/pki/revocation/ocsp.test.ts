import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BasicOCSPResponse, OCSPResponse } from '@peculiar/asn1-ocsp';
import { AsnConvert } from '@peculiar/asn1-schema';
import fc from 'fast-check';
import { ocspRequest, ocspStatus } from '../../../../engine/pki/revocation/ocsp.ts';
import { issue } from '../fixtures.ts';
import { answerOcsp } from './openssl-ca.ts';

// OpenSSL dates its responses with the present, so these certificates live long.
const to = '2049-01-01T00:00:00Z';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const ca = await issue({ subject: 'CN=CA', ca: true, to });
const leaf = await issue({ subject: 'CN=gw', issuer: ca, to });
const nonce = new Uint8Array(32).fill(7);
const request = ocspRequest(leaf.certificate, ca.certificate, nonce);
const now = Date.now();
const VALID_FOR = ['-nmin', '60'];

const read = (response: Uint8Array, at = now, own: Uint8Array | undefined = nonce) =>
  ocspStatus(response, leaf.certificate, ca.certificate, own, { at, allowLegacy: false });
const good = answerOcsp({ request, ca, valid: [leaf.certificate], more: VALID_FOR });

const why = (answer: ReturnType<typeof read>): string =>
  answer.status.kind === 'unknown' ? answer.status.why : answer.status.kind;

test('good, by the issuer itself, and it may be kept until it is replaced', () => {
  const { status, keepUntil = 0 } = read(good);
  assert.deepEqual(status, { kind: 'good' });
  assert.ok(Math.abs(keepUntil - now - 3_600_000) < 120_000);
});

test('revoked, with date and reason', () => {
  const revoked = [{ certificate: leaf.certificate, reason: 'superseded', at: '260511123456Z' }];
  assert.deepEqual(read(answerOcsp({ request, ca, revoked })).status, {
    kind: 'revoked',
    at: Date.parse('2026-05-11T12:34:56Z'),
    reason: 'superseded',
  });
});

test('a certificate that the responder does not know is unknown', () => {
  assert.match(why(read(answerOcsp({ request, ca }))), /does not know/);
});

test('a delegated responder needs the purpose, a certificate by the issuer, and validity', async () => {
  const ask = (signer: Awaited<ReturnType<typeof issue>>) =>
    why(read(answerOcsp({ request, ca, signer, valid: [leaf.certificate] })));
  const subject = 'CN=responder';
  assert.equal(ask(await issue({ subject, issuer: ca, to, eku: [OCSP_SIGNING] })), 'good');
  assert.match(ask(await issue({ subject, issuer: ca, to })), /not by the issuer/);
  assert.match(
    ask(await issue({ subject, issuer: ca, to, eku: ['1.3.6.1.5.5.7.3.1'] })),
    /not by the issuer/,
  );
  const namesake = await issue({ subject: 'CN=CA', ca: true, to });
  assert.match(ask(await issue({ subject, issuer: namesake, to, eku: [OCSP_SIGNING] })), /not by the issuer/);
  const expired = { subject, issuer: ca, to: '2026-02-01T00:00:00Z', eku: [OCSP_SIGNING] };
  assert.match(ask(await issue(expired)), /not by the issuer/);
});

test('the answer to another request does not count, one without a nonce does', () => {
  assert.match(why(read(good, now, new Uint8Array(32).fill(8))), /answers another request/);
  const silent = answerOcsp({ request, ca, valid: [leaf.certificate], more: ['-no_nonce', ...VALID_FOR] });
  const bare = ocspStatus(silent, leaf.certificate, ca.certificate, nonce, { at: now, allowLegacy: false });
  assert.equal(why(bare), 'good');
});

test('an answer about another certificate, or by another CA, does not count', async () => {
  const other = await issue({ subject: 'CN=other', issuer: ca, to });
  const theirs = ocspRequest(other.certificate, ca.certificate, nonce);
  assert.match(
    why(read(answerOcsp({ request: theirs, ca, valid: [other.certificate] }))),
    /about another certificate/,
  );
});

test('dates hold within five minutes', () => {
  assert.equal(why(read(good, now - 4 * 60_000)), 'good');
  assert.match(why(read(good, now - 7 * 60_000)), /yet to come/);
  assert.equal(why(read(good, now + 64 * 60_000)), 'good');
  assert.match(why(read(good, now + 67 * 60_000)), /to be replaced/);
});

test('a responder that refuses says so', () => {
  // OCSPResponse { responseStatus tryLater }
  assert.match(why(read(Uint8Array.of(0x30, 3, 0x0a, 1, 3))), /refuses to answer \(tryLater\)/);
});

test('arbitrary octets, and altered ones, are never good', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (octets) => read(octets).status.kind === 'unknown'),
    { numRuns: 2000 },
  );
  const { responseBytes } = AsnConvert.parse(good, OCSPResponse);
  const basic = AsnConvert.parse(responseBytes?.response.buffer ?? new ArrayBuffer(0), BasicOCSPResponse);
  const signed = Buffer.from(basic.tbsResponseDataRaw ?? new ArrayBuffer(0));
  const from = Buffer.from(good).indexOf(signed);
  assert.ok(from > 0 && signed.length > 50);
  fc.assert(
    fc.property(
      fc.integer({ min: from, max: from + signed.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      (at, flip) => {
        const altered = good.slice();
        altered[at] = (altered[at] as number) ^ flip;
        return read(altered).status.kind !== 'good';
      },
    ),
    { numRuns: 500 },
  );
});
