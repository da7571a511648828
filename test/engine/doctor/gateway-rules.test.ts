/** Checks of what the gateway said: each passes, and each finds what is wrong. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorCheck } from '../../../engine/api/doctor.ts';
import type { Facts } from '../../../engine/doctor/facts.ts';
import { examine } from '../../../engine/doctor/report.ts';
import type { ChildView, IkeView } from '../../../engine/ike/contract.ts';
import { parseIdentity } from '../../../engine/pki/identity.ts';
import type { ProbeResult } from '../../../engine/tunnel/probe.ts';
import { Encr, KeMethod, Prf } from '../../../engine/wire/registry.ts';
import { selector } from '../../sim/configs.ts';
import { type Issued, issue } from '../pki/fixtures.ts';
import { factsOf, line, root } from './facts.ts';

const GCM = { encr: Encr.AES_GCM_16, keyBits: 128, integ: 0 };
const gw = await issue({
  subject: 'CN=gw',
  issuer: root,
  dns: ['vpn.example.com'],
  eku: ['1.3.6.1.5.5.7.3.1'],
});

const child = {
  id: 1,
  name: 'net',
  suite: GCM,
  esn: false,
  keMethod: 0,
  additional: [],
  remote: [selector('10.0.0.0/8')],
  narrowed: false,
} as unknown as ChildView;

const view = (over: Partial<IkeView> = {}): IkeView =>
  ({
    suite: { cipher: GCM, prf: Prf.HMAC_SHA2_256, keMethod: KeMethod.CURVE25519, additional: [] },
    nat: { local: true, remote: false, forced: false },
    fragmentation: true,
    roundTrip: 12,
    children: [child],
    ...over,
  }) as IkeView;

const ENDPOINT = { address: '192.0.2.1', port: 4500 };
const good: ProbeResult = {
  endpoint: ENDPOINT,
  view: view(),
  assigned: {
    addresses: [{ address: '10.9.0.5', length: 32 }],
    dns: ['10.0.0.53'],
    subnets: [],
    domains: [],
  },
};

function facts(result: ProbeResult, ...chain: Issued[]): Partial<Facts> {
  const identity = parseIdentity('vpn.example.com');
  const certificates = chain.map((one) => one.certificate);
  const peer = { identity, certificates: chain.map((one) => one.der), method: 14 };
  return {
    gateway: { kind: 'asked', certificates, result: chain.length > 0 ? { ...result, peer } : result },
  };
}

function says(check: DoctorCheck, verdict: DoctorCheck['verdict'], text: RegExp): void {
  assert.equal(check.verdict, verdict, check.text);
  assert.match(check.text, text);
}

test('a gateway in order passes every check', () => {
  const bad = examine(factsOf(facts(good, gw))).filter(
    (c) => c.id.startsWith('gateway') && c.verdict !== 'pass',
  );
  assert.deepEqual(bad, []);
});

test('gateway-answers: not asked, silent, refusing, weak', () => {
  const notAsked = { kind: 'not-asked', why: 'The tunnel is up.', advice: ['Take it down.'] } as const;
  says(line('gateway-answers', { gateway: notAsked }), 'skipped', /The tunnel is up/);
  says(
    line('gateway-answers', facts(good)),
    'pass',
    /192\.0\.2\.1 port 4500 answered after 12 ms and chose aes128gcm16-prfsha256-x25519/,
  );
  const failure = {
    code: 'NO_ANSWER',
    phase: 'IKE_SA_INIT',
    message: 'no answer',
    authenticated: false,
    advice: ['Look.'],
  } as const;
  const silent = line('gateway-answers', facts({ endpoint: ENDPOINT, failure }));
  says(silent, 'fail', /no answer \(NO_ANSWER\)/);
  assert.deepEqual(silent.advice, ['Look.']);
  const weak = view({
    suite: { cipher: GCM, prf: Prf.HMAC_SHA1, keMethod: KeMethod.MODP_1024, additional: [] },
  });
  says(line('gateway-answers', facts({ ...good, view: weak })), 'warn', /which is weak: .*modp1024/);
});

test('gateway-nat', () => {
  says(line('gateway-nat', facts(good)), 'pass', /NAT in front of us/);
  const none = view({ nat: { local: false, remote: false, forced: false } });
  says(line('gateway-nat', facts({ ...good, view: none })), 'pass', /no NAT/);
});

test('gateway-authentication: whose failure it is comes with its advice', () => {
  says(line('gateway-authentication', facts(good)), 'pass', /closed again/);
  const failure = {
    code: 'AUTHENTICATION_FAILED',
    phase: 'IKE_AUTH',
    message: 'the gateway said no',
    authenticated: true,
  } as const;
  says(
    line('gateway-authentication', facts({ ...good, failure })),
    'fail',
    /said no \(AUTHENTICATION_FAILED\)/,
  );
  const asks = { ...failure, code: 'SECRET_NEEDED' } as const;
  says(line('gateway-authentication', facts({ ...good, failure: asks })), 'pass', /Not gone through/);
});

test('gateway-tunnel: narrowed selectors', () => {
  says(
    line('gateway-tunnel', facts(good)),
    'pass',
    /ESP with aes128gcm16 to 10\.0\.0\.0\/8; addresses 10\.9\.0\.5\/32; DNS/,
  );
  const less = view({ children: [{ ...child, narrowed: true }] });
  says(line('gateway-tunnel', facts({ ...good, view: less })), 'warn', /gave less/);
});

test('the certificates of the gateway, one by one', async () => {
  const check = (id: string, ...chain: Issued[]) => line(id, facts(good, ...chain));
  const stranger = await issue({ subject: 'CN=Stranger', ca: true });
  says(check('gateway-chain', gw), 'pass', /"CN=gw", issued by ".*Root"/);
  says(check('gateway-chain', await issue({ subject: 'CN=gw', issuer: stranger })), 'fail', /No trusted CA/);
  says(check('gateway-identity', gw), 'pass', /confirms/);
  says(
    check('gateway-identity', await issue({ subject: 'CN=gw', issuer: root, dns: ['x.example'] })),
    'fail',
    /x\.example/,
  );
  says(check('gateway-dates', gw), 'pass', /2027/);
  const old = await issue({ subject: 'CN=gw', issuer: root, to: '2026-02-01T00:00:00Z' });
  says(check('gateway-dates', old), 'fail', /expired on 2026-02-01/);
  says(check('gateway-purpose', gw), 'pass', /serverAuth/);
  const user = await issue({ subject: 'CN=gw', issuer: root, eku: ['1.3.6.1.5.5.7.3.2'] });
  says(check('gateway-purpose', user), 'fail', /is for clientAuth/);
  says(check('gateway-signature', gw), 'pass', /ECDSA P-256/);
  says(
    check('gateway-signature', await issue({ subject: 'CN=gw', issuer: root, kind: 'rsa1024' })),
    'fail',
    /RSA 1024/,
  );
});
