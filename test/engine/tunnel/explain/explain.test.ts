/** The table that explains failures: a case for each row, and a row for each failure that a tunnel can have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAILURES, type Failure, type FailureCode } from '../../../../engine/base/failure.ts';
import { minutes } from '../../../../engine/base/instant.ts';
import { Secret } from '../../../../engine/base/secret.ts';
import type { LocalAuth } from '../../../../engine/ike/contract.ts';
import { explain, ROWS, rowsFor } from '../../../../engine/tunnel/explain/explain.ts';
import type { Known } from '../../../../engine/tunnel/explain/row.ts';
import { childConfig, initiatorConfig, proposals, selector } from '../../../sim/configs.ts';

const SECRET = new Secret(Uint8Array.of(1));
const EAP: LocalAuth = {
  kind: 'eap',
  username: 'alice',
  identity: 'alice',
  methods: ['mschapv2'],
  password: SECRET,
};
const pubkey = (octets: number): LocalAuth => ({ kind: 'pubkey', chain: [new Uint8Array(octets)] });
const BY_CERTIFICATE = { kind: 'pubkey', authorities: new Uint8Array(20) } as const;

interface Wishes {
  readonly ike?: Partial<Known['plan']['ike']>;
  readonly esp?: string;
  readonly children?: Known['plan']['children'];
  readonly more?: Partial<Known>;
  readonly dpdAction?: Known['plan']['dpdAction'];
}

function known({ ike, esp = 'aes128gcm16', children, more, dpdAction = 'restart' }: Wishes = {}): Known {
  return {
    plan: {
      hosts: ['vpn.example.com'],
      port: 4500,
      ike: initiatorConfig(ike),
      children: children ?? [
        childConfig({ proposals: proposals('esp', esp), remote: [selector('10.1.0.0/16')] }),
      ],
      interface: 'culvert%d',
      patience: minutes(1),
      dpdAction,
    },
    tried: [
      { address: '192.0.2.1', port: 4500 },
      { address: '192.0.2.1', port: 500 },
    ],
    ...more,
  };
}

interface Case {
  readonly row: string;
  readonly failure: Pick<Failure, 'code' | 'phase'> & Partial<Failure>;
  readonly wishes?: Wishes;
  /** In the message. */
  readonly says?: RegExp;
  /** In the first advice of the row. */
  readonly first: RegExp;
}

const refused = { code: 'AUTHENTICATION_FAILED', phase: 'IKE_AUTH' } as const;
const certificate = (check: string) => ({ code: 'PEER_CERTIFICATE', phase: 'IKE_AUTH', check }) as const;
const view = (fragmentation: boolean): Known['view'] => ({
  fragmentation,
  nat: { local: true, remote: false, forced: false },
  suite: undefined,
});

