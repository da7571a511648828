/** `diagnose.bundle`: no secret is in it, names go by pseudonyms when asked, and it stays within its size. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleSchema, type DiagnoseBundle, MAX_BUNDLE_OCTETS } from '../../../engine/api/diagnose.ts';
import { createDiagnose } from '../../../engine/diagnose.ts';
import { redactSecrets } from '../../../engine/profile/redact.ts';
import { issue } from '../pki/fixtures.ts';
import { FakeEngine, TUNNEL } from '../rpc/fake-engine.ts';

const root = await issue({ subject: 'C=CH, O=Secretive, CN=Hidden Root', ca: true });
const own = await issue({
  subject: 'C=CH, O=Secretive, CN=alice',
  issuer: root,
  san: [{ type: 'email', value: 'alice@example.net' }],
});

const PSK = 'correct horse battery';
const PPK = '0x00112233445566778899aabbccddeeff';
const PASSPHRASE = 'opens the key 42';
const PASSWORD = 'pässword-of-alice';

const DOCUMENTS: readonly Readonly<Record<string, unknown>>[] = [
  {
    name: 'shared',
    gateway: { hosts: ['vpn.example.com', '203.0.113.9'] },
    local: { id: 'alice@example.net', auth: { psk: PSK } },
    remote: { psk: `0s${Buffer.from('secret of the gateway').toString('base64')}` },
    ike: { ppk: { id: 'ppk-of-alice', secret: PPK } },
  },
  {
    name: 'login',
    gateway: { hosts: 'vpn.example.com' },
    local: {
      auth: { certificate: own.pem, key: own.keyPem, passphrase: PASSPHRASE },
      auth2: { eap: 'mschapv2', username: 'asmith', password: PASSWORD },
    },
    remote: { anchors: [root.pem] },
  },
];

const secretOctets = (secret: string): Buffer[] => [
  Buffer.from(secret),
  ...(secret.startsWith('0x') ? [Buffer.from(secret.slice(2), 'hex')] : []),
  ...(secret.startsWith('0s') ? [Buffer.from(secret.slice(2), 'base64')] : []),
];

/** In clear, as hex and as Base64. */
const forms = (secret: string): string[] => [
  secret,
  ...secretOctets(secret).flatMap((octets) => [
    octets.toString('hex'),
    octets.toString('hex').toUpperCase(),
    octets.toString('base64').replace(/=+$/, ''),
  ]),
];

const SECRETS = [
  PSK,
  PPK,
  PASSPHRASE,
  PASSWORD,
  `0s${Buffer.from('secret of the gateway').toString('base64')}`,
  own.keyPem,
  own.keyPem.replace(/-----[^-]+-----|\s/g, ''),
];

class Told extends FakeEngine {
  documents: readonly Readonly<Record<string, unknown>>[] = DOCUMENTS;
  override async listProfiles(): Promise<{ name: string; hosts: string[]; auth: 'psk' }[]> {
    return this.documents.map((one) => ({ name: String(one.name), hosts: ['vpn.example.com'], auth: 'psk' }));
  }
  override async getProfile(name: string): Promise<{ name: string; profile: Record<string, unknown> }> {
    return { name, profile: redactSecrets(this.documents.find((one) => one.name === name) ?? {}) };
  }
}

const HOST = [
  { title: '/etc/resolv.conf', text: 'search corp.example.org\nnameserver 10.1.2.3' },
  {
    title: 'ip address show',
    text: 'inet 192.0.2.7/24 brd 192.0.2.255\nlink/ether 52:54:00:12:34:56\ninet6 2001:db8::7/64\ninet 127.0.0.1/8',
  },
];

const facts = {
  platform: 'linux 6.1 x64',
  node: 'v20.20.0',
  hostName: 'alices-laptop',
  read: async () => HOST,
};

const make = (engine: Told, mask = false): Promise<DiagnoseBundle> =>
  createDiagnose(facts)(engine, engine.documents, { mask });

const ready = (): Told => {
  const engine = new Told();
  engine.tunnels = [TUNNEL];
  return engine;
};

/** Each text of the bundle as it is, not as JSON writes it. */
const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? [...Object.keys(value), ...Object.values(value).flatMap(texts)]
      : [];

function assertWithout(bundle: DiagnoseBundle): void {
  const all = texts(bundle).join('\n');
  for (const form of SECRETS.flatMap(forms))
    assert.ok(!all.includes(form), `a secret is in the bundle as ${form.slice(0, 12)}…`);
}

test('no secret of a profile is in a bundle, in clear, as hex or as Base64', async () => {
  for (const mask of [false, true]) assertWithout(await make(ready(), mask));
});

test('a secret that slipped into the log or a report is struck out', async () => {
  const engine = ready();
  for (const form of SECRETS.flatMap(forms)) engine.say(`said ${form} aloud`, { as: form });
  engine.checks = [{ id: 'x', title: 'x', verdict: 'fail', text: `it is ${PSK}`, advice: [PASSWORD] }];
  const bundle = await make(engine);
  assertWithout(bundle);
  assert.match(JSON.stringify(bundle.doctor), /it is \*\*\*/);
});

