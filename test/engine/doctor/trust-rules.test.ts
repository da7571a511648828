/** Checks of whom the profile trusts, of its settings, and of what servers said. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyUsageFlags } from '@peculiar/x509';
import type { DoctorCheck } from '../../../engine/api/doctor.ts';
import type { Facts } from '../../../engine/doctor/facts.ts';
import type { SourceAnswer } from '../../../engine/pki/revocation/survey.ts';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { issue, NOW } from '../pki/fixtures.ts';
import { DOCUMENT, line, PSK, root } from './facts.ts';

function says(check: DoctorCheck, verdict: DoctorCheck['verdict'], text: RegExp): void {
  assert.equal(check.verdict, verdict, check.text);
  assert.match(check.text, text);
  if (verdict === 'fail' || verdict === 'warn') assert.ok(check.advice.length > 0, 'no advice');
}

test('anchors', async () => {
  says(line('anchors'), 'pass', /CN=Root" is trusted, valid until 2036-01-01/);
  const with_ = (...certificates: (typeof root)[]) =>
    line('anchors', { anchors: { certificates: certificates.map((c) => c.certificate), problems: [] } });
  says(with_(), 'fail', /trusts no CA/);
  says(with_(await issue({ subject: 'CN=gw', issuer: root })), 'warn', /is no CA/);
  says(
    with_(await issue({ subject: 'CN=old', ca: true, to: '2026-05-01T00:00:00Z' })),
    'warn',
    /expired on 2026-05-01/,
  );
  says(with_(await issue({ subject: 'CN=weak', ca: true, kind: 'rsa1024' })), 'fail', /RSA 1024/);
  says(
    with_(await issue({ subject: 'CN=mute', ca: true, usage: KeyUsageFlags.cRLSign })),
    'fail',
    /keyCertSign/,
  );
  const broken = { certificates: [root.certificate], problems: ['remote.anchors[1]: it is damaged'] };
  says(line('anchors', { anchors: broken }), 'fail', /anchors\[1\]: it is damaged/);
});

test('remote-identity', () => {
  const at = (hosts: string[], id?: string, base = DOCUMENT) =>
    line(
      'remote-identity',
      {},
      {
        ...base,
        gateway: { hosts },
        remote: { ...base.remote, ...(id === undefined ? {} : { id }) },
      },
    );
  says(at(['vpn.example.com']), 'pass', /"vpn\.example\.com"/);
  says(at(['vpn.example.com'], 'gw.example.com'), 'pass', /gw\.example\.com/);
  says(at(['vpn.example.com'], 'vpn.exmaple.com'), 'warn', /must prove that it is "vpn\.exmaple\.com"/);
  says(at(['192.0.2.1']), 'warn', /IP:192\.0\.2\.1/);
  says(at(['192.0.2.1'], undefined, PSK), 'pass', /192\.0\.2\.1/);
  says(at(['192.0.2.1'], 'gw.lab.example'), 'pass', /gw\.lab\.example/);
  says(at(['vpn.example.com'], '%any'), 'warn', /whoever has a certificate/);
  says(at(['vpn.example.com'], '%any', PSK), 'warn', /whoever knows the shared secret/);
});

test('revocation-mode and gateway-purpose-enforced', () => {
  const remote = (more: object): ProfileDocument => ({ ...DOCUMENT, remote: { anchors: root.pem, ...more } });
  says(line('revocation-mode'), 'pass', /CRLs: relaxed, OCSP: relaxed/);
  says(
    line('revocation-mode', {}, remote({ revocation: { crl: 'off', ocsp: 'off' } })),
    'warn',
    /Nobody is asked/,
  );
  says(line('gateway-purpose-enforced'), 'pass', /one of a server/);
  says(line('gateway-purpose-enforced', {}, remote({ eku: 'ignore' })), 'warn', /can pose as the gateway/);
});

test('profile: warnings and what keeps it from being used', () => {
  says(line('profile'), 'pass', /none contradicts/);
  assert.equal(line('profile', { warnings: ['ike.lifetime: is short'] }).verdict, 'warn');
  says(line('profile', { problem: 'local.id: is no identity' }), 'fail', /local\.id: is no identity/);
});

test('psk-strength', () => {
  const psk = (text: string) => line('psk-strength', {}, { ...PSK, local: { auth: { psk: text } } });
  says(psk('sJ4xQ0vT8mK2bH7nW5cZ1rY6'), 'pass', /long enough/);
  says(psk('0x00112233445566778899aabbccddeeff'), 'pass', /long enough/);
  says(psk('Geheim-2024!x'), 'warn', /can be guessed/);
  says(psk('secret123'), 'fail', /can be guessed/);
  says(psk('a'.repeat(40)), 'fail', /can be guessed/);
});

test('eap-login', () => {
  const eap = (methods: ('mschapv2' | 'md5')[]) =>
    line(
      'eap-login',
      {},
      { ...DOCUMENT, local: { auth: { eap: methods, username: 'alice', password: 'x' } } },
    );
  says(eap(['mschapv2']), 'pass', /"alice" logs in with EAP \(mschapv2\)/);
  says(eap(['mschapv2', 'md5']), 'warn', /EAP-MD5 makes no key/);
});

test('remote-identity: patterns, and the subject of the certificate', () => {
  const at = (remote: Readonly<Record<string, unknown>>, base = DOCUMENT) =>
    line('remote-identity', {}, { ...base, remote: { ...base.remote, ...remote } });
  says(at({ id: '*.example.com' }), 'pass', /fits "\*\.example\.com"/);
  says(at({ id: '*.exmaple.com' }), 'warn', /must prove that it is "\*\.exmaple\.com"/);
  says(at({ id: '*@example.com' }), 'warn', /every mail address/);
  says(at({ id: 'C=CH, O=Culvert Test, CN=*' }), 'warn', /leaves the common name open/);
  says(at({ id: 'C=CH, O=*, CN=gw' }), 'pass', /fits "C=CH, O=\*, CN=gw"/);
  says(at({ id: 'C=CH, O=*, CN=*' }, PSK), 'pass', /fits/);
  says(at({ id: '@#zz' }), 'fail', /remote\.id is no identity/);
  says(at({ dn: 'C=CH, O=*, CN=gw' }), 'pass', /subject of its certificate must fit "C=CH, O=\*, CN=gw"/);
  says(at({ dn: 'C=CH, O=*, CN=*' }), 'warn', /remote\.dn, .* leaves the common name open/);
  says(at({ dn: 'nonsense' }), 'fail', /remote\.dn is no identity/);
  says(at({ id: '%any', dn: 'C=CH, O=*, CN=gw' }), 'pass', /may call itself anything/);
  says(at({ id: '%any', dn: 'C=CH, CN=*' }), 'warn', /whoever has a certificate/);
});

test('eap-server: whose certificate is asked for inside of EAP', () => {
  const ttls = { eap: 'ttls', username: 'alice', password: 'x', phase2: 'pap' } as const;
  const at = (remote: Readonly<Record<string, unknown>>) =>
    line('eap-server', {}, { ...DOCUMENT, local: { auth: ttls }, remote: { ...DOCUMENT.remote, ...remote } });
  says(at({}), 'pass', /must be the gateway itself\. The gateway proves itself by its certificate/);
  says(at({ auth: 'eap' }), 'pass', /need not prove itself in any other way/);
  says(at({ aaaId: 'radius.example.com' }), 'pass', /must be "radius\.example\.com"/);
  says(at({ aaaId: '%any' }), 'warn', /every server/);
  const auth2 = { ...DOCUMENT, local: { ...DOCUMENT.local, auth2: ttls } };
  says(line('eap-login', {}, auth2), 'pass', /ttls with pap inside\) in the second round/);
  says(line('eap-server', {}, auth2), 'pass', /the gateway itself/);
});

test('proposals: weak, broken, mixed', () => {
  const offers = (ike: string, esp: string, allowLegacy = true) =>
    line('proposals', {}, { ...PSK, allowLegacy, ike: { proposals: ike }, esp: { proposals: esp } });
  const good = 'aes256gcm16-prfsha384-ecp384';
  says(line('proposals', {}, PSK), 'pass', /No weak algorithm/);
  says(offers(`${good},aes128-sha1-modp1024`, 'aes256gcm16'), 'warn', /modp1024/);
  says(offers('aes128-md5-modp2048', 'aes256gcm16'), 'fail', /md5 is broken, and every proposal has it/);
  says(offers(good, 'aes256gcm16'), 'pass', /aes256gcm16-prfsha384-ecp384/);
  says(offers(good, 'aes256-sha256'), 'warn', /AEADs alone/);
});

test('selectors', () => {
  const child = (children: ProfileDocument['children'], more: object = {}) =>
    line('selectors', {}, { ...PSK, ...more, children });
  says(child({ net: { remote: '10.0.0.0/8' } }), 'pass', /net: 10\.0\.0\.0\/8/);
  says(
    child({ a: { remote: '10.0.0.0/8' }, b: { remote: '10.1.0.0/16' } }),
    'warn',
    /a and b both lead to 10\.0\.0\.0\/8/,
  );
  says(child({ a: { remote: '10.0.0.0/8[tcp]' }, b: { remote: '10.0.0.0/8[udp]' } }), 'pass', /tcp/);
  says(
    child({ a: { remote: '10.0.0.0/8', local: '192.168.1.0/24' } }),
    'warn',
    /sends from 192\.168\.1\.0\/24 alone/,
  );
  says(
    child({ a: { remote: '10.0.0.0/8,2001:db8::/32' } }, { virtualIp: { ipv4: true, ipv6: false } }),
    'warn',
    /leads to IPv6 addresses, but no IPv6 address/,
  );
  says(child({ a: { remote: '10.0.0.0/8' } }, { routes: { mode: 'none' } }), 'warn', /no packet finds/);
});

test('dns-through-tunnel', () => {
  const dns = (more: ProfileDocument['dns']) =>
    line('dns-through-tunnel', {}, { ...PSK, dns: more, children: { net: { remote: '10.0.0.0/8' } } });
  says(dns({ servers: '10.0.0.53' }), 'pass', /through the tunnel/);
  says(dns({ servers: '8.8.8.8' }), 'warn', /8\.8\.8\.8 is outside/);
  says(dns({ mode: 'ignore', domains: 'corp.example' }), 'warn', /nobody to ask/);
});

const answer = (status: SourceAnswer['status']): SourceAnswer => ({
  subject: 'CN=alice',
  kind: 'OCSP',
  url: 'http://ocsp.example/',
  status,
});
const online = (...sources: SourceAnswer[]): Partial<Facts> => ({ online: { sources } });

test('revocation: what the servers say', () => {
  says(line('revocation'), 'skipped', /No revocation server/);
  says(
    line('revocation', online(answer({ kind: 'good' }))),
    'pass',
    /OCSP at http:\/\/ocsp\.example\/ for "CN=alice": good/,
  );
  says(
    line('revocation', online(answer({ kind: 'revoked', at: NOW, reason: 'keyCompromise' }))),
    'fail',
    /revoked on 2026-06-01 \(reason: keyCompromise\)/,
  );
  const silent = online(answer({ kind: 'unknown', why: 'no answer' }));
  says(line('revocation', silent), 'warn', /no answer/);
  const strict = { ...DOCUMENT, remote: { anchors: root.pem, revocation: { ocsp: 'strict' as const } } };
  says(line('revocation', silent, strict), 'fail', /no answer/);
  const hotel = line('revocation', online(answer({ kind: 'unknown', why: 'a web page', captive: true })));
  assert.match(hotel.advice[0] ?? '', /log in first/);
  says(line('revocation', online()), 'skipped', /not known before/);
});

test('clock', () => {
  const skew = (milliseconds: number) => line('clock', { online: { sources: [], skew: milliseconds } });
  says(line('clock'), 'skipped', /compared with no other/);
  says(line('clock', online()), 'skipped', /No server told/);
  says(skew(60_000), 'pass', /is right/);
  says(skew(3_600_000), 'warn', /60 minutes behind/);
  says(skew(-7_200_000), 'warn', /2 hours ahead/);
  says(skew(10 * 86_400_000), 'fail', /10 days behind/);
});
