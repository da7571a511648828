/** What a profile's summary tells of its own certificate. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileRules } from '../../engine/profile-rules.ts';
import { issue } from './pki/fixtures.ts';

const rules = profileRules(
  () => 0,
  () => undefined,
);

test('the end of our own certificate is in the summary; a broken one leaves it out', async () => {
  const own = await issue({ subject: 'CN=anna', to: '2027-01-02T03:04:05Z' });
  const document = {
    name: 'office',
    gateway: { hosts: ['vpn.example.com'] },
    local: { id: 'anna', auth: { certificate: own.pem, key: own.keyPem } },
    remote: { id: 'vpn.example.com', anchors: [own.pem] },
  };
  assert.equal(rules.summarise(document).certificateExpires, '2027-01-02T03:04:05.000Z');
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const spoilt = {
    ...document,
    local: { ...document.local, auth: { certificate: broken, key: own.keyPem } },
  };
  const summary = rules.summarise(spoilt);
  assert.equal(summary.problem, undefined);
  assert.equal(summary.certificateExpires, undefined);
});