test('a key that stands where a certificate belongs is struck out', async () => {
  const engine = ready();
  const [, login] = DOCUMENTS;
  const local = { auth: { certificate: own.pem + own.keyPem, key: 'other', passphrase: 'x' } };
  engine.documents = [{ ...login, local }];
  const all = texts(await make(engine)).join('\n');
  assert.ok(!all.includes('PRIVATE KEY'));
  assert.ok(all.includes('BEGIN CERTIFICATE'));
});

test('of a profile without a meaning only the shape is told', async () => {
  const engine = ready();
  engine.documents = [{ name: 'broken', local: { auth: { pasword: PASSWORD } } }];
  engine.listProfiles = async () => [
    { name: 'broken', hosts: [], auth: 'psk', problem: 'local.auth: unknown key "pasword"' },
  ];
  const bundle = await make(engine);
  assertWithout(bundle);
  assert.deepEqual(bundle.profiles[0]?.profile, { name: '***', local: { auth: { pasword: '***' } } });
});

test('a password that is an ordinary word of the profile is not told by striking that word', async () => {
  const engine = ready();
  engine.documents = [
    {
      name: 'weak',
      gateway: { hosts: 'vpn.example.com' },
      local: { id: 'same-word', auth: { psk: 'same-word' } },
    },
  ];
  engine.say('we are same-word');
  const bundle = await make(engine);
  assert.equal(bundle.log[0]?.message, 'we are same-word');
});

test('a masked bundle has pseudonyms, the same everywhere', async () => {
  const engine = ready();
  engine.say('asking VPN.example.com at 203.0.113.9 for asmith as alice@example.net', {
    peer: '203.0.113.9',
  });
  engine.say('the gateway identified as C=CH, O=Secretive, CN=gw.other.example');
  engine.say('fetching http://crl.unknown.example/root.crl; set remote.id, see /etc/resolv.conf');
  engine.checks = [
    { id: 'x', title: 'x', verdict: 'warn', text: `issued by "${root.certificate.label}"`, advice: [] },
  ];
  const bundle = await make(engine, true);
  const all = texts(bundle).join('\n');
  const names = [
    'vpn.example.com',
    'example.com',
    '203.0.113.9',
    'asmith',
    'alice',
    'Secretive',
    'Hidden Root',
    'ppk-of-alice',
    'gw.other.example',
    'crl.unknown',
    'corp.example.org',
    '10.1.2.3',
    '10.9.0.5',
    '192.0.2.7',
    '52:54:00',
    '2001:db8',
    'BEGIN CERTIFICATE',
  ];
  for (const name of names)
    assert.ok(!all.toLowerCase().includes(name.toLowerCase()), `${name} is still there`);
  for (const kept of ['127.0.0.1/8', 'remote.id', '/etc/resolv.conf', 'ESTABLISHED', 'aes256gcm16-esn'])
    assert.ok(all.includes(kept), `${kept} is gone`);
  const [said] = bundle.log as readonly { message: string; fields: { peer: string } }[];
  const found = /^asking (host-\d+) at (addr-\d+) for (user-\d+) as (id-\d+|user-\d+)$/.exec(
    said?.message ?? '',
  );
  assert.ok(found, said?.message);
  assert.equal(said?.fields.peer, found[2]);
  assert.deepEqual(bundle.profiles[0]?.profile?.gateway, { hosts: [found[1], found[2]] });
  assert.equal(bundle.masked, true);
});

test('names and addresses stay in a bundle that is not masked', async () => {
  const bundle = await make(ready());
  assert.match(JSON.stringify(bundle), /vpn\.example\.com/);
  assert.deepEqual(bundle.host, HOST);
  assert.equal(bundle.system.node, 'v20.20.0');
  assert.deepEqual(
    bundleSchema.parse(JSON.parse(JSON.stringify(bundle))),
    JSON.parse(JSON.stringify(bundle)),
  );
});

test('the oldest lines of the log go first where a bundle is too large, and it says so', async () => {
  const engine = ready();
  for (let i = 0; i < 50; i++) engine.say(`${i} ${'x'.repeat(20_000)}`);
  const bundle = await make(engine);
  const octets = Buffer.byteLength(JSON.stringify(bundle, null, 2));
  assert.ok(octets <= MAX_BUNDLE_OCTETS, `${octets}`);
  assert.ok(octets > MAX_BUNDLE_OCTETS - 25_000, `only ${octets}`);
  assert.match(String(bundle.log.at(-1)?.message), /^49 /);
  assert.equal(bundle.omitted.length, 1);
  assert.match(bundle.omitted[0] ?? '', new RegExp(`^the oldest ${50 - bundle.log.length} lines of the log`));
  assert.equal(bundle.profiles.length, 2);
});

test('more than the log goes where that is not enough', async () => {
  const engine = ready();
  engine.documents = Array.from({ length: 9 }, (_, i) => ({
    name: `p${i}`,
    remote: { anchors: 'x'.repeat(200_000) },
  }));
  const bundle = await make(engine);
  assert.ok(Buffer.byteLength(JSON.stringify(bundle, null, 2)) <= MAX_BUNDLE_OCTETS);
  assert.match(bundle.omitted.join('\n'), /the first \d reports of the doctor.*\n.*the first 7 profiles/);
  assert.equal(bundle.profiles.at(-1)?.name, 'p8');
});
