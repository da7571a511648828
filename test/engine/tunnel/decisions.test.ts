/** The pure decisions of a tunnel: endpoints, waits, MTU, host state, texts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instant, Millis, Spi32 } from '../../../engine/base/brand.ts';
import type { Failure, FailureCode } from '../../../engine/base/failure.ts';
import { formatPrefix, parseIp, parsePrefix, prefixRange } from '../../../engine/base/ip.ts';
import { cipherSizes } from '../../../engine/crypto/suites.ts';
import type { ChildView } from '../../../engine/ike/contract.ts';
import { backoff } from '../../../engine/tunnel/backoff.ts';
import { candidates, interleave, turn } from '../../../engine/tunnel/candidates.ts';
import { type HostWish, hostState } from '../../../engine/tunnel/host-state.ts';
import { innerMtu } from '../../../engine/tunnel/inner-mtu.ts';
import { worthTrying } from '../../../engine/tunnel/judgement.ts';
import type { DpdAction } from '../../../engine/tunnel/plan.ts';
import { whatNext } from '../../../engine/tunnel/retry.ts';
import { selectorText } from '../../../engine/tunnel/selector-text.ts';
import { espSuite, ikeSuite } from '../../../engine/tunnel/suite-text.ts';
import { Encr, Integ, KeMethod, Prf } from '../../../engine/wire/registry.ts';

const selector = (text: string) => {
  const prefix = parsePrefix(text);
  assert.ok(prefix);
  return { protocol: 0, startPort: 0, endPort: 65535, ...prefixRange(prefix) };
};

test('families take turns, IPv6 first, and nothing is tried twice', () => {
  assert.deepEqual(interleave(['2001:db8::1', '2001:db8::2', '192.0.2.1', '2001:db8::1']), [
    '2001:db8::1',
    '192.0.2.1',
    '2001:db8::2',
  ]);
  assert.deepEqual(interleave(['192.0.2.1', '2001:db8::1', '192.0.2.2']), [
    '2001:db8::1',
    '192.0.2.1',
    '192.0.2.2',
  ]);
  assert.deepEqual(interleave([]), []);
});

test('the default port falls back to 500, a chosen one does not', () => {
  assert.deepEqual(
    candidates([['192.0.2.1']], 4500).map((e) => e.port),
    [4500, 500],
  );
  assert.deepEqual(candidates([['192.0.2.1']], 14500), [{ address: '192.0.2.1', port: 14500 }]);
});

test('all addresses of a gateway come before those of the next', () => {
  assert.deepEqual(
    candidates(
      [
        ['192.0.2.1', '192.0.2.2'],
        ['2001:db8::9', '192.0.2.1'],
      ],
      14500,
    ).map((e) => e.address),
    ['192.0.2.1', '192.0.2.2', '2001:db8::9'],
  );
});

test('turns: each endpoint gets time for two sends at least, and the attempt ends with its patience', () => {
  const of = (patience: number, endpoints: number): number => turn(patience as Millis, endpoints);
  assert.deepEqual([of(60_000, 2), of(60_000, 12), of(60_000, 100)], [8000, 5000, 2500]);
  assert.equal(of(1000, 4), 500);
});

test('what follows a failure: keyingtries before the first connection, dpd.action later', () => {
  const failure = (code: FailureCode, phase: Failure['phase'] = 'IKE_SA_INIT'): Failure => ({
    code,
    phase,
    authenticated: false,
    message: '',
  });
  const gone = failure('NO_ANSWER');
  const next = (keyingtries: number, failures: number, ended: Failure | undefined = gone): string =>
    whatNext({ dpdAction: 'restart', keyingtries }, { failure: ended, everUp: false, failures });
  assert.deepEqual([next(1, 0), next(3, 1), next(3, 2), next(0, 500)], ['end', 'wait', 'end', 'wait']);
  for (const final of [
    failure('AUTHENTICATION_FAILED', 'IKE_AUTH'),
    failure('PEER_CERTIFICATE', 'IKE_AUTH'),
    failure('SECRET_NEEDED', 'IKE_AUTH'),
    failure('CANCELLED', 'local'),
  ])
    assert.equal(next(0, 0, final), 'end', final.code);
  assert.equal(next(0, 0, failure('AUTHENTICATION_FAILED')), 'wait', 'anybody may have sent it');
  const later = (dpdAction: DpdAction): string =>
    whatNext({ dpdAction, keyingtries: 1 }, { failure: gone, everUp: true, failures: 9 });
  assert.deepEqual(
    [later('none'), later('clear'), later('hold'), later('restart')],
    ['end', 'end', 'hold', 'wait'],
  );
});

test('an endpoint that refuses before it knows us leaves the turn to other addresses, not to its other port', () => {
  const [here, port, there] = [
    { address: '192.0.2.1', port: 4500 },
    { address: '192.0.2.1', port: 500 },
    { address: '192.0.2.2', port: 4500 },
  ] as const;
  const after = (code: FailureCode, phase: Failure['phase'], authenticated = false) =>
    worthTrying({ remote: here, rest: [there, port] }, { code, phase, authenticated, message: '' });
  assert.deepEqual(after('NO_ANSWER', 'IKE_SA_INIT'), [there, port]);
  assert.deepEqual(after('NO_PROPOSAL_CHOSEN', 'IKE_SA_INIT'), [there]);
  assert.deepEqual(after('INTERNAL_ADDRESS_FAILURE', 'IKE_AUTH', true), [there]);
  assert.deepEqual(after('AUTHENTICATION_FAILED', 'IKE_AUTH', true), []);
  assert.deepEqual(after('NO_ANSWER', 'local'), []);
});

test('waits double up to a minute, and jitter takes at most half', () => {
  const none = (n: number): Uint8Array => new Uint8Array(n);
  const all = (n: number): Uint8Array => new Uint8Array(n).fill(255);
  assert.deepEqual(
    [1, 2, 3, 7, 50].map((n) => backoff(n, none)),
    [500, 1000, 2000, 30_000, 30_000],
  );
  assert.equal(backoff(1, all), 1000);
});

test('the inner MTU leaves room for every octet of the outer datagram', () => {
  for (const [suite, outer, remote] of [
    [{ encr: Encr.AES_GCM_16, keyBits: 256, integ: 0 }, 1500, '192.0.2.1'],
    [{ encr: Encr.AES_CBC, keyBits: 256, integ: Integ.HMAC_SHA2_512_256 }, 1500, '2001:db8::1'],
    [{ encr: Encr.CHACHA20_POLY1305, keyBits: 256, integ: 0 }, 1400, '192.0.2.1'],
  ] as const) {
    const sizes = cipherSizes(suite);
    assert.ok(sizes);
    const block = Math.max(4, sizes.blockLength);
    const outerLength = (inner: number): number =>
      (remote.includes(':') ? 40 : 20) +
      8 +
      8 +
      sizes.ivLength +
      Math.ceil((inner + 2) / block) * block +
      sizes.icvLength;
    const mtu = innerMtu(outer, remote, sizes);
    assert.ok(outerLength(mtu) <= outer, `${outerLength(mtu)} octets`);
    assert.ok(outerLength(mtu + 1) > outer, 'one octet more would not fit');
  }
});

const child = (local: string, remote: readonly string[]): ChildView => ({
  id: 1,
  name: 'net',
  state: 'INSTALLED',
  spiIn: 1 as Spi32,
  spiOut: 2 as Spi32,
  suite: { encr: Encr.AES_GCM_16, keyBits: 128, integ: 0 },
  esn: false,
  keMethod: 0,
  additional: [],
  local: [selector(local)],
  remote: remote.map(selector),
  narrowed: false,
  installedAt: 0 as Instant,
  rekeyAt: 0 as Instant,
  expiresAt: 0 as Instant,
  generation: 0,
});

const wish: HostWish = {
  interface: 'culvert0',
  mtu: 1400,
  bypass: ['192.0.2.1'],
  routes: 'selectors',
  extraRoutes: [],
  dns: 'use',
  extraDns: [],
  domains: [],
  allNames: false,
  local: [],
};

test('routes are exactly the narrowed selectors, of families in which we have an address', () => {
  const assigned = {
    addresses: [{ address: '10.9.0.2', length: 32 }],
    dns: ['10.9.0.53'],
    subnets: [],
    domains: ['corp.example'],
  };
  const state = hostState(wish, assigned, [
    child('10.9.0.2/32', ['10.0.0.0/8', '2001:db8::/32']),
    child('10.9.0.2/32', ['10.0.0.0/8', '172.16.0.0/12']),
  ]);
  assert.deepEqual(state.routes.map(formatPrefix), ['10.0.0.0/8', '172.16.0.0/12']);
  assert.deepEqual(state.dns, { servers: ['10.9.0.53'], domains: ['corp.example'] });
  assert.deepEqual(state.bypass, ['192.0.2.1']);
});

test('a profile that ignores pushed DNS keeps its own servers', () => {
  const assigned = { addresses: [], dns: ['10.9.0.53'], subnets: [], domains: ['corp.example'] };
  const state = hostState({ ...wish, dns: 'ignore', extraDns: ['9.9.9.9'], routes: 'none' }, assigned, [
    child('10.9.0.2/32', ['0.0.0.0/0']),
  ]);
  assert.deepEqual(state.dns, { servers: ['9.9.9.9'], domains: [] });
  const all = hostState({ ...wish, domains: ['own.example'], allNames: true }, assigned, []);
  assert.deepEqual(all.dns, { servers: ['10.9.0.53'], domains: [] }, 'no other server can be reached');
  assert.deepEqual(state.routes, []);
});

test('selectors and suites read as strongSwan writes them', () => {
  assert.equal(selectorText(selector('10.0.0.0/8')), '10.0.0.0/8');
  assert.equal(
    selectorText({ ...selector('10.0.0.1/32'), protocol: 6, startPort: 443, endPort: 443 }),
    '10.0.0.1/32[tcp/443]',
  );
  const [start, end] = [parseIp('10.0.0.1'), parseIp('10.0.0.9')];
  assert.ok(start && end);
  assert.equal(
    selectorText({ protocol: 17, startPort: 0, endPort: 65535, start, end }),
    '10.0.0.1..10.0.0.9[udp]',
  );
  assert.equal(
    ikeSuite({
      cipher: { encr: Encr.AES_GCM_16, keyBits: 256, integ: 0 },
      prf: Prf.HMAC_SHA2_384,
      keMethod: KeMethod.ECP_384,
      additional: [KeMethod.ML_KEM_768, KeMethod.CURVE25519],
    }).text,
    'aes256gcm16-prfsha384-ecp384-ke1_mlkem768-ke2_x25519',
  );
  assert.equal(
    espSuite({ encr: Encr.CHACHA20_POLY1305, keyBits: 256, integ: 0 }, true, KeMethod.CURVE25519, []).text,
    'chacha20poly1305-x25519-esn',
  );
  assert.equal(
    espSuite({ encr: Encr.AES_CBC, keyBits: 128, integ: Integ.HMAC_SHA2_256_128 }, false, 0, []).text,
    'aes128-sha256',
  );
});
