/** Facts for the doctor's rules out of certificates that the tests make. */
import type { DoctorCheck } from '../../../engine/api/doctor.ts';
import type { Facts, OwnFacts } from '../../../engine/doctor/facts.ts';
import { examine } from '../../../engine/doctor/report.ts';
import type { Profile } from '../../../engine/profile/profile.ts';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { readProfile } from '../../../engine/profile/validate.ts';
import { type Issued, issue, NOW } from '../pki/fixtures.ts';

export const root: Issued = await issue({
  subject: 'C=CH, O=Culvert Test, CN=Root',
  ca: true,
  to: '2036-01-01T00:00:00Z',
});
export const client: Issued = await issue({
  subject: 'C=CH, O=Culvert Test, CN=alice',
  issuer: root,
  san: [{ type: 'email', value: 'alice@example.com' }],
  eku: ['1.3.6.1.5.5.7.3.2'],
});

export const DOCUMENT: ProfileDocument = {
  name: 'office',
  gateway: { hosts: ['vpn.example.com'] },
  local: { id: 'alice@example.com', auth: { certificate: client.pem, key: client.keyPem } },
  remote: { anchors: root.pem },
};

export const PSK: ProfileDocument = {
  name: 'office',
  gateway: { hosts: ['vpn.example.com'] },
  local: { id: 'alice@example.com', auth: { psk: 'sJ4xQ0vT8mK2bH7nW5cZ1rY6' } },
};

export function profileOf(document: ProfileDocument): Profile {
  const read = readProfile(document);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value.profile;
}

export const ownFacts = (leaf: Issued, ...others: readonly Issued[]): OwnFacts => ({
  chain: [leaf, ...others].map((one) => one.certificate),
  key: leaf.key,
});

/** Everything in order. */
export function factsOf(over: Partial<Facts> = {}, document: ProfileDocument = DOCUMENT): Facts {
  const profile = profileOf(document);
  return {
    profile,
    warnings: [],
    at: NOW,
    ...(profile.local.auth.kind === 'pubkey' ? { own: ownFacts(client) } : {}),
    ...(profile.remote.auth.kind === 'pubkey'
      ? { anchors: { certificates: [root.certificate], problems: [] } }
      : {}),
    ...over,
  };
}

/** One line of the report. */
export function line(
  id: string,
  over: Partial<Facts> = {},
  document: ProfileDocument = DOCUMENT,
): DoctorCheck {
  const check = examine(factsOf(over, document)).find((one) => one.id === id);
  if (!check) throw new Error(`no line ${id}`);
  return check;
}
