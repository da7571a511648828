/** strongSwan's own formats: `.sswan`, `swanctl.conf`, `ipsec.conf` with `ipsec.secrets`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../../engine/base/bytes.ts';
import { importProfile } from '../../../../engine/profile/import/import-profile.ts';
import { readProfile } from '../../../../engine/profile/validate.ts';
import { assertSilent, imported, linesOf, only, whyOf } from './support.ts';

const SSWAN = {
  uuid: '9d6b5c0b-3d7b-4b62-8d0d-0c6a3e9b0a11',
  name: 'Büro VPN',
  type: 'ikev2-cert',
  remote: { addr: 'vpn.example.org', port: 4500, id: 'vpn.example.org', cert: 'MAEC', certreq: false },
  local: { id: 'roaming@example.org', p12: 'MAED', 'rsa-pss': true },
  'split-tunneling': { subnets: ['10.0.0.0/8'], excluded: '10.1.0.0/16', 'block-ipv6': true },
  'ike-proposal': 'aes256gcm16-prfsha384-ecp384,rot13-sha1-modp2048',
  'esp-proposal': 'aes256gcm16',
  mtu: 1400,
  'nat-keepalive': 45,
  'dns-servers': '10.0.0.53 10.0.0.54',
  apps: ['org.example'],
  strange: 1,
};

test('.sswan with a certificate', () => {
  const profile = only(JSON.stringify(SSWAN));
  assert.deepEqual(profile.document, {
    name: 'Bu-ro-VPN',
    gateway: { hosts: ['vpn.example.org'], port: 4500 },
    local: { id: 'roaming@example.org', auth: {} },
    remote: { auth: 'pubkey', id: 'vpn.example.org' },
    ike: { proposals: ['aes256gcm16-prfsha384-ecp384'], preferPss: true },
    esp: { proposals: ['aes256gcm16'] },
    keepalive: 45,
    mtu: 1400,
    children: { 'Bu-ro-VPN': { remote: ['10.0.0.0/8'] } },
    dns: { servers: ['10.0.0.53', '10.0.0.54'] },
  });
  assert.deepEqual(
    profile.bundles.map(({ ours, octets }) => [ours, [...octets]]),
    [
      ['remote.anchors', [0x30, 1, 2]],
      ['local.auth', [0x30, 1, 3]],
    ],
  );
  assert.deepEqual(linesOf(profile, 'name'), ['changed name']);
  assert.deepEqual(linesOf(profile, 'remote.id'), ['taken remote.id']);
  assert.match(whyOf(profile, 'ike-proposal'), /without "rot13-sha1-modp2048": rot13/);
  for (const field of [
    'uuid',
    'apps',
    'strange',
    'remote.certreq',
    'split-tunneling.excluded',
    'split-tunneling.block-ipv6',
  ])
    assert.equal(linesOf(profile, field)[0]?.split(' ')[0], 'unmapped', field);
});

test('.sswan with EAP, and how it asks for revocation', () => {
  const remote = { ...SSWAN.remote, revocation: { crl: false, strict: true } };
  const profile = only(JSON.stringify({ ...SSWAN, type: 'ikev2-eap', local: { eap_id: 'alice' }, remote }));
  assert.deepEqual(profile.document.local.auth, { eap: ['mschapv2', 'gtc', 'md5'], username: 'alice' });
  assert.deepEqual(linesOf(profile, 'local.eap_id'), ['taken local.auth.username']);
  assert.deepEqual(profile.document.remote?.revocation, { crl: 'off', ocsp: 'strict' });
  const unused = only(JSON.stringify({ ...SSWAN, local: { eap_id: 'alice' } }));
  assert.match(whyOf(unused, 'local.eap_id'), /has no effect without EAP/);
});

test('.sswan with a certificate, then EAP', () => {
  const local = { ...SSWAN.local, eap_id: 'alice' };
  const both = only(JSON.stringify({ ...SSWAN, type: 'ikev2-cert-eap', local }));
  assert.deepEqual(both.document.local, {
    auth: {},
    auth2: { eap: ['mschapv2', 'gtc', 'md5'], username: 'alice' },
    id: 'roaming@example.org',
    id2: 'roaming@example.org',
  });
  assert.deepEqual(linesOf(both, 'local.eap_id'), ['taken local.auth2.username']);
  assert.deepEqual(linesOf(both, 'type'), [
    'taken remote.auth',
    'changed local.auth2.eap',
    'unmapped local.auth2.password',
  ]);
  assert.deepEqual(linesOf(both, 'local.id'), ['taken local.id', 'taken local.id2']);
  assert.deepEqual(
    both.bundles.map(({ ours }) => ours),
    ['remote.anchors', 'local.auth'],
  );
});

const SECOND = (first: string, second: string, remote = 'auth = pubkey\n cacerts = ca.pem') => `connections {
  a { remote_addrs = gw
    local-2 { ${second} }
    local-1 { round = -1\n ${first} }
    remote { ${remote} }
  } }
  secrets { eap-b { id = bob\n secret = two } ike { secret = shared by all of us } private { file = k } }`;

test('swanctl.conf: two rounds, in the order of their numbers', () => {
  const both = only(
    SECOND('auth = pubkey\n certs = me.pem\n id = me', 'auth = eap-gtc\n id = you\n eap_id = bob'),
  );
  assert.deepEqual(both.document.local, {
    id: 'me',
    auth: { certificate: 'x509/me.pem', key: 'private/k' },
    auth2: { eap: ['gtc'], username: 'bob', password: 'two' },
    id2: 'you',
  });
  assert.deepEqual(linesOf(both, 'connections.a.local-2.auth'), ['taken local.auth2.eap']);
  assertSilent(both, 'two');
  const named = only(SECOND('auth = psk', 'auth = eap-mschapv2\n id = bob'));
  assert.deepEqual(named.document.local, {
    auth: { psk: 'shared by all of us' },
    auth2: { eap: ['mschapv2'], username: 'bob', password: 'two' },
  });
  for (const [first, second, why] of [
    ['auth = pubkey', 'auth = pubkey\n id = x', /second round is EAP/],
    ['auth = eap-gtc\n id = bob', 'auth = eap-gtc\n id = bob', /EAP is the last round/],
    ['auth = pubkey', 'auth = eap-tls\n id = x', /only one certificate of ours/],
  ] as const) {
    const refused = only(SECOND(first, second));
    assert.equal(refused.document.local.auth2, undefined);
    assert.match(whyOf(refused, 'connections.a.local-2.auth'), why);
    assert.match(whyOf(refused, 'connections.a.local-2.id'), /without the round/);
  }
  const third = only(SECOND('auth = pubkey', 'auth = eap-gtc\n id = bob } local-3 { auth = psk'));
  assert.match(whyOf(third, 'connections.a.local-3'), /two rounds/);
  const peer = only(
    SECOND('auth = pubkey', 'auth = eap-gtc\n id = bob', 'auth = pubkey } remote-2 { auth = psk'),
  );
  assert.match(whyOf(peer, 'connections.a.remote-2'), /in one round/);
});

test('swanctl.conf and ipsec.conf: gateways that prove themselves in EAP, and whose server it is', () => {
  const conf = (method: string, word: string) =>
    only(`connections { a { remote_addrs = gw\n mobike = no
      local { auth = ${method}\n id = bob\n aaa_id = radius.example }
      remote { auth = ${word}\n cacerts = ca.pem\n revocation = strict } } }`);
  for (const [method, word] of [
    ['eap-ttls', 'eap-ttls'],
    ['eap-peap', 'eap'],
    ['eap-tls', 'eap-dynamic'],
  ] as const) {
    const alone = conf(method, word);
    assert.deepEqual(alone.document.remote, {
      auth: 'eap',
      aaaId: 'radius.example',
      anchors: ['x509ca/ca.pem'],
      revocation: { crl: 'strict', ocsp: 'strict' },
    });
    assert.deepEqual(linesOf(alone, 'connections.a.remote.auth'), ['taken remote.auth']);
    assert.equal(alone.document.ike?.mobike, false);
  }
  assert.deepEqual(linesOf(conf('eap-ttls', 'eap'), 'connections.a.local.auth'), [
    'taken local.auth.eap',
    'unmapped local.auth.phase2',
  ]);
  for (const [method, word] of [
    ['eap-mschapv2', 'eap-mschapv2'],
    ['eap-ttls', 'eap-peap'],
    ['eap', 'eap-ttls'],
    ['pubkey', 'eap'],
  ] as const) {
    const strict = conf(method, word);
    assert.equal(strict.document.remote?.auth, undefined);
    assert.match(whyOf(strict, 'connections.a.remote.auth'), /must prove itself by certificate/);
    assert.deepEqual(strict.document.remote?.anchors, ['x509ca/ca.pem']);
  }
  assert.match(whyOf(conf('eap-gtc', 'pubkey'), 'connections.a.local.aaa_id'), /has no effect/);
  const ipsec = only(
    'conn a\n right=gw\n leftauth=eap-peap\n leftid=bob\n rightauth=eap\n rightcert=ca.pem\n aaa_identity=radius\n mobike=yes\n',
  );
  assert.deepEqual(ipsec.document.remote, {
    aaaId: 'radius',
    auth: 'eap',
    anchors: ['ipsec.d/certs/ca.pem'],
  });
  assert.equal(ipsec.document.ike?.mobike, true);
});

test('ipsec.conf: two rounds', () => {
  const conf = (lines: string) =>
    only(`conn a\n right=gw\n leftauth=pubkey\n leftcert=me.pem\n leftid=me\n${lines}`, {
      secrets: [utf8(': RSA k\nbob : EAP "two"\n')],
    });
  const both = conf(' leftauth2=eap-mschapv2\n leftid2=you\n eap_identity=bob\n');
  assert.deepEqual(both.document.local, {
    id: 'me',
    auth: { certificate: 'ipsec.d/certs/me.pem', key: 'ipsec.d/private/k' },
    auth2: { eap: ['mschapv2'], username: 'bob', password: 'two' },
    id2: 'you',
  });
  assertSilent(both, 'two');
  const named = conf(' leftauth2=eap\n leftid2=bob\n rightauth2=psk\n');
  assert.deepEqual(named.document.local.auth2, {
    eap: ['mschapv2', 'gtc', 'md5'],
    username: 'bob',
    password: 'two',
  });
  assert.equal(named.document.local.id2, undefined);
  assert.match(whyOf(named, 'conn a: rightauth2'), /in one round/);
  const refused = conf(' leftauth2=psk\n leftid2=bob\n');
  assert.match(whyOf(refused, 'conn a: leftauth2'), /second round is EAP/);
  assert.match(whyOf(refused, 'conn a: leftid2'), /without the second round/);
});

test('swanctl.conf and ipsec.conf with EAP: names and passwords find each other', () => {
  const conf = (local: string, remote = '') => `connections { a { remote_addrs = gw
    local { ${local} } remote { auth = pubkey\n ${remote} } } }
    secrets { eap-a { id = alice\n secret = one } eap-b { id = bob\n secret = two } }`;
  const named = only(conf('auth = eap-mschapv2\n id = me\n eap_id = bob', 'revocation = strict'));
  assert.deepEqual(named.document.local, {
    id: 'me',
    auth: { eap: ['mschapv2'], username: 'bob', password: 'two' },
  });
  assert.deepEqual(named.document.remote?.revocation, { crl: 'strict', ocsp: 'strict' });
  const byId = only(conf('auth = eap\n id = alice', 'revocation = ifuri'));
  assert.equal(byId.document.local.auth.password, 'one');
  assert.match(whyOf(byId, 'connections.a.remote.revocation'), /strict only where/);
  const unknown = only(conf('auth = eap-sim\n id = alice\n aaa_id = radius'));
  assert.deepEqual(unknown.document.local.auth, {});
  assert.match(whyOf(unknown, 'connections.a.local.auth'), /no EAP method "eap-sim"/);
  const ipsec = (leftauth: string, secrets: string) =>
    only(
      `config setup\n  strictcrlpolicy=yes\nconn a\n  right=gw\n  leftauth=${leftauth}\n  rightauth=pubkey\n`,
      { secrets: [utf8(secrets)] },
    ).document;
  const one = ipsec('eap-mschapv2', 'alice : EAP "0x not hex"\n');
  assert.deepEqual(one.local.auth, { eap: ['mschapv2'], username: 'alice', password: '0x not hex' });
  assert.deepEqual(one.remote?.revocation, { crl: 'strict', ocsp: 'strict' });
  const two = ipsec('eap\n  eap_identity=bob', 'alice : EAP "1"\nbob : EAP "2"\n');
  assert.deepEqual([two.local.auth.username, two.local.auth.password], ['bob', '2']);
  const asked = ipsec('eap\n  eap_identity=%identity\n  leftid=carol', 'alice : EAP "1"\n');
  assert.deepEqual([asked.local.auth.username, asked.local.auth.password], ['carol', undefined]);
});

const SWANCTL = `
# a roaming client
base {
  version = 2
  dpd_delay = 20s
}
connections {
  office : base {
    remote_addrs = gw.example.org, 192.0.2.1
    proposals = aes256gcm16-prfsha384-ecp384, default
    vips = 0.0.0.0
    encap = yes
    rekey_time = 4h
    over_time = 10m
    rand_time = 10m
    mobike = no   # trailing words
    childless = prefer
    local {
      auth = psk
      id = "roaming@example.org"
    }
    remote { auth = psk
      id = gw.example.org }
    children {
      net {
        remote_ts = 10.0.0.0/8, 192.168.0.0/16[tcp/443]
        esp_proposals = aes128gcm16-x25519
        rekey_time = 1h
        life_time = 70m
        rand_time = 0s
        dpd_action = trap
        updown = /bin/evil
        replay_window = 40
        copy_dscp = in
        copy_ecn = no
      }
    }
  }
  cert {
    remote_addrs = 2001:db8::1
    vips = ::, 0.0.0.0
    local-1 { certs = me.pem }
    remote-1 { cacerts = ca.pem }
  }
}
secrets {
  ike-other { id = somebody@example.org
    secret = "not this one" }
  ike-office {
    id-1 = gw.example.org
    secret = "a very \\"secret\\" key, really"
  }
  private-me { file = me.key
    secret = opensesame }
}
include conf.d/*.conf
`;

test('swanctl.conf: PSK, lifetimes, children, inheritance', () => {
  const { format, profiles } = imported(SWANCTL);
  assert.equal(format, 'swanctl.conf');
  const office = profiles[0];
  assert.ok(office);
  assert.deepEqual(office.document, {
    name: 'office',
    gateway: { hosts: ['gw.example.org', '192.0.2.1'] },
    local: { id: 'roaming@example.org', auth: { psk: 'a very "secret" key, really' } },
    remote: { id: 'gw.example.org', auth: 'psk' },
    ike: {
      proposals: ['aes256gcm16-prfsha384-ecp384'],
      lifetime: '250m',
      margin: '10m',
      fuzz: 1,
      mobike: false,
      childless: 'prefer',
    },
    virtualIp: { ipv4: true, ipv6: false },
    encapsulation: 'forced',
    dpd: { delay: '20s', action: 'hold' },
    children: {
      net: {
        remote: ['10.0.0.0/8', '192.168.0.0/16[tcp/443]'],
        proposals: ['aes128gcm16-x25519'],
        lifetime: '70m',
        margin: '10m',
        fuzz: 0,
        replayWindow: 64,
        copyDscp: 'in',
        copyEcn: false,
      },
    },
  });
  const read = readProfile(office.document);
  assert.ok(read.ok, JSON.stringify(read.ok ? '' : read.error));
  assertSilent(office, 'very', 'opensesame');
  assert.match(
    whyOf(office, 'connections.office.children.net.updown'),
    /nothing in a profile runs a command/,
  );
  assert.deepEqual(linesOf(office, 'connections.office.rekey_time'), ['changed ike.lifetime']);
  assert.deepEqual(linesOf(office, 'connections.office.mobike'), ['taken ike.mobike']);
  assert.deepEqual(linesOf(office, 'connections.office.childless'), ['taken ike.childless']);
  assert.match(whyOf(office, 'include conf.d/*.conf'), /import it on its own/);
});

test('swanctl.conf: certificates become files that a reader can open', () => {
  const cert = imported(SWANCTL).profiles[1];
  assert.deepEqual(cert?.document.local.auth, {
    certificate: 'x509/me.pem',
    key: 'private/me.key',
    passphrase: 'opensesame',
  });
  assert.deepEqual(cert.document.remote?.anchors, ['x509ca/ca.pem']);
  assert.deepEqual(cert.document.virtualIp, { ipv4: true, ipv6: true });
});

test('swanctl.conf: secrets of another file, and syntax that is broken', () => {
  const [connections, secrets] = SWANCTL.split('secrets {');
  const apart = imported(connections ?? '', { secrets: [utf8(`secrets {${secrets}`)] });
  assert.match(String(apart.profiles[0]?.document.local.auth.psk), /^a very/);
  for (const text of ['connections { a {', 'connections { a = 1 } }', 'connections {\n }'])
    assert.equal(importProfile(utf8(text)).ok, false, text);
});

const IPSEC = `
config setup
  uniqueids=no
conn %default
  keyexchange=ikev2
  ikelifetime=3h
  lifetime=1h
  margintime=5m
  rekeyfuzz=50%
conn net
  rightsubnet=10.0.0.0/8
conn home
  also=net
  left=%defaultroute
  leftsourceip=%config
  leftid=@me.example.org
  right=gw.example.org
  rightid="C=CH, O=Example, CN=gw.example.org"
  authby=secret
  ike=aes256-sha256-modp2048!
  forceencaps=yes
  dpddelay=30
  leftfirewall=yes
  auto=start
conn work
  right=192.0.2.1
  leftcert=me.pem
  leftauth=pubkey
  rightauth=pubkey
  rightcert=gw.pem
`;
const SECRETS = `
# comment
other.example.org : PSK "wrong"
@me.example.org gw.example.org : PSK "0x right enough"
: RSA me.key "pass word"
alice : EAP "eapsecret"
`;

test('ipsec.conf with ipsec.secrets', () => {
  const { format, profiles } = imported(IPSEC, { secrets: [utf8(SECRETS)] });
  assert.equal(format, 'ipsec.conf');
  // `net` is a part of `home`, no connection.
  assert.equal(profiles.length, 2);
  const [home, work] = profiles;
  assert.ok(home && work);
  assert.deepEqual(home.document, {
    name: 'home',
    gateway: { hosts: ['gw.example.org'] },
    local: { id: '@me.example.org', auth: { psk: '0sMHggcmlnaHQgZW5vdWdo' } },
    remote: { id: 'C=CH, O=Example, CN=gw.example.org', auth: 'psk' },
    ike: { proposals: ['aes256-sha256-modp2048!'], lifetime: '3h', margin: '5m', fuzz: '50%' },
    esp: { lifetime: '1h', margin: '5m', fuzz: '50%' },
    virtualIp: { ipv4: true, ipv6: false },
    children: { home: { remote: ['10.0.0.0/8'] } },
    encapsulation: 'forced',
    dpd: { delay: '30' },
  });
  assert.ok(readProfile(home.document).ok);
  assertSilent(home, 'right enough', 'wrong', 'eapsecret');
  assert.deepEqual(linesOf(home, 'conn home: leftfirewall'), ['unmapped -']);
  assert.deepEqual(work.document.local.auth, {
    certificate: 'ipsec.d/certs/me.pem',
    key: 'ipsec.d/private/me.key',
    passphrase: 'pass word',
  });
  assert.deepEqual(work.document.remote?.anchors, ['ipsec.d/certs/gw.pem']);
});

test('keyingtries: attempts at connecting, and none of them the last', () => {
  const conf = (line: string): string => `connections {
    office { remote_addrs = gw.example.org
      ${line}
      local { auth = psk\n id = me }
      remote { auth = psk\n id = gw.example.org }
      children { net { remote_ts = 10.0.0.0/8 } } } }
  secrets { ike { secret = long enough for anybody } }`;
  const tries = (text: string): unknown =>
    (only(text).document.ike as { keyingtries?: number } | undefined)?.keyingtries;
  assert.deepEqual(
    [
      tries(conf('keyingtries = 0')),
      tries(conf('keyingtries = 4')),
      tries(conf('keyingtries = 99999')),
      tries(conf('')),
    ],
    [0, 4, 1000, undefined],
  );
  const ipsec = 'conn office\n  right=gw.example.org\n  authby=psk\n  keyingtries=%forever\n';
  assert.equal(tries(ipsec), 0);
});

test('inactivity: of a child in swanctl.conf, of all in ipsec.conf', () => {
  const conf = `connections { office { remote_addrs = gw.example.org
      local { auth = psk\n id = me }
      remote { auth = psk\n id = gw.example.org }
      children { net { remote_ts = 10.0.0.0/8\n inactivity = 10m\n start_action = trap } } } }
  secrets { ike { secret = long enough for anybody } }`;
  const profile = only(conf);
  const { net } = profile.document.children as Record<string, { inactivity?: unknown }>;
  assert.equal(net?.inactivity, '10m');
  assert.match(whyOf(profile, 'connections.office.children.net.start_action'), /brought up by the user/);
  const ipsec = only('conn office\n  right=gw.example.org\n  authby=psk\n  inactivity=90s\n');
  assert.equal((ipsec.document.esp as { inactivity?: unknown }).inactivity, '90s');
});
