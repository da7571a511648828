/** Secrets go in and do not come out; `***` written back keeps what is stored. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactSecrets, restoreSecrets } from '../../../engine/profile/redact.ts';

const stored = {
  name: 'office',
  local: { id: 'me', auth: { certificate: 'cert', key: 'the-key', passphrase: 'the-passphrase' } },
  remote: { psk: 'the-psk', anchors: ['ca'] },
  ike: { ppk: { id: 'q', secret: 'the-ppk' } },
};

test('what is shown holds no secret and all else', () => {
  const shown = redactSecrets(stored);
  assert.deepEqual(shown, {
    name: 'office',
    local: { id: 'me', auth: { certificate: 'cert', key: '***', passphrase: '***' } },
    remote: { psk: '***', anchors: ['ca'] },
    ike: { ppk: { id: 'q', secret: '***' } },
  });
  assert.equal(stored.local.auth.key, 'the-key');
});

test('what is written back unchanged is as it was', () => {
  assert.deepEqual(restoreSecrets(redactSecrets(stored), stored), stored);
});

test('a new secret replaces, a removed field stays removed, nothing is invented', () => {
  const edited = { ...redactSecrets(stored), remote: { psk: 'new' } };
  assert.deepEqual(restoreSecrets(edited, stored).remote, { psk: 'new' });
  assert.deepEqual(restoreSecrets({ local: { auth: { psk: '***' } } }, stored), { local: { auth: {} } });
  assert.deepEqual(restoreSecrets({ local: 5, remote: [] }, stored), { local: 5, remote: [] });
});