const CASES: readonly Case[] = [
  { row: 'redirected', failure: { code: 'REDIRECTED', phase: 'IKE_AUTH' }, first: /Connect again/ },
  {
    row: 'redirect-loop',
    failure: { code: 'REDIRECT_REFUSED', phase: 'IKE_AUTH', check: 'loop' },
    first: /to and fro/,
  },
  {
    row: 'redirect-refused',
    failure: { code: 'REDIRECT_REFUSED', phase: 'IKE_SA_INIT', check: 'untrusted' },
    first: /gateway\.redirectTo/,
  },
  {
    row: 'name-not-found',
    failure: { code: 'NAME_NOT_FOUND', phase: 'resolve' },
    first: /spelling of vpn\.example\.com/,
  },
  {
    row: 'network-unreachable',
    failure: { code: 'NETWORK_UNREACHABLE', phase: 'local' },
    first: /on the Internet/,
  },
  {
    row: 'init-no-answer',
    failure: { code: 'NO_ANSWER', phase: 'IKE_SA_INIT' },
    says: /tried 192\.0\.2\.1 at UDP port 4500 and UDP port 500/,
    first: /blocks UDP port 4500 and UDP port 500/,
  },
  {
    row: 'auth-no-answer-large',
    failure: { code: 'NO_ANSWER', phase: 'IKE_AUTH' },
    wishes: { ike: { localAuth: pubkey(3000) }, more: { view: view(false) } },
    says: /3005 octets of certificates, and IKE fragmentation is not supported by the gateway/,
    first: /IP fragments are dropped/,
  },
  {
    row: 'auth-no-answer',
    failure: { code: 'NO_ANSWER', phase: 'IKE_AUTH' },
    wishes: { more: { view: view(true) } },
    says: /answered IKE_SA_INIT before/,
    first: /blocks UDP port 4500/,
  },
  { row: 'too-late', failure: { code: 'NO_ANSWER', phase: 'local' }, first: /Try again/ },
  {
    row: 'peer-gone',
    failure: { code: 'PEER_GONE', phase: 'established' },
    first: /connects again by itself/,
  },
  {
    row: 'peer-deleted-during-auth',
    failure: { code: 'PEER_DELETED', phase: 'IKE_AUTH' },
    first: /log says/,
  },
  { row: 'peer-deleted', failure: { code: 'PEER_DELETED', phase: 'established' }, first: /restarted/ },
  { row: 'lifetime-expired', failure: { code: 'LIFETIME_EXPIRED', phase: 'established' }, first: /Rekeying/ },
  {
    row: 'ike-proposal-none-works-here',
    failure: { code: 'NO_PROPOSAL_CHOSEN', phase: 'local' },
    first: /defaults/,
  },
  {
    row: 'ike-proposal',
    failure: { code: 'NO_PROPOSAL_CHOSEN', phase: 'IKE_SA_INIT' },
    says: /offered were aes128gcm16-prfsha256-x25519/,
    first: /which algorithms the gateway takes for IKE/,
  },
  {
    row: 'esp-proposal',
    failure: { code: 'NO_PROPOSAL_CHOSEN', phase: 'IKE_AUTH' },
    says: /offered for ESP were aes128gcm16/,
    first: /takes for ESP/,
  },
  {
    row: 'pfs-mismatch',
    failure: { code: 'NO_PROPOSAL_CHOSEN', phase: 'CREATE_CHILD_SA' },
    wishes: { esp: 'aes128gcm16-ecp384' },
    says: /perfect forward secrecy with ECP_384/,
    first: /at rekeying, although the first keys worked/,
  },
  {
    row: 'pfs-demanded',
    failure: { code: 'NO_PROPOSAL_CHOSEN', phase: 'CREATE_CHILD_SA' },
    says: /offered for ESP were aes128gcm16/,
    first: /may demand perfect forward secrecy/,
  },
  {
    row: 'rehearsal',
    failure: { code: 'NO_PROPOSAL_CHOSEN', phase: 'CREATE_CHILD_SA', check: 'rehearsal' },
    says: /this was a rehearsal/,
    first: /can be left out with esp\.rehearsal/,
  },
  {
    row: 'key-exchange',
    failure: { code: 'INVALID_KE_PAYLOAD', phase: 'IKE_SA_INIT' },
    says: /offered were/,
    first: /Add the key exchange/,
  },
  {
    row: 'selectors',
    failure: { code: 'TS_UNACCEPTABLE', phase: 'IKE_AUTH' },
    says: /net: our address to 10\.1\.0\.0\/16/,
    first: /which networks the gateway gives you/,
  },
  {
    row: 'no-address',
    failure: { code: 'INTERNAL_ADDRESS_FAILURE', phase: 'IKE_AUTH' },
    says: /an address of IPv4$/,
    first: /may be in use/,
  },
  { row: 'address-demanded', failure: { code: 'FAILED_CP_REQUIRED', phase: 'IKE_AUTH' }, first: /virtualIp/ },
  {
    row: 'no-additional-sas',
    failure: { code: 'NO_ADDITIONAL_SAS', phase: 'CREATE_CHILD_SA' },
    wishes: { children: [childConfig(), childConfig({ name: 'b' })] },
    first: /one entry of children/,
  },
  {
    row: 'single-pair',
    failure: { code: 'SINGLE_PAIR_REQUIRED', phase: 'IKE_AUTH' },
    first: /single address/,
  },
  { row: 'temporary', failure: { code: 'TEMPORARY_FAILURE', phase: 'CREATE_CHILD_SA' }, first: /Wait/ },
  {
    row: 'not-ikev2',
    failure: { code: 'INVALID_MAJOR_VERSION', phase: 'IKE_SA_INIT' },
    first: /IKEv1 alone/,
  },
  {
    row: 'not-understood',
    failure: { code: 'INVALID_SYNTAX', phase: 'IKE_AUTH' },
    first: /wrong shared secret/,
  },
  {
    row: 'not-understood-with-ppk',
    failure: { code: 'INVALID_SYNTAX', phase: 'IKE_AUTH' },
    wishes: { ike: { ppk: { id: Uint8Array.of(1), secret: () => SECRET, required: true } } },
    first: /post-quantum/,
  },
  { row: 'refused-psk', failure: refused, says: /with the shared secret/, first: /type it in again/ },
  {
    row: 'refused-certificate',
    failure: refused,
    wishes: { ike: { localAuth: pubkey(500) } },
    says: /with our certificate/,
    first: /does not trust the CA/,
  },
  {
    row: 'refused-eap',
    failure: refused,
    wishes: { ike: { localAuth: EAP } },
    first: /user name or the password/,
  },
  {
    row: 'refused-eap-account',
    failure: { ...refused, check: 'account' },
    wishes: { ike: { localAuth: EAP } },
    first: /another password does not help/,
  },
  { row: 'secret-needed', failure: { code: 'SECRET_NEEDED', phase: 'IKE_AUTH' }, first: /store it/ },
  {
    row: 'refuse-theirs-psk',
    failure: { code: 'PEER_AUTHENTICATION_FAILED', phase: 'IKE_AUTH' },
    says: /it is we who refuse/,
    first: /compare both/,
  },
  {
    row: 'refuse-theirs-certificate',
    failure: { code: 'PEER_AUTHENTICATION_FAILED', phase: 'IKE_AUTH' },
    wishes: { ike: { remoteAuth: BY_CERTIFICATE } },
    says: /it is we who refuse/,
    first: /another key/,
  },
  {
    row: 'peer-identity',
    failure: { code: 'PEER_IDENTITY_MISMATCH', phase: 'IKE_AUTH' },
    first: /set remote\.id/,
  },
  { row: 'certificate-clock', failure: certificate('not-yet-valid'), first: /clock/ },
  { row: 'certificate-expired', failure: certificate('expired'), first: /renewed/ },
  { row: 'certificate-unknown-ca', failure: certificate('unknown-ca'), first: /remote\.anchors/ },
  { row: 'certificate-identity', failure: certificate('identity'), first: /remote\.id/ },
  { row: 'certificate-purpose', failure: certificate('eku'), first: /serverAuth/ },
  { row: 'certificate-weak', failure: certificate('weak-algorithm'), first: /issued for it properly/ },
  { row: 'certificate-chain', failure: certificate('name-constraints'), first: /issued for it properly/ },
  { row: 'certificate-missing', failure: certificate('no-certificate'), first: /send its certificate/ },
  { row: 'certificate-revoked', failure: certificate('revoked'), first: /Do not connect/ },
  { row: 'certificate-revocation-unknown', failure: certificate('revocation-unknown'), first: /relaxed/ },
  { row: 'own-credentials', failure: { code: 'LOCAL_CREDENTIALS', phase: 'IKE_AUTH' }, first: /doctor/ },
  { row: 'ppk', failure: { code: 'PPK_REQUIRED', phase: 'IKE_AUTH' }, says: /no ike\.ppk/, first: /Compare/ },
  { row: 'tun', failure: { code: 'TUN_UNAVAILABLE', phase: 'local' }, first: /system service/ },
  { row: 'udp', failure: { code: 'UDP_UNAVAILABLE', phase: 'local' }, first: /Another VPN/ },
  { row: 'host', failure: { code: 'HOST_CONFIGURATION', phase: 'host' }, first: /in the way/ },
  { row: 'data-path', failure: { code: 'DATA_PATH_FAILED', phase: 'established' }, first: /Connect again/ },
  { row: 'secrets', failure: { code: 'SECRETS_UNAVAILABLE', phase: 'local' }, first: /in again/ },
  { row: 'not-supported', failure: { code: 'NOT_SUPPORTED', phase: 'local' }, first: /Change the profile/ },
  { row: 'profile', failure: { code: 'PROFILE_INVALID', phase: 'local' }, first: /Correct the field/ },
  { row: 'internal', failure: { code: 'INTERNAL_ERROR', phase: 'local' }, first: /report it/ },
];

