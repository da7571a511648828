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
