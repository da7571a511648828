/** Who is refused, by whom, and by what they proved themselves with; each check of certificates with its own advice. */
import type { Known, Row } from './row.ts';

const by =
  (kind: Known['plan']['ike']['localAuth']['kind']) =>
  ({ plan }: Known): boolean =>
    plan.ike.localAuth.kind === kind;

const OUR_ID = 'The gateway knows us by another name: check local.id with your administrator.';
const GATEWAY_LOG = 'Ask whoever runs the gateway: its log says why it refused us.';
const CLOCK = "Check this computer's clock and its time zone.";
const RENEW = 'Tell whoever runs the gateway that its certificate must be renewed.';
const ANEW = 'Ask whoever runs the gateway for a certificate that was issued for it properly.';
const DOCTOR = 'Run `culvert doctor PROFILE --connect`: it looks at each certificate of the gateway.';

export const CREDENTIAL_ROWS: readonly Row[] = [
  {
    id: 'refused-psk',
    codes: ['AUTHENTICATION_FAILED'],
    only: by('psk'),
    adds: () => 'we proved ourselves with the shared secret',
    advice: () => [
      'The shared secret is not that of the gateway: type it in again, without spaces around it; hexadecimal begins with 0x, Base64 with 0s.',
      OUR_ID,
      'The gateway wants a certificate or a user name from us: ask your administrator.',
      GATEWAY_LOG,
    ],
  },
  {
    id: 'refused-certificate',
    codes: ['AUTHENTICATION_FAILED'],
    only: by('pubkey'),
    adds: () => 'we proved ourselves with our certificate',
    advice: () => [
      'The gateway does not trust the CA of our certificate, or misses an intermediate CA: add those to local.auth.chain.',
      'Our certificate expired or was revoked, or the clock is wrong: `culvert doctor PROFILE --online` looks at it.',
      'Our certificate does not confirm local.id: leave local.id out, or set it to a name in the certificate.',
      GATEWAY_LOG,
    ],
  },
  {
    id: 'refused-eap',
    codes: ['AUTHENTICATION_FAILED'],
    only: (known, { check }) => by('eap')(known) && check !== 'account',
    adds: () => 'the gateway proved itself before, so it is the right one',
    advice: () => [
      'The user name or the password is wrong: type them in again.',
      'The account is locked, expired, or not allowed to use the VPN: ask your administrator.',
      'The user name needs a domain, such as DOMAIN\\name or name@domain.',
    ],
  },
  {
    id: 'refused-eap-account',
    codes: ['AUTHENTICATION_FAILED'],
    checks: ['account'],
    only: by('eap'),
    advice: () => ['Ask your administrator about the account: another password does not help.'],
  },
  {
    id: 'secret-needed',
    codes: ['SECRET_NEEDED'],
    advice: () => ['Connect where you can be asked for it, or store it with the profile.'],
  },
  {
    id: 'refuse-theirs-psk',
    codes: ['PEER_AUTHENTICATION_FAILED'],
    only: ({ plan }) => plan.ike.remoteAuth.kind === 'psk',
    adds: () => 'it is we who refuse the gateway',
    advice: () => [
      'The shared secret is not that of the gateway: compare both.',
      'The gateway proves itself with a certificate: set remote.auth to "pubkey", with its CA in remote.anchors.',
      'If both are right, somebody else answers in its place: do not connect in this network.',
    ],
  },
  {
    id: 'refuse-theirs-certificate',
    codes: ['PEER_AUTHENTICATION_FAILED'],
    only: ({ plan }) => plan.ike.remoteAuth.kind !== 'psk',
    adds: () => 'it is we who refuse the gateway',
    advice: () => [
      'The gateway holds another key than its certificate says, or proves itself with a shared secret: ask whoever runs it.',
      'If it worked before, somebody else may answer in its place: do not connect in this network.',
    ],
  },
  {
    id: 'peer-identity',
    codes: ['PEER_IDENTITY_MISMATCH'],
    adds: () => 'it is we who refuse the gateway',
    advice: () => [
      'If that name is the gateway that you want, set remote.id to it.',
      'If not, gateway.hosts leads to another machine: check it.',
    ],
  },
  {
    id: 'certificate-clock',
    codes: ['PEER_CERTIFICATE'],
    checks: ['not-yet-valid'],
    advice: () => [CLOCK, RENEW],
  },
  {
    id: 'certificate-expired',
    codes: ['PEER_CERTIFICATE'],
    checks: ['expired'],
    advice: () => [RENEW, CLOCK],
  },
  {
    id: 'certificate-unknown-ca',
    codes: ['PEER_CERTIFICATE'],
    checks: ['unknown-ca'],
    advice: () => [
      'Get the CA certificate of the gateway from your administrator and add it to remote.anchors.',
      'If the gateway leaves out its intermediate CA, add that to remote.anchors, and tell whoever runs it.',
      'If it worked before, somebody else may answer in its place: do not connect in this network.',
    ],
  },
  {
    id: 'certificate-identity',
    codes: ['PEER_CERTIFICATE'],
    checks: ['identity'],
    advice: () => [
      'Set remote.id to one of the names that the certificate has, if that is your gateway.',
      'Ask whoever runs the gateway for a certificate with its name in subjectAltName.',
    ],
  },
  {
    id: 'certificate-purpose',
    codes: ['PEER_CERTIFICATE'],
    checks: ['eku', 'key-usage'],
    advice: () => [
      'Ask whoever runs the gateway for a certificate for serverAuth.',
      'Set "eku": "ignore" under remote if it cannot be had: whoever has a certificate of that CA can then pose as the gateway.',
    ],
  },
  {
    id: 'certificate-weak',
    codes: ['PEER_CERTIFICATE'],
    checks: ['weak-algorithm'],
    advice: () => [ANEW, 'Set "allowLegacy": true in the profile if it must work for a while.'],
  },
  {
    id: 'certificate-chain',
    codes: ['PEER_CERTIFICATE'],
    checks: [
      'basic-constraints',
      'path-length',
      'name-constraints',
      'policy',
      'critical-extension',
      'signature',
      'parse',
    ],
    advice: () => [ANEW, DOCTOR, 'If it worked before, somebody else may answer in its place.'],
  },
  {
    id: 'certificate-missing',
    codes: ['PEER_CERTIFICATE'],
    checks: ['no-certificate'],
    advice: () => [
      'Ask whoever runs the gateway to send its certificate always (strongSwan: send_cert = always).',
      'If the gateway proves itself with a shared secret, set remote.psk in place of remote.anchors.',
    ],
  },
  {
    id: 'certificate-revoked',
    codes: ['PEER_CERTIFICATE'],
    checks: ['revoked'],
    advice: () => ['Do not connect. Ask whoever runs the gateway for a new certificate on it.'],
  },
  {
    id: 'certificate-revocation-unknown',
    codes: ['PEER_CERTIFICATE'],
    checks: ['revocation-unknown'],
    advice: () => ['Set remote.revocation to relaxed to connect when it cannot be found out.', CLOCK],
  },
  {
    id: 'own-credentials',
    codes: ['LOCAL_CREDENTIALS'],
    advice: () => ['Run `culvert doctor PROFILE`: it looks at our certificate and key.'],
  },
  {
    id: 'ppk',
    codes: ['PPK_REQUIRED'],
    adds: ({ plan }) => (plan.ike.ppk ? 'ike.ppk.required is on' : 'no ike.ppk is set'),
    advice: () => [
      'Compare ike.ppk.id and ike.ppk.secret with those of the gateway.',
      'Set "required": false under ike.ppk to connect without it where the gateway has none.',
    ],
  },
];