for (const { row, failure: given, wishes, says, first } of CASES)
  test(row, () => {
    const failure: Failure = { message: 'what happened', authenticated: false, ...given };
    const knowledge = known(wishes);
    const found = rowsFor(failure, knowledge).find((one) => one.id === row);
    assert.ok(found, `it is not among ${rowsFor(failure, knowledge).map(({ id }) => id)}`);
    assert.match(found.advice(knowledge, failure)[0] ?? '', first);
    const explained = explain(failure, knowledge);
    assert.ok(explained.message.startsWith('what happened'));
    if (says) assert.match(explained.message, says);
    const told = found.advice(knowledge, failure)[0] ?? '';
    assert.ok(explained.advice?.includes(told), explained.advice?.join('\n'));
  });

test('each row has a case, and no two have one id', () => {
  const ids = ROWS.map(({ id }) => id);
  assert.deepEqual([...new Set(ids)], ids);
  assert.deepEqual(
    ids.filter((id) => !CASES.some(({ row }) => row === id)),
    [],
  );
});

/** Of the command line and of calls on the API, which say themselves what to do. */
const OTHERS: readonly FailureCode[] = [
  'USAGE',
  'ENGINE_NOT_RUNNING',
  'NOT_PERMITTED',
  'NOT_FOUND',
  'SELECTORS_OVERLAP',
  'CANCELLED',
  'CHECKS_FAILED',
];

