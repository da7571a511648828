/** Documents become profiles, or problems that name the field. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIp } from '../../../engine/base/ip.ts';
import { err, ok } from '../../../engine/base/result.ts';
import { type Profile, problemText } from '../../../engine/profile/profile.ts';
import { readProfile } from '../../../engine/profile/validate.ts';
import { PEM, PSK_DOCUMENT, PUBKEY_DOCUMENT } from './documents.ts';

function profileOf(document: unknown): Profile {
  const read = readProfile(document);
  assert.ok(read.ok, read.ok ? '' : read.error.map(problemText).join('\n'));
  return read.value.profile;
}

const problemsOf = (document: unknown): string[] => {
  const read = readProfile(document);
  return read.ok ? [] : read.error.map(problemText);
};

const warningsOf = (document: unknown): string[] => {
  const read = readProfile(document);
  assert.ok(read.ok);
  return read.value.warnings.map(problemText);
};

test('the smallest profile gets the product defaults', () => {
  const profile = profileOf(PSK_DOCUMENT);
  assert.equal(profile.gateway.port, 4500);
  assert.equal(profile.gateway.followRedirects, true);
  assert.deepEqual(profile.gateway.redirectTo, { names: [], prefixes: [] });
  assert.equal(profile.encapsulation, 'forced');
  assert.deepEqual(profile.ike.lifetime, { lifetime: 10_800_000, margin: 540_000, fuzz: 1 });
  const [child] = profile.children;
  assert.equal(profile.children.length, 1);
  assert.deepEqual(child?.lifetime, { lifetime: 3_600_000, margin: 540_000, fuzz: 1 });
  assert.deepEqual(child?.volume, { softBytes: 0, hardBytes: 0, softPackets: 0, hardPackets: 0 });
  assert.deepEqual(child?.local, ['dynamic']);
  assert.deepEqual(
    child?.remote.map((selector) => (selector === 'dynamic' ? selector : formatIp(selector.end))),
    ['255.255.255.255', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  );
  assert.ok((child?.replayWindow ?? 0) >= 1024);
  assert.deepEqual(profile.dpd, { delay: 30_000, action: 'restart' });
  assert.deepEqual(profile.fragmentation, { enabled: true, sizes: [1280, 576] });
  assert.equal(profile.local.auth.kind, 'psk');
  assert.equal(profile.remote.auth.kind, 'psk');
  assert.equal(profile.remote.sendId, true);
});

test('certificates on both sides', () => {
  const profile = profileOf(PUBKEY_DOCUMENT);
  assert.equal(profile.local.auth.kind, 'pubkey');
  assert.deepEqual(profile.remote.auth, {
    kind: 'pubkey',
    anchors: [PEM],
    eku: 'enforce',
    revocation: { crl: 'relaxed', ocsp: 'relaxed' },
    eapOnly: false,
    aaaId: undefined,
  });
});

test('a short lifetime gets a margin that leaves room', () => {
  const [child] = profileOf({ ...PSK_DOCUMENT, esp: { lifetime: '20s' } }).children;
  assert.deepEqual(child?.lifetime, { lifetime: 20_000, margin: 5000, fuzz: 1 });
});

test('children take what esp says unless they say otherwise', () => {
  const { children } = profileOf({
    ...PSK_DOCUMENT,
    esp: { proposals: 'aes256gcm16', lifebytes: 1000, marginbytes: 200 },
    children: { a: { remote: '10.0.0.0/8, 10.1.0.0/16' }, b: { proposals: 'aes128gcm16', lifebytes: 5000 } },
  });
  assert.deepEqual(
    children.map((child) => [
      child.name,
      child.proposals[0]?.transforms[0]?.keyLength,
      child.remote.length,
      child.volume.softBytes,
    ]),
    [
      ['a', 256, 2, 800],
      ['b', 128, 2, 4800],
    ],
  );
});

const base = PSK_DOCUMENT;
const BAD: readonly (readonly [what: string, document: unknown, expected: readonly RegExp[]])[] = [
  ['not an object', 5, [/^must be an object/]],
  ['empty', {}, [/^name: is missing/, /^gateway: is missing/, /^local: is missing/]],
  ['a folder as name', { ...base, name: '..' }, [/^name: /]],
  ['a path as name', { ...base, name: 'a/b' }, [/^name: /]],
  ['unknown key', { ...base, gatway: 1 }, [/^unknown key "gatway" \(did you mean "gateway"\?\)/]],
  [
    'unknown inner key',
    { ...base, ike: { liftime: '1h' } },
    [/^ike: unknown key "liftime" \(did you mean "lifetime"\?\)/],
  ],
  ['no command', { ...base, updown: '/bin/sh' }, [/^unknown key "updown"$/]],
  ['no hosts', { ...base, gateway: { hosts: [] } }, [/^gateway\.hosts: is empty/]],
  ['bad host', { ...base, gateway: { hosts: ['a.example', 'b c'] } }, [/^gateway\.hosts\[1\]: "b c"/]],
  ['bad address', { ...base, gateway: { hosts: '10.0.0.256' } }, [/^gateway\.hosts: /]],
  [
    'redirects to anybody',
    { ...base, gateway: { hosts: 'a', redirectTo: '*.org, 10.0.0.300, gw2.example' } },
    [/^gateway\.redirectTo\[0\]: "\*\.org" is not/, /^gateway\.redirectTo\[1\]: /],
  ],
  ['bad port', { ...base, gateway: { hosts: 'a', port: 0 } }, [/^gateway\.port: is at least 1/]],
  ['text as number', { ...base, mtu: '1400' }, [/^mtu: must be a number, not a text/]],
  ['small mtu', { ...base, mtu: 100 }, [/^mtu: is at least 576/]],
  ['no psk', { ...base, local: { auth: {} } }, [/^local\.auth: psk is missing/]],
  ['bad psk', { ...base, local: { auth: { psk: '0xabc' } } }, [/^local\.auth\.psk: /]],
  [
    'psk and key',
    { ...base, local: { auth: { psk: 'x', key: PEM } } },
    [/^local\.auth\.key: does not go together/],
  ],
  [
    'no key',
    { ...PUBKEY_DOCUMENT, local: { auth: { certificate: PEM } } },
    [/^local\.auth\.key: is missing/],
  ],
  [
    'no certificate',
    { ...PUBKEY_DOCUMENT, local: { auth: { key: PEM } } },
    [/^local\.auth\.certificate: is missing/],
  ],
  [
    'a file that nobody read',
    { ...PUBKEY_DOCUMENT, remote: { anchors: ['ca.pem'] } },
    [/^remote\.anchors\[0\]: is neither PEM/],
  ],
  ['no anchors', { ...PUBKEY_DOCUMENT, remote: {} }, [/^remote\.anchors: is missing/]],
  ['anchors with psk', { ...base, remote: { anchors: PEM } }, [/^remote\.anchors: has no meaning/]],
  ['no psk for the gateway', { ...PUBKEY_DOCUMENT, remote: { auth: 'psk' } }, [/^remote\.psk: is missing/]],
  [
    'bad revocation',
    { ...PUBKEY_DOCUMENT, remote: { anchors: PEM, revocation: { crl: 'maybe', ocps: 'off' } } },
    [/^remote\.revocation\.crl: must be "off" or "relaxed" or "strict"/, /did you mean "ocsp"/],
  ],
  [
    'bad eku',
    { ...PUBKEY_DOCUMENT, remote: { anchors: PEM, eku: 'maybe' } },
    [/^remote\.eku: must be "enforce" or "ignore"/],
  ],
  ['bad id', { ...base, local: { id: 'a\u0000b', auth: base.local.auth } }, [/^local\.id: /]],
  [
    'bad ike proposal',
    { ...base, ike: { proposals: 'aes256gcm16-prfsha384-ecp385' } },
    [/^ike\.proposals: "ecp385"/],
  ],
  [
    'second of a list',
    { ...base, ike: { proposals: ['aes256gcm16-prfsha384-ecp384', 'foo'] } },
    [/^ike\.proposals\[1\]: "foo"/],
  ],
  ['bad esp proposal', { ...base, esp: { proposals: 'aes256' } }, [/^esp\.proposals: "aes256" an integrity/]],
  [
    'bad child proposal',
    { ...base, children: { o: { proposals: 'rot13' } } },
    [/^children\.o\.proposals: "rot13"/],
  ],
  [
    'bad selector',
    { ...base, children: { o: { remote: ['10.0.0.0/8', '10/8'] } } },
    [/^children\.o\.remote\[1\]: "10\/8"/],
  ],
  ['no selectors', { ...base, children: { o: { local: [] } } }, [/^children\.o\.local: is empty/]],
  ['no children', { ...base, children: {} }, [/^children: is empty/]],
  ['bad child name', { ...base, children: { 'o/p': {} } }, [/^children\.o\/p: a child's name/]],
  ['bad lifetime', { ...base, ike: { lifetime: '3 hours' } }, [/^ike\.lifetime: must be whole seconds/]],
  ['long tunnel', { ...base, esp: { lifetime: '25h' } }, [/^esp\.lifetime: is at most 24h/]],
  [
    'long child',
    { ...base, children: { o: { lifetime: '2d' } } },
    [/^children\.o\.lifetime: is at most 24h/],
  ],
  ['margin above lifetime', { ...base, esp: { lifetime: '10m', margin: '10m' } }, [/^esp\.margin: is 10m/]],
  ['margin and fuzz above lifetime', { ...base, ike: { lifetime: '10m', margin: '6m' } }, [/^ike\.fuzz: /]],
  ['byte margin', { ...base, esp: { lifebytes: 10, marginbytes: 10 } }, [/^esp\.marginbytes: is 10/]],
  ['packet margin alone', { ...base, esp: { marginpackets: 10 } }, [/^esp\.marginpackets: has no meaning/]],
  ['half a byte', { ...base, esp: { lifebytes: 1.5 } }, [/^esp\.lifebytes: must be a whole number/]],
  ['dpd action', { ...base, dpd: { action: 'reboot' } }, [/^dpd\.action: must be "none" or "clear"/]],
  ['dpd delay', { ...base, dpd: { delay: -1 } }, [/^dpd\.delay: /]],
  ['encapsulation', { ...base, encapsulation: true }, [/^encapsulation: must be "forced" or "auto"/]],
  [
    'dns server',
    { ...base, dns: { servers: '10.0.0.53,dns.example' } },
    [/^dns\.servers\[1\]: "dns\.example"/],
  ],
  ['dns domain', { ...base, dns: { domains: ['a b'] } }, [/^dns\.domains\[0\]: "a b"/]],
  ['route', { ...base, routes: { extra: ['10.0.0.0/8', 'default'] } }, [/^routes\.extra\[1\]: "default"/]],
  ['interface', { ...base, interface: '../tun' }, [/^interface: /]],
  ['fragment size', { ...base, fragmentation: { size: 100 } }, [/^fragmentation\.size: is at least 576/]],
  ['tries', { ...base, retransmission: { tries: 0 } }, [/^retransmission\.tries: is at least 1/]],
  [
    'everything at once',
    { ...base, mtu: 1, gateway: { hosts: 'a', port: 70000 } },
    [/^gateway\.port: is at most 65535/, /^mtu: is at least 576/],
  ],
];

for (const [what, document, expected] of BAD) {
  test(`refused: ${what}`, () => {
    const problems = problemsOf(document);
    assert.equal(problems.length, expected.length, problems.join('\n'));
    for (const [i, pattern] of expected.entries()) assert.match(problems[i] ?? '', pattern);
  });
}

test('warnings name the field and refuse nothing', () => {
  assert.match(
    warningsOf({ ...base, ike: { lifetime: '30m' } })[0] ?? '',
    /^ike\.lifetime: .*shorter than the tunnel's 1h/,
  );
  assert.match(
    warningsOf({ ...base, local: { auth: { psk: 'short' } } })[0] ?? '',
    /^local\.auth\.psk: is short/,
  );
  assert.match(
    warningsOf({ ...PUBKEY_DOCUMENT, remote: { anchors: PEM, id: '%any' } })[0] ?? '',
    /^remote\.id: %any/,
  );
  const legacy = { ...base, ike: { proposals: 'aes128-sha1-modp2048' } };
  assert.match(warningsOf(legacy)[0] ?? '', /^ike\.proposals: prfsha1 is a legacy/);
  assert.deepEqual(warningsOf({ ...legacy, allowLegacy: true }), []);
  const broken = { ...base, ike: { proposals: 'aes128-md5-modp2048' } };
  assert.match(problemsOf(broken)[0] ?? '', /^ike\.proposals: prfmd5 is broken/);
  assert.deepEqual(warningsOf({ ...broken, allowLegacy: true }), []);
});

test('files are read by the reader that is given, DER becomes PEM', () => {
  const der = Uint8Array.of(0x30, 3, 2, 1, 5);
  const read = readProfile(
    {
      ...PUBKEY_DOCUMENT,
      local: { auth: { certificate: 'me.der', key: 'key.pem' } },
      remote: { anchors: ['ca.pem'] },
    },
    (path) =>
      path === 'me.der' ? ok(der) : path === 'key.pem' ? ok(Buffer.from(PEM)) : err('does not exist'),
  );
  assert.ok(!read.ok);
  assert.match(
    read.error.map(problemText)[0] ?? '',
    /^remote\.anchors\[0\]: the file ca\.pem does not exist/,
  );
  const good = readProfile({ ...PUBKEY_DOCUMENT, local: { auth: { certificate: 'me.der', key: PEM } } }, () =>
    ok(der),
  );
  assert.ok(good.ok && good.value.profile.local.auth.kind === 'pubkey');
  assert.equal(
    good.value.profile.local.auth.certificate,
    `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`,
  );
});

test('no problem ever repeats a secret', () => {
  const secret = '0xthis-is-the-secret';
  const text = JSON.stringify(
    problemsOf({ ...base, local: { auth: { psk: secret, key: secret, passphrase: 5 } } }),
  );
  assert.ok(!text.includes('this-is-the-secret'), text);
});

test('any JSON gives a profile or problems, never an exception', () => {
  const key = fc.constantFrom(
    ...Object.keys(PSK_DOCUMENT),
    'ike',
    'esp',
    'children',
    'dns',
    'remote',
    'mtu',
    'routes',
    '__proto__',
  );
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), key, (value, field) => {
      const read = readProfile({ ...PSK_DOCUMENT, [field]: value });
      if (!read.ok) assert.ok(read.error.length > 0);
      const alone = readProfile(value);
      assert.equal(alone.ok, false);
    }),
    { numRuns: 500 },
  );
});

test('a post-quantum pre-shared key is demanded unless the profile says otherwise', () => {
  const secret = 'a long enough secret for the next decades';
  const { ppk } = profileOf({ ...PSK_DOCUMENT, ike: { ppk: { id: 'office', secret } } }).ike;
  assert.deepEqual([ppk?.id, ppk?.required, String(ppk?.secret)], ['office', true, '***']);
  const optional = { ...PSK_DOCUMENT, ike: { ppk: { id: 'office', secret, required: false } } };
  assert.equal(profileOf(optional).ike.ppk?.required, false);
  assert.equal(profileOf(PSK_DOCUMENT).ike.ppk, undefined);
  const short = problemsOf({ ...PSK_DOCUMENT, ike: { ppk: { id: 'office', secret: '0xzz' } } });
  assert.match(short.join(), /^ike\.ppk\.secret: /);
});
