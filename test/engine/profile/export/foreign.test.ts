/** Exports in foreign formats, read back by the importers of the same formats. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultProposals } from '../../../../engine/crypto/proposals.ts';
import { exportMobileconfig } from '../../../../engine/profile/export/mobileconfig.ts';
import { exportSswan } from '../../../../engine/profile/export/sswan.ts';
import { exportGateway } from '../../../../engine/profile/export/swanctl-gateway.ts';
import { readConf } from '../../../../engine/profile/import/strongswan-conf.ts';
import { printBase64 } from '../../../../engine/profile/psk.ts';
import type { ProfileDocument } from '../../../../engine/profile/schema.ts';
import { only } from '../import/support.ts';

const PEM = (octets: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${printBase64(octets)}\n-----END CERTIFICATE-----\n`;
const CA = Uint8Array.of(0x30, 1, 7);
const P12 = Uint8Array.of(0x30, 1, 9);

const CERTIFICATE: ProfileDocument = {
  name: 'office',
  gateway: { hosts: ['gw.example.org', '192.0.2.1'], port: 4501 },
  local: { id: 'me@example.org', auth: { certificate: 'PEM', key: 'SECRET KEY TEXT' } },
  remote: { id: 'gw.example.org', auth: 'pubkey', anchors: [PEM(CA)] },
  ike: { proposals: ['aes256gcm16-prfsha384-ecp384', 'aes256-sha256-modp2048'], lifetime: '4h' },
  esp: { proposals: 'aes128-sha256-modp2048' },
  children: { net: { remote: ['10.0.0.0/8', '192.168.1.0/24[tcp/443]'] } },
  dpd: { delay: '60s' },
  mtu: 1380,
  keepalive: 25,
  dns: { servers: ['10.0.0.53'], domains: ['corp.example'] },
  patience: '30s',
};
const SHARED: ProfileDocument = {
  name: 'shared',
  gateway: { hosts: 'gw.example.org' },
  local: { id: 'me@example.org', auth: { psk: 'quoted "and" & <odd> \\ key' } },
  remote: { id: 'gw.example.org' },
};

let count = 0;
const uuid = (): string => `uuid-${++count}`;

test('.sswan comes back as it went', () => {
  const made = exportSswan(CERTIFICATE, { uuid: uuid(), pkcs12: P12 });
  assert.ok(made.ok);
  assert.ok(!made.value.text.includes('SECRET KEY TEXT'));
  const again = only(made.value.text);
  assert.deepEqual(again.document, {
    name: 'office',
    gateway: { hosts: ['gw.example.org'], port: 4501 },
    local: { id: 'me@example.org', auth: {} },
    remote: { id: 'gw.example.org', auth: 'pubkey' },
    ike: { proposals: CERTIFICATE.ike?.proposals },
    esp: { proposals: ['aes128-sha256-modp2048'] },
    children: { office: { remote: ['10.0.0.0/8', '192.168.1.0/24'] } },
    mtu: 1380,
    keepalive: 25,
    dns: { servers: ['10.0.0.53'] },
  });
  assert.deepEqual(
    again.bundles.map(({ octets }) => octets),
    [CA, P12],
  );
  const lost = made.value.report.filter(({ kind }) => kind === 'unmapped').map(({ ours }) => ours);
  assert.deepEqual(lost, ['ike.lifetime', 'dpd.delay', 'dns.domains', 'patience']);
  assert.equal(exportSswan(SHARED, { uuid: uuid() }).ok, false);
});

test('.mobileconfig comes back as it went', () => {
  const made = exportMobileconfig(CERTIFICATE, { uuid, pkcs12: P12, withSecrets: false });
  assert.ok(made.ok);
  assert.ok(!made.value.text.includes('SECRET KEY TEXT'));
  const again = only(made.value.text);
  assert.deepEqual(again.document, {
    name: 'office',
    gateway: { hosts: ['gw.example.org'] },
    local: { id: 'me@example.org', auth: {} },
    remote: { id: 'gw.example.org', auth: 'pubkey' },
    dpd: { delay: 60 },
    ike: { proposals: ['aes256gcm16-prfsha384-ecp384'], lifetime: '240m' },
    esp: { proposals: ['aes128-sha256-modp2048'] },
    mtu: 1380,
    dns: { servers: ['10.0.0.53'], domains: ['corp.example'] },
  });
  assert.deepEqual(
    again.bundles.map(({ octets, ours }) => [ours, octets]),
    [
      ['local.auth', P12],
      ['remote.anchors', CA],
    ],
  );
  const lost = made.value.report.filter(({ kind }) => kind === 'unmapped').map(({ ours }) => ours);
  assert.deepEqual(lost, ['gateway.port', 'children.net.remote', 'keepalive', 'patience']);
});

test('a shared secret is written only when asked for', () => {
  const key = String(SHARED.local.auth.psk);
  const without = exportMobileconfig(SHARED, { uuid, withSecrets: false });
  assert.ok(without.ok && !without.value.text.includes('quoted'));
  const made = exportMobileconfig(SHARED, { uuid, withSecrets: true });
  assert.ok(made.ok);
  assert.equal(only(made.value.text).document.local.auth.psk, key);
  assert.ok(!exportGateway(SHARED, { withSecrets: false }).text.includes('odd'));
});

test("the gateway's side of a profile with a shared secret", () => {
  const { text } = exportGateway(SHARED, { withSecrets: true });
  const conf = readConf(text);
  assert.ok(conf.ok);
  const connection = conf.value.root.sections.get('connections')?.sections.get('shared');
  assert.equal(connection?.sections.get('local')?.values.get('id'), 'gw.example.org');
  assert.equal(connection?.sections.get('local')?.values.get('auth'), 'psk');
  assert.equal(connection?.sections.get('remote')?.values.get('id'), 'me@example.org');
  assert.equal(
    conf.value.root.sections.get('secrets')?.sections.get('ike-shared')?.values.get('secret'),
    SHARED.local.auth.psk,
  );
  assert.equal(connection?.values.get('pools'), 'shared-4, shared-6');
});

test("the gateway's side of a profile with certificates", () => {
  const { text, report } = exportGateway(CERTIFICATE, { withSecrets: true });
  assert.ok(!text.includes('SECRET KEY TEXT'));
  const conf = readConf(text);
  assert.ok(conf.ok);
  const connection = conf.value.root.sections.get('connections')?.sections.get('office');
  assert.equal(connection?.values.get('proposals'), 'aes256gcm16-prfsha384-ecp384, aes256-sha256-modp2048');
  const net = connection?.sections.get('children')?.sections.get('net');
  assert.equal(net?.values.get('local_ts'), '10.0.0.0/8, 192.168.1.0/24[tcp/443]');
  assert.equal(net?.values.get('esp_proposals'), 'aes128-sha256-modp2048');
  assert.equal(
    conf.value.root.sections.get('pools')?.sections.get('office-4')?.values.get('dns'),
    '10.0.0.53',
  );
  assert.ok(report.some(({ ours, kind }) => ours === 'patience' && kind === 'unmapped'));
});

const EAP: ProfileDocument = {
  name: 'eap',
  gateway: { hosts: 'gw.example.org' },
  local: { id: 'me@example.org', auth: { eap: ['mschapv2'], username: 'alice', password: 'eapsecret' } },
  remote: { anchors: [PEM(CA)], revocation: { crl: 'off', ocsp: 'strict' } },
  ike: { proposals: 'recommended' },
  esp: { proposals: ['recommended'] },
};

test('EAP goes along without its password, revocation and presets in the words of the format', () => {
  const sswan = exportSswan(EAP, { uuid: uuid() });
  const apple = exportMobileconfig(EAP, { uuid, withSecrets: false });
  const gateway = exportGateway(EAP, { withSecrets: false });
  assert.ok(sswan.ok && apple.ok);
  for (const { text } of [sswan.value, apple.value, gateway]) {
    assert.ok(!text.includes('eapsecret'));
    assert.ok(!text.includes('recommended'));
  }
  const android = only(sswan.value.text).document;
  assert.deepEqual(android.local.auth, { eap: ['mschapv2', 'gtc', 'md5'], username: 'alice' });
  assert.deepEqual(android.remote?.revocation, { crl: 'off', ocsp: 'strict' });
  assert.equal(android.ike?.proposals?.length, defaultProposals('ike').length);
  const ios = only(apple.value.text).document;
  assert.deepEqual(ios.local.auth, { eap: ['mschapv2'], username: 'alice' });
  assert.deepEqual(ios.remote?.revocation, { crl: 'relaxed', ocsp: 'relaxed' });
  const conf = readConf(gateway.text);
  assert.ok(conf.ok);
  assert.equal(conf.value.root.sections.get('secrets')?.sections.get('eap-eap')?.values.get('id'), 'alice');
  const { text } = exportGateway(EAP, { withSecrets: true });
  assert.match(text, /secret = "eapsecret"/);
});

const BOTH: ProfileDocument = {
  ...CERTIFICATE,
  local: {
    ...CERTIFICATE.local,
    auth2: { eap: ['mschapv2', 'otp', 'gtc'], username: 'alice', password: 'eapsecret' },
    id2: 'me@example.org',
  },
  ike: { mobike: false, childless: 'prefer' },
  killSwitch: { mode: 'always', allowLocal: true },
};
const lostOf = (report: readonly { readonly kind: string; readonly ours?: string }[]) =>
  report.filter(({ kind }) => kind === 'unmapped').map(({ ours }) => ours);

test('a second round, as far as each format has one', () => {
  const android = exportSswan(BOTH, { uuid: uuid(), pkcs12: P12 });
  assert.ok(android.ok);
  const again = only(android.value.text).document;
  assert.equal(again.local.auth2?.username, 'alice');
  assert.equal(again.local.id2, 'me@example.org');
  for (const field of ['local.auth2.eap', 'ike.mobike', 'ike.childless', 'killSwitch'])
    assert.ok(lostOf(android.value.report).includes(field), field);
  const plain = exportSswan(
    { ...BOTH, local: { ...BOTH.local, auth2: { eap: 'tls' } } },
    { uuid: uuid(), pkcs12: P12 },
  );
  assert.ok(plain.ok && lostOf(plain.value.report).includes('local.auth2'));
  const apple = exportMobileconfig(BOTH, { uuid, pkcs12: P12, withSecrets: false });
  assert.ok(apple.ok && lostOf(apple.value.report).includes('local.auth2'));
  assert.equal(only(apple.value.text).document.ike?.mobike, false);
  assert.deepEqual(only(apple.value.text).document.killSwitch, { mode: 'while-up', allowLocal: true });
  const hidden = exportGateway(BOTH, { withSecrets: false });
  for (const text of [android.value.text, apple.value.text, hidden.text])
    assert.ok(!text.includes('eapsecret'));
});

test("the gateway's side of two rounds, of several methods and of EAP alone", () => {
  const made = exportGateway(BOTH, { withSecrets: true });
  const conf = readConf(made.text);
  assert.ok(conf.ok);
  const connection = conf.value.root.sections.get('connections')?.sections.get('office');
  assert.equal(connection?.values.get('mobike'), 'no');
  assert.equal(connection?.values.get('childless'), 'allow');
  assert.equal(connection?.sections.get('remote')?.values.get('auth'), 'pubkey');
  assert.deepEqual(Object.fromEntries(connection?.sections.get('remote-2')?.values ?? []), {
    auth: 'eap-mschapv2',
    eap_id: '%any',
    id: 'me@example.org',
  });
  assert.match(made.text, /# strongswan\.conf: charon\.plugins\.eap-dynamic\.preferred = mschapv2, gtc \(/);
  const user = conf.value.root.sections.get('secrets')?.sections.get('eap-office')?.values;
  assert.deepEqual([user?.get('id'), user?.get('secret')], ['alice', 'eapsecret']);
  assert.ok(lostOf(made.report).includes('local.auth2.eap'));
  const alone = (auth: ProfileDocument['local']['auth']) =>
    exportGateway(
      { ...EAP, local: { auth }, remote: { ...EAP.remote, auth: 'eap', aaaId: 'radius' } },
      { withSecrets: false },
    );
  const ttls = alone({ eap: ['ttls'], username: 'alice', phase2: 'eap-md5' });
  assert.equal(ttls.text.match(/auth = eap-ttls/g)?.length, 2);
  assert.match(ttls.text, /charon\.plugins\.eap-ttls\.phase2_method = md5/);
  assert.deepEqual(lostOf(ttls.report).slice(0, 1), ['remote.aaaId']);
  const pap = alone({ eap: ['ttls', 'peap'], username: 'alice', phase2: 'pap' });
  assert.ok(lostOf(pap.report).includes('local.auth.phase2'));
  assert.ok(pap.report.some(({ ours, kind }) => ours === 'local.auth.eap' && kind === 'changed'));
  const otp = exportGateway(
    { ...EAP, local: { auth: { eap: 'otp', username: 'a' } } },
    { withSecrets: false },
  );
  assert.match(otp.text, /auth = eap-radius/);
});

test('what a device decides of EAP is said', () => {
  const auth = { eap: 'ttls', username: 'alice', phase2: 'pap', eapId: 'anon' } as const;
  const document: ProfileDocument = {
    ...EAP,
    local: { auth },
    remote: { ...EAP.remote, auth: 'eap', aaaId: 'radius' },
  };
  for (const made of [
    exportSswan(document, { uuid: uuid() }),
    exportMobileconfig(document, { uuid, withSecrets: false }),
  ]) {
    assert.ok(made.ok);
    const lost = lostOf(made.value.report);
    for (const field of ['eap', 'phase2', 'eapId']) assert.ok(lost.includes(`local.auth.${field}`), field);
    for (const field of ['auth', 'aaaId']) assert.ok(lost.includes(`remote.${field}`), field);
  }
});