test('every failure of a tunnel has a row', () => {
  const covered = new Set(ROWS.flatMap(({ codes }) => codes));
  const missing = (Object.keys(FAILURES) as FailureCode[]).filter((code) => !covered.has(code));
  assert.deepEqual(missing.sort(), [...OTHERS].sort());
});

test('one cause is told apart from another by what is known', () => {
  const ids = (failure: Pick<Failure, 'code' | 'phase'>, wishes: Wishes) =>
    rowsFor({ message: '', authenticated: true, ...failure }, known(wishes)).map(({ id }) => id);
  assert.deepEqual(ids(refused, {}), ['refused-psk']);
  assert.deepEqual(ids(refused, { ike: { localAuth: EAP } }), ['refused-eap']);
  const silent = { code: 'NO_ANSWER', phase: 'IKE_AUTH' } as const;
  assert.deepEqual(ids(silent, { ike: { localAuth: pubkey(3000) } }), [
    'auth-no-answer-large',
    'auth-no-answer',
  ]);
  assert.deepEqual(ids(silent, { ike: { localAuth: pubkey(3000) }, more: { view: view(true) } }), [
    'auth-no-answer',
  ]);
});

test("a failure's own advice comes first, nothing is said twice, and not too much", () => {
  const own = 'Log in first.';
  const failure: Failure = {
    ...certificate('revoked'),
    message: 'revoked',
    authenticated: false,
    advice: [own, 'Do not connect. Ask whoever runs the gateway for a new certificate on it.'],
  };
  assert.deepEqual(explain(failure, known()).advice, failure.advice);
  const many: Failure = { ...failure, advice: ['1', '2', '3', '4', '5', '6'] };
  assert.equal(explain(many, known()).advice?.length, 6);
  const cancelled: Failure = {
    code: 'CANCELLED',
    phase: 'local',
    message: 'called off',
    authenticated: true,
  };
  assert.deepEqual(explain(cancelled, known()), cancelled);
});

test('without restart the user is told to connect again', () => {
  const gone: Failure = { code: 'PEER_GONE', phase: 'established', message: 'gone', authenticated: false };
  assert.match(explain(gone, known({ dpdAction: 'clear' })).advice?.[0] ?? '', /Connect again/);
});
