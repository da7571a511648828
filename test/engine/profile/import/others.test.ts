/** Formats of Apple, NetworkManager and Windows; and what is none of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8 } from '../../../../engine/base/bytes.ts';
import { importProfile } from '../../../../engine/profile/import/import-profile.ts';
import { readProfile } from '../../../../engine/profile/validate.ts';
import { assertSilent, imported, linesOf, only, whyOf } from './support.ts';

const plist = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">${body}</plist>`;

const MOBILECONFIG = (ikev2: string): string =>
  plist(`<dict>
  <key>PayloadType</key><string>Configuration</string>
  <key>PayloadContent</key><array>
    <dict>
      <key>PayloadType</key><string>com.apple.security.pkcs12</string>
      <key>PayloadUUID</key><string>P12</string>
      <key>PayloadContent</key><data>
        MAEC
      </data>
      <key>Password</key><string>bundlepass</string>
    </dict>
    <dict>
      <key>PayloadType</key><string>com.apple.security.root</string>
      <key>PayloadUUID</key><string>CA</string>
      <key>PayloadContent</key><data>MAED</data>
    </dict>
    <dict>
      <key>PayloadType</key><string>com.apple.vpn.managed</string>
      <key>UserDefinedName</key><string>Office &amp; more</string>
      <key>VPNType</key><string>IKEv2</string>
      <key>IKEv2</key><dict>
        <key>RemoteAddress</key><string>vpn.example.org</string>
        <key>RemoteIdentifier</key><string>vpn.example.org</string>
        <key>LocalIdentifier</key><string>me@example.org</string>
        <key>DeadPeerDetectionRate</key><string>Medium</string>
        <key>EnablePFS</key><true/>
        <key>IKESecurityAssociationParameters</key><dict>
          <key>EncryptionAlgorithm</key><string>AES-256-GCM</string>
          <key>IntegrityAlgorithm</key><string>SHA2-384</string>
          <key>DiffieHellmanGroup</key><integer>20</integer>
          <key>LifeTimeInMinutes</key><integer>1410</integer>
        </dict>
        <key>ChildSecurityAssociationParameters</key><dict>
          <key>EncryptionAlgorithm</key><string>AES-128</string>
          <key>IntegrityAlgorithm</key><string>SHA2-256</string>
          <key>DiffieHellmanGroup</key><integer>14</integer>
        </dict>
        <key>DisableMOBIKE</key><integer>0</integer>
        ${ikev2}
      </dict>
      <key>DNS</key><dict><key>ServerAddresses</key><array><string>10.0.0.53</string></array></dict>
      <key>Proxies</key><dict/>
    </dict>
  </array></dict>`);

test('.mobileconfig with a certificate', () => {
  const profile = only(
    MOBILECONFIG(`<key>AuthenticationMethod</key><string>Certificate</string>
      <key>PayloadCertificateUUID</key><string>P12</string>
      <key>ServerCertificateIssuerCommonName</key><string>Root</string>`),
  );
  assert.deepEqual(profile.document, {
    name: 'Office-more',
    gateway: { hosts: ['vpn.example.org'] },
    local: { id: 'me@example.org', auth: {} },
    remote: { id: 'vpn.example.org', auth: 'pubkey' },
    dpd: { delay: 600 },
    ike: { proposals: ['aes256gcm16-prfsha384-ecp384'], lifetime: '1410m', mobike: true },
    esp: { proposals: ['aes128-sha256-modp2048'] },
    dns: { servers: ['10.0.0.53'] },
  });
  assert.deepEqual(
    profile.bundles.map((one) => [one.ours, [...one.octets], one.passphrase]),
    [
      ['local.auth', [0x30, 1, 2], 'bundlepass'],
      ['remote.anchors', [0x30, 1, 3], undefined],
    ],
  );
  assertSilent(profile, 'bundlepass');
  assert.deepEqual(linesOf(profile, 'IKEv2.DisableMOBIKE'), ['taken ike.mobike']);
  assert.deepEqual(linesOf(profile, 'Proxies'), ['unmapped -']);
});

test('.mobileconfig with a shared secret, and with EAP', () => {
  const shared = only(
    MOBILECONFIG(`<key>AuthenticationMethod</key><string>SharedSecret</string>
      <key>SharedSecret</key><string>0xnothex but long enough</string>`),
  );
  assert.equal(shared.document.local.auth.psk, '0sMHhub3RoZXggYnV0IGxvbmcgZW5vdWdo');
  assert.ok(readProfile(shared.document).ok);
  assertSilent(shared, 'nothex');
  const eap = only(
    MOBILECONFIG(`<key>AuthenticationMethod</key><string>None</string>
      <key>ExtendedAuthEnabled</key><integer>1</integer>
      <key>AuthName</key><string>alice</string><key>AuthPassword</key><string>eapsecret</string>`),
  );
  assert.deepEqual(eap.document.local.auth, { eap: ['mschapv2'], username: 'alice', password: 'eapsecret' });
  assertSilent(eap, 'eapsecret');
});

test('.mobileconfig with a kill switch, on demand, and with versions of TLS', () => {
  const killed = only(
    MOBILECONFIG(`<key>AuthenticationMethod</key><string>Certificate</string>
      <key>PayloadCertificateUUID</key><string>P12</string><key>ExtendedAuthEnabled</key><true/>
      <key>TLSMinimumVersion</key><string>1.1</string><key>TLSMaximumVersion</key><string>1.2</string>
      <key>OnDemandEnabled</key><integer>1</integer>
      <key>IncludeAllNetworks</key><true/><key>ExcludeLocalNetworks</key><true/>`),
  );
  assert.deepEqual(killed.document.killSwitch, { mode: 'while-up', allowLocal: true });
  assert.deepEqual(linesOf(killed, 'IKEv2.ExcludeLocalNetworks'), ['taken killSwitch.allowLocal']);
  assert.deepEqual(killed.document.local.auth, { eap: ['tls'], tls: { max: '1.2' } });
  assert.deepEqual(linesOf(killed, 'IKEv2.TLSMinimumVersion'), ['unmapped local.auth.tls.min']);
  assert.match(whyOf(killed, 'IKEv2.OnDemandEnabled'), /no kill switch/);
  const open = only(
    MOBILECONFIG('<key>IncludeAllNetworks</key><false/><key>ExcludeLocalNetworks</key><true/>'),
  );
  assert.deepEqual(open.document.killSwitch, { mode: 'off' });
  assert.match(whyOf(open, 'IKEv2.ExcludeLocalNetworks'), /without IncludeAllNetworks/);
});

test('signed files are unwrapped, or refused without the means to', () => {
  const text = MOBILECONFIG('<key>AuthenticationMethod</key><string>None</string>');
  const signed = Uint8Array.of(0x30, 0x82, 0, 0);
  const value = utf8(text);
  assert.equal(imported(signed, { unwrap: () => ({ ok: true, value }) }).format, 'mobileconfig');
  for (const sources of [{}, { unwrap: () => ({ ok: false as const, error: 'was changed' }) }]) {
    const refused = importProfile(signed, sources);
    assert.equal(refused.ok ? '' : refused.error.code, 'signature');
  }
});

const NM = `[connection]
id=Work VPN
uuid=1
type=vpn
autoconnect=false

[vpn]
address=vpn.example.org
certificate=/etc/ssl/ca.pem
encap=yes
esp=aes256gcm16;aes128-sha256;
ike=aes256-sha256-x25519
ipcomp=yes
local-identity=me@example.org
method=key
password-flags=1
proposal=yes
remote-identity=vpn.example.org
usercert=/home/me/cert.pem
userkey=/home/me/key.pem
virtual=yes
service-type=org.freedesktop.NetworkManager.strongswan

[vpn-secrets]
password=key\\spass

[ipv4]
dns=10.0.0.53;10.0.0.54;
dns-search=~corp.example;
method=auto
never-default=true
route1=10.0.0.0/8,0.0.0.0,100
`;

test('.nmconnection', () => {
  const profile = only(NM);
  assert.deepEqual(profile.document, {
    name: 'Work-VPN',
    gateway: { hosts: ['vpn.example.org'] },
    local: {
      id: 'me@example.org',
      auth: { certificate: '/home/me/cert.pem', key: '/home/me/key.pem', passphrase: 'key pass' },
    },
    remote: { id: 'vpn.example.org', auth: 'pubkey', anchors: ['/etc/ssl/ca.pem'] },
    encapsulation: 'forced',
    virtualIp: { ipv4: true, ipv6: true },
    ike: { proposals: ['aes256-sha256-x25519'] },
    esp: { proposals: ['aes256gcm16', 'aes128-sha256'] },
    dns: { servers: ['10.0.0.53', '10.0.0.54'], domains: ['corp.example'] },
    routes: { extra: ['10.0.0.0/8'] },
  });
  assertSilent(profile, 'key pass', 'key\\spass');
  assert.deepEqual(linesOf(profile, '[vpn] ipcomp'), ['unmapped -']);
  const psk = only(NM.replace('method=key', 'method=psk').replace('key\\spass', 'a pre-shared key of size'));
  assert.equal(psk.document.local.auth.psk, 'a pre-shared key of size');
  const eap = only(NM.replace('method=key', 'method=eap\nuser=alice'));
  assert.deepEqual(eap.document.local.auth, {
    eap: ['mschapv2', 'gtc', 'md5'],
    username: 'alice',
    password: 'key pass',
  });
  assert.match(whyOf(eap, '[vpn] usercert'), /has no effect with this method/);
  const other = importProfile(utf8(NM.replace('NetworkManager.strongswan', 'NetworkManager.openvpn')));
  assert.equal(other.ok ? '' : other.error.code, 'unknown-format');
});

const PROFILE_XML = `<VPNProfile>
  <ProfileName>Always On</ProfileName>
  <DnsSuffix>corp.example</DnsSuffix>
  <NativeProfile>
    <Servers>vpn.example.org;Friendly,vpn2.example.org</Servers>
    <NativeProtocolType>IKEv2</NativeProtocolType>
    <Authentication><MachineMethod>Certificate</MachineMethod></Authentication>
    <RoutingPolicyType>SplitTunnel</RoutingPolicyType>
    <CryptographySuite>
      <AuthenticationTransformConstants>SHA256128</AuthenticationTransformConstants>
      <CipherTransformConstants>AES128</CipherTransformConstants>
      <EncryptionMethod>AES256</EncryptionMethod>
      <IntegrityCheckMethod>SHA384</IntegrityCheckMethod>
      <DHGroup>ECP384</DHGroup>
      <PfsGroup>PFS2048</PfsGroup>
    </CryptographySuite>
  </NativeProfile>
  <Route><Address>10.0.0.0</Address><PrefixSize>8</PrefixSize></Route>
  <DomainNameInformation><DomainName>.corp.example</DomainName><DnsServers>10.0.0.53,10.0.0.54</DnsServers></DomainNameInformation>
  <AlwaysOn>true</AlwaysOn>
</VPNProfile>`;

test('ProfileXML, as UTF-16 too', () => {
  const wide = new Uint8Array([0xff, 0xfe, ...Buffer.from(PROFILE_XML, 'utf16le')]);
  for (const text of [PROFILE_XML, wide]) {
    const profile = only(text);
    assert.deepEqual(profile.document, {
      name: 'Always-On',
      gateway: { hosts: ['vpn.example.org', 'vpn2.example.org'] },
      local: { auth: {} },
      remote: { auth: 'pubkey' },
      ike: { proposals: ['aes256-sha384-ecp384'] },
      esp: { proposals: ['aes128-sha256-modp2048'] },
      children: { 'Always-On': { remote: ['10.0.0.0/8'] } },
      dns: { domains: ['corp.example'], servers: ['10.0.0.53', '10.0.0.54'] },
    });
    assert.match(whyOf(profile, 'NativeProfile.Authentication.MachineMethod'), /Windows store/);
    assert.deepEqual(linesOf(profile, 'AlwaysOn'), ['unmapped -']);
  }
  const config =
    '<Configuration><EapHostConfig><EapMethod><Type>26</Type></EapMethod></EapHostConfig></Configuration>';
  const eap = only(
    PROFILE_XML.replace(
      /<Authentication>.*<\/Authentication>/,
      `<Authentication><UserMethod>Eap</UserMethod><Eap>${config}</Eap></Authentication>`,
    ),
  );
  assert.deepEqual(eap.document.local.auth, { eap: ['mschapv2'] });
  assert.deepEqual(linesOf(eap, 'NativeProfile.Authentication.UserMethod'), [
    'taken local.auth.eap',
    'unmapped local.auth.username',
  ]);
});

test('ProfileXML with a tunnel of EAP, and locked down', () => {
  const xml = (type: number, config: string, more = '') =>
    only(
      PROFILE_XML.replace(
        /<Authentication>.*<\/Authentication>/,
        `<Authentication><UserMethod>Eap</UserMethod><Eap><Configuration><EapHostConfig>
         <EapMethod><Type>${type}</Type></EapMethod><Config>${config}</Config>
         </EapHostConfig></Configuration></Eap></Authentication>`,
      ).replace('</VPNProfile>', `${more}</VPNProfile>`),
    );
  const ttls = (inner: string, names: string) => `<EapTtls xmlns="http://example">
    <ServerValidation><ServerNames>${names}</ServerNames></ServerValidation>
    <Phase2Authentication>${inner}</Phase2Authentication>
    <Phase1Identity><IdentityPrivacy>true</IdentityPrivacy><AnonymousIdentity>anon</AnonymousIdentity></Phase1Identity>
    </EapTtls>`;
  const field = 'NativeProfile.Authentication.UserMethod';
  const pap = xml(21, ttls('<PAPAuthentication/>', 'radius.example'), '<LockDown>true</LockDown>');
  assert.deepEqual(pap.document.local.auth, { eap: ['ttls'], phase2: 'pap', eapId: 'anon' });
  assert.deepEqual(pap.document.remote, { auth: 'pubkey', aaaId: 'radius.example' });
  assert.deepEqual(linesOf(pap, `${field}.Phase2`), ['taken local.auth.phase2']);
  assert.deepEqual(pap.document.killSwitch, { mode: 'always', allowLocal: false });
  assert.deepEqual(linesOf(pap, 'LockDown'), ['changed killSwitch']);
  assert.match(whyOf(pap, 'AlwaysOn'), /no kill switch/);
  const inner = '<EapHostConfig><EapMethod><Type>6</Type></EapMethod></EapHostConfig>';
  const gtc = xml(21, ttls(inner, 'a.example;b.example'));
  assert.equal(gtc.document.local.auth.phase2, 'eap-gtc');
  assert.deepEqual(linesOf(gtc, `${field}.ServerNames`), ['unmapped remote.aaaId']);
  const chap = xml(21, ttls('<CHAPAuthentication/>', ''));
  assert.equal(chap.document.local.auth.phase2, undefined);
  assert.match(whyOf(chap, `${field}.Phase2`), /"CHAPAuthentication" in the tunnel is not spoken/);
  const peap = xml(
    25,
    `<Eap><Type>25</Type><EapType><ServerValidation><ServerNames>nps.example</ServerNames></ServerValidation>
     <Eap><Type>26</Type></Eap><PeapExtensions><IdentityPrivacy><EnableIdentityPrivacy>true</EnableIdentityPrivacy>
     <AnonymousUserName>nobody</AnonymousUserName></IdentityPrivacy></PeapExtensions></EapType></Eap>`,
  );
  assert.deepEqual(peap.document.local.auth, { eap: ['peap'], phase2: 'eap-mschapv2', eapId: 'nobody' });
  assert.equal(peap.document.remote?.aaaId, 'nps.example');
});

const PBK = `[Work]\r
Encoding=1\r
Type=2\r
VpnStrategy=14\r
CustomAuthKey=26\r
IpPrioritizeRemote=0\r
IpDnsAddress=10.0.0.53\r
IpDns2Address=0.0.0.0\r
IpDnsSuffix=corp.example\r
PreSharedKey=\r
NumCustomPolicy=1\r
CustomIPSecPolicies=020000000400000003000000050000000200000000000000\r
\r
NETCOMPONENTS=\r
DEVICE=vpn\r
PhoneNumber=vpn.example.org\r
[Dial-up]\r
VpnStrategy=1\r
PhoneNumber=+41\r
`;

test('rasphone.pbk', () => {
  const profile = only(PBK);
  assert.equal(profile.document.name, 'Work');
  assert.deepEqual(profile.document.gateway, { hosts: ['vpn.example.org'] });
  assert.deepEqual(profile.document.dns, { servers: ['10.0.0.53'], domains: ['corp.example'] });
  assert.deepEqual(linesOf(profile, 'VpnStrategy'), ['changed ike']);
  assert.deepEqual(profile.document.local.auth, { eap: ['mschapv2'] });
  assert.deepEqual(linesOf(profile, 'CustomAuthKey'), [
    'taken local.auth.eap',
    'unmapped local.auth.username',
  ]);
  assert.match(whyOf(profile, 'CustomIPSecPolicies'), /undocumented/);
});

test('entities of its own, and broken or foreign files, are refused with a reason', () => {
  const bomb = `<!DOCTYPE plist [<!ENTITY a "aaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><plist><dict>&b;</dict></plist>`;
  for (const [text, code] of [
    [bomb, 'damaged'],
    ['<plist><dict>&b;</dict></plist>', 'damaged'],
    ['<plist><dict><key>a</key></dict></plist>', 'damaged'],
    [`${'<a>'.repeat(5000)}`, 'damaged'],
    ['<html></html>', 'unknown-format'],
    ['{"a":1}', 'unknown-format'],
    ['{', 'damaged'],
    ['', 'unknown-format'],
    ['\u0000\u0001', 'damaged'],
    [plist('<dict><key>PayloadContent</key><array/></dict>'), 'no-connection'],
  ] as const) {
    const result = importProfile(utf8(text));
    assert.equal(result.ok ? 'ok' : result.error.code, code, text.slice(0, 60));
  }
  assert.equal(importProfile(new Uint8Array(3_000_000)).ok, false);
});

test('keys such as __proto__ stay keys', () => {
  const text =
    'connections { __proto__ { remote_addrs = a\n children { __proto__ { remote_ts = 10.0.0.0/8\n } } } }';
  const [one] = imported(text).profiles;
  assert.ok(one);
  assert.equal(Object.getPrototypeOf(one.document.children), Object.prototype);
  assert.equal(({} as Record<string, unknown>).remote, undefined);
});

test('damaged files of every format give a value or a problem', () => {
  const files = [
    MOBILECONFIG('<key>AuthenticationMethod</key><string>None</string>'),
    NM,
    PROFILE_XML,
    PBK,
    'connections { a : b { remote_addrs = "x" local { auth = psk } } }',
    'conn a\n also=a\n right=1.2.3.4\n',
    '{"type":"ikev2-cert","remote":{"addr":"x"},"name":"n"}',
  ];
  const damaged = fc
    .tuple(
      fc.constantFrom(...files),
      fc.nat(),
      fc.nat({ max: 40 }),
      fc.string({ maxLength: 12, unit: 'binary' }),
    )
    .map(([file, at, cut, put]) => {
      const start = at % file.length;
      return file.slice(0, start) + put + file.slice(start + cut);
    });
  fc.assert(
    fc.property(damaged, (text) => void importProfile(utf8(text))),
    { numRuns: 5000 },
  );
});
