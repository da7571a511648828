/** Profile documents for tests. */
import type { ProfileDocument } from '../../../engine/profile/schema.ts';

export const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

export const PSK_DOCUMENT: ProfileDocument = {
  name: 'office',
  gateway: { hosts: 'vpn.example.com' },
  local: { id: 'alice@example.com', auth: { psk: 'a text that is long enough' } },
};

export const PUBKEY_DOCUMENT: ProfileDocument = {
  name: 'office',
  gateway: { hosts: ['vpn.example.com'] },
  local: { auth: { certificate: PEM, key: PEM } },
  remote: { anchors: PEM },
};
