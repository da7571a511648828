/** User names and passwords in a profile: what they need, what they exclude, and that they are kept back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUtf8 } from '../../../engine/base/bytes.ts';
import { exportGateway } from '../../../engine/profile/export/swanctl-gateway.ts';
import { redactSecrets, restoreSecrets } from '../../../engine/profile/redact.ts';
import type { LocalAuthDocument, ProfileDocument } from '../../../engine/profile/schema.ts';
import { readProfile } from '../../../engine/profile/validate.ts';

const CA = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';

function document(
  auth: LocalAuthDocument,
  remote: ProfileDocument['remote'] = { anchors: CA },
): ProfileDocument {
  return { name: 'office', gateway: { hosts: 'vpn.example.org' }, local: { auth }, remote };
}
const LOGIN: LocalAuthDocument = {
  eap: ['mschapv2', 'gtc'],
  username: 'EXAMPLE\\carol',
  password: 'pässword',
};

function problems(value: ProfileDocument): string[] {
  const read = readProfile(value);
  return read.ok ? [] : read.error.map(({ path }) => path);
}

test('methods, user name and password are read, the identity is the user name unless given', () => {
  const read = readProfile(document(LOGIN));
  assert.ok(read.ok);
  const { local, remote } = read.value.profile;
  assert.ok(local.auth.kind === 'eap');
  assert.deepEqual(local.auth.methods, ['mschapv2', 'gtc']);
  assert.equal(local.auth.identity, 'EXAMPLE\\carol');
  assert.equal(fromUtf8(local.auth.password?.expose() ?? new Uint8Array(0)), 'pässword');
  assert.equal(remote.auth.kind, 'pubkey');
  const named = readProfile(document({ ...LOGIN, eapId: 'carol@example.org' }));
  assert.ok(named.ok && named.value.profile.local.auth.kind === 'eap');
  assert.equal(named.value.profile.local.auth.identity, 'carol@example.org');
});

test('what is missing, or does not go together, is named', () => {
  assert.deepEqual(problems(document({ eap: 'md5', username: 'carol' })), [], 'the user is asked');
  assert.deepEqual(problems(document({ eap: 'md5', password: 'x' })), ['local.auth.username']);
  assert.ok(
    problems(document({ ...LOGIN, psk: 'a shared secret of some length' })).includes('local.auth.psk'),
  );
  assert.deepEqual(problems(document({ psk: 'a shared secret of some length', password: 'x' }, {})), [
    'local.auth.password',
  ]);
  assert.deepEqual(problems(document(LOGIN, { auth: 'psk', psk: 'a shared secret of some length' })), [
    'remote.auth',
  ]);
  assert.deepEqual(problems(document(LOGIN, {})), ['remote.anchors']);
});

test('the password reads ***, and *** written back leaves it as it was', () => {
  const stored = { ...document(LOGIN) };
  const shown = redactSecrets(stored);
  assert.ok(!JSON.stringify(shown).includes('pässword'));
  assert.deepEqual(restoreSecrets(shown, stored), stored);
});

test("the gateway's side asks for the first method", () => {
  const { text } = exportGateway(document(LOGIN), { withSecrets: false });
  assert.match(text, /auth = eap-mschapv2\n {6}eap_id = %any/);
});

const KEY = '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n';
const OWN = { certificate: CA, key: KEY };
const PSK = 'a shared secret of some length';

test('EAP-TLS takes the certificate and key, and no password', () => {
  const read = readProfile({
    ...document({ eap: 'tls', ...OWN }),
    local: { id: 'me', auth: { eap: 'tls', ...OWN } },
  });
  assert.ok(read.ok, JSON.stringify(read));
  const { auth } = read.value.profile.local;
  assert.ok(auth.kind === 'eap' && auth.own, 'EAP with a key pair');
  assert.equal(auth.identity, 'me');
  assert.deepEqual(auth.tls, { min: 'TLSv1.2', max: 'TLSv1.3' });
  assert.deepEqual(problems(document({ eap: 'tls' })), ['local.auth.key', 'local.auth.certificate']);
  assert.deepEqual(problems(document({ eap: 'tls', ...OWN, password: 'x' })), ['local.auth.password']);
  assert.deepEqual(problems(document({ ...LOGIN, ...OWN })), ['local.auth.certificate', 'local.auth.key']);
});

test('the second phase and the versions of TLS have their methods', () => {
  const ttls = { ...LOGIN, eap: 'ttls', phase2: 'pap' } as const;
  assert.deepEqual(problems(document(ttls)), []);
  assert.deepEqual(problems(document({ ...ttls, eap: 'peap' })), ['local.auth.phase2']);
  assert.deepEqual(problems(document({ ...LOGIN, phase2: 'pap' })), ['local.auth.phase2']);
  assert.deepEqual(problems(document({ ...LOGIN, tls: { min: '1.3' } })), ['local.auth.tls']);
  assert.deepEqual(problems(document({ ...ttls, tls: { min: '1.3', max: '1.2' } })), ['local.auth.tls']);
  assert.deepEqual(problems(document(LOGIN, { anchors: CA, aaaId: 'aaa' })), ['remote.aaaId']);
});

test('EAP alone is an explicit choice, and for methods in which the gateway proves itself', () => {
  const alone = { auth: 'eap', anchors: CA } as const;
  const read = readProfile(document({ ...LOGIN, eap: ['ttls', 'peap'] }, alone));
  assert.ok(read.ok && read.value.profile.remote.auth.kind === 'pubkey', JSON.stringify(read));
  assert.equal(read.value.profile.remote.auth.eapOnly, true);
  for (const eap of ['mschapv2', 'md5', 'gtc'] as const) {
    assert.deepEqual(problems(document({ ...LOGIN, eap }, alone)), ['remote.auth']);
    assert.deepEqual(problems(document({ ...LOGIN, eap: ['ttls', eap] }, alone)), ['remote.auth']);
  }
  assert.deepEqual(problems(document({ psk: PSK }, alone)), ['remote.auth']);
  assert.deepEqual(problems(document({ ...LOGIN, eap: 'ttls' }, { auth: 'eap' })), ['remote.anchors']);
});

test('a second round is EAP behind a certificate or a psk, to a gateway with a certificate', () => {
  const two = (auth: LocalAuthDocument, auth2: LocalAuthDocument, remote = {}): ProfileDocument => ({
    ...document(auth, { auth: 'pubkey', anchors: CA, ...remote }),
    local: { auth, auth2 },
  });
  assert.deepEqual(problems(two(OWN, LOGIN)), []);
  assert.deepEqual(problems(two({ psk: PSK }, LOGIN)), []);
  assert.deepEqual(problems(two(LOGIN, LOGIN)), ['local.auth2']);
  assert.deepEqual(problems(two(OWN, { psk: PSK })), ['local.auth2.eap']);
  assert.deepEqual(problems(two(OWN, { eap: 'mschapv2', username: 'carol' })), ['local.auth2.password']);
  assert.deepEqual(problems(two({ psk: PSK }, LOGIN, { auth: 'psk', anchors: undefined })), ['remote.auth']);
  assert.deepEqual(
    problems({ ...two(OWN, LOGIN), ike: { ppk: { id: 'q', secret: 'a post-quantum secret of length' } } }),
    ['ike.ppk'],
  );
  const stored = { ...two(OWN, LOGIN) };
  const shown = redactSecrets(stored);
  assert.ok(!JSON.stringify(shown).includes('pässword'), 'the password of the second round is kept back');
  assert.deepEqual(restoreSecrets(shown, stored), stored);
});

test('a post-quantum key goes together with EAP (RFC 8784 §3)', () => {
  const ike = { ppk: { id: 'q', secret: 'a post-quantum secret of length' } };
  assert.deepEqual(problems({ ...document(LOGIN), ike }), []);
});
