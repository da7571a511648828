/** Every format that administrators hand out, imported through the CLI, each ending in a connected tunnel. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FAILURES } from '../../../engine/base/failure.ts';
import { must } from '../lab/command.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { der, Handout, PASSPHRASE, TO_GATEWAY } from '../lab/handed-out.ts';
import { ADDRESS } from '../lab/lab.ts';
import { Authority, type KeyKind } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, TUNNEL } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';
import {
  APPLE_CERTIFICATE,
  appleEap,
  IPSEC_CONF,
  mobileconfig,
  nmconnection,
  PHONE_BOOK,
  PROFILE_XML,
  sswan,
  swanctl,
} from './formats.ts';

const USER = 'carol';
const PASSWORD = 'Ar3etTnp';

scenario('imports', async (stage) => {
  const pki = join(stage.lab.folder, 'pki');
  const root = await Authority.root(pki, 'Laboratory root');
  const issuing = await root.sub('Issuing CA');
  const gateway = await root.leaf({ names: [`DNS:${GATEWAY_ID}`, `IP:${ADDRESS.gw}`] });
  const client = await issuing.leaf({ names: [`DNS:${CLIENT_ID}`] });
  const out = new Handout(stage);
  const open = ['--passphrase-file', out.passphrase];
  const rootPem = out.write('root.pem', root.certificate);
  const clientPem = out.write('client.pem', client.certificate);
  const issuingPem = out.write('issuing.pem', issuing.certificate);
  const password = out.write('password', PASSWORD);
  const plainKey = out.write('plain.key', client.key);
  const sealedKey = out.path('client.key');
  await must('openssl', [
    ...['pkcs8', '-topk8', '-in', plainKey, '-out', sealedKey, '-passout', `pass:${PASSPHRASE}`],
  ]);

  /** Clients of any name below the root, its own or that of a stranger. */
  const byPublicKey = (clients = root.certificate): Promise<void> =>
    stage.gateway.load(
      gatewayConf({
        ike: 'default',
        esp: 'default',
        local: byCertificate(),
        remote: { auth: 'pubkey', id: '%any' },
        connection: { send_cert: 'always' },
      }),
      gatewayFiles(gateway, clients, [root.certificate]),
    );
  /** Named as the gateway by its address too, since Windows has no other identity for it. */
  const byPassword = (id = GATEWAY_ID): Promise<void> =>
    stage.gateway.load(
      {
        ...gatewayConf({
          ike: 'default',
          esp: 'default',
          local: { ...byCertificate(), id },
          remote: { auth: 'eap-mschapv2', id: '%any', eap_id: '%any' },
          connection: { send_cert: 'always' },
        }),
        secrets: { 'eap-carol': { id: USER, secret: PASSWORD } },
      },
      gatewayFiles(gateway, root.certificate),
    );

  for (const [key, more] of [
    ['rsa3072', []],
    ['p256', ['-legacy']],
  ] as const satisfies readonly (readonly [KeyKind, readonly string[]])[])
    await stage.step(`PKCS#12 ${more.join('') || 'modern'} with ${key}`, async () => {
      await byPublicKey();
      const own = await issuing.leaf({ names: [`email:${key}@lab.example`], key });
      const bundle = await out.pkcs12(`${key}.bin`, own, [root.certificate], more);
      const locked = await out.import(bundle, ...TO_GATEWAY);
      assert.equal(locked.code, FAILURES.LOCAL_CREDENTIALS, locked.stderr);
      assert.match(locked.stderr, /passphrase-needed/);
      const wrong = await out.import(bundle, ...TO_GATEWAY, '--passphrase-file', password);
      assert.equal(wrong.code, FAILURES.LOCAL_CREDENTIALS, wrong.stderr);
      assert.match(wrong.stderr, /wrong-passphrase/);
      const mark = stage.gateway.log().length;
      await out.connects(bundle, ...TO_GATEWAY, ...open);
      assert.match(
        stage.gateway.logSince(mark),
        new RegExp(`authentication of '${key}@lab.example' with .* successful`),
      );
    });

  await stage.step('PEM in any order with an encrypted Ed25519 key', async () => {
    await byPublicKey();
    const own = await issuing.leaf({ names: [`DNS:${CLIENT_ID}`], key: 'ed25519' });
    const key = out.write('ed.key', own.key);
    await must('openssl', [
      ...['pkcs8', '-topk8', '-in', key, '-out', out.path('ed.enc'), '-passout', `pass:${PASSPHRASE}`],
    ]);
    const text = [
      root.certificate,
      readFileSync(out.path('ed.enc'), 'utf8'),
      own.certificate,
      issuing.certificate,
    ];
    await out.connects(out.write('all.txt', text.join('some words\n')), ...TO_GATEWAY, ...open);
  });

  await stage.step('a PKCS#7 chain and a key in DER', async () => {
    await byPublicKey();
    const chain = out.path('chain.p7b');
    await must('openssl', [
      ...['crl2pkcs7', '-nocrl', '-outform', 'DER', '-out', chain],
      ...[clientPem, issuingPem, rootPem].flatMap((file) => ['-certfile', file]),
    ]);
    await out.connects(chain, out.write('key.der', der(client.key)), ...TO_GATEWAY);
  });

  await stage.step('made with strongSwan’s pki', async () => {
    const write = async (name: string, ...args: readonly string[]): Promise<string> => {
      const octets = Buffer.from(await must('sh', ['-c', `pki "$@" | base64`, 'sh', ...args]), 'base64');
      return out.write(name, octets);
    };
    const caKey = await write('ca.key', '--gen', '--type', 'rsa', '--size', '2048');
    const ca = await write(
      'ca.der',
      ...['--self', '--ca', '--in', caKey, '--type', 'rsa', '--dn', 'C=CH, O=pki, CN=pki root'],
    );
    const key = await write('pki.key', '--gen', '--type', 'ecdsa', '--size', '384');
    const certificate = await write(
      'pki.der',
      ...['--issue', '--in', key, '--type', 'ecdsa', '--cacert', ca, '--cakey', caKey],
      ...['--dn', 'C=CH, O=pki, CN=client', '--san', 'client@pki.example'],
    );
    const pem = await must('openssl', ['x509', '-inform', 'DER', '-in', ca]);
    await byPublicKey(pem);
    await out.connects(certificate, key, rootPem, ...TO_GATEWAY);
  });

  const pkcs12 = await out.pkcs12('client.p12', client, [], ['-legacy']);

  const android = out.write('a.sswan', sswan(readFileSync(pkcs12), root.certificate));

  await stage.step('.sswan with an embedded PKCS#12', async () => {
    await byPublicKey();
    const said = await out.connects(android, ...open);
    assert.match(said, /taken\s+local\.p12 → local\.auth/);
  });

  const both = out.write('both.sswan', sswan(readFileSync(pkcs12), root.certificate, USER));
  const byBoth = [both, ...open, '--password-file', password];

  await stage.step('.sswan with a certificate, then EAP', async () => {
    await stage.gateway.load(
      {
        ...gatewayConf({
          ike: 'default',
          esp: 'default',
          local: byCertificate(),
          remote: { auth: 'pubkey', id: CLIENT_ID },
          connection: {
            send_cert: 'always',
            'remote-2': { auth: 'eap-mschapv2', id: CLIENT_ID, eap_id: '%any' },
          },
        }),
        secrets: { 'eap-carol': { id: USER, secret: PASSWORD } },
      },
      gatewayFiles(gateway, root.certificate),
    );
    const mark = stage.gateway.log().length;
    const said = await out.connects(...byBoth);
    assert.match(said, /local\.eap_id → local\.auth2\.username/);
    const log = stage.gateway.logSince(mark);
    assert.match(log, /authentication of 'client\.lab\.example' with (RSA|ECDSA).* successful/);
    assert.match(log, /authentication of 'client\.lab\.example' with EAP successful/);
    const without = await out.import(both, ...open);
    assert.equal(without.code, FAILURES.PROFILE_INVALID, without.stderr);
    assert.match(without.stderr, /local\.auth2\.password/);
  });

  await stage.step('.mobileconfig with an embedded PKCS#12, plain and signed', async () => {
    await byPublicKey();
    const text = mobileconfig(root.certificate, APPLE_CERTIFICATE, readFileSync(pkcs12));
    const plain = out.write('a.mobileconfig', text);
    await out.connects(plain, ...open);
    const signed = out.path('signed.mobileconfig');
    await must('openssl', [
      ...['smime', '-sign', '-nodetach', '-binary', '-outform', 'DER', '-in', plain, '-out', signed],
      ...['-signer', clientPem, '-inkey', plainKey],
    ]);
    const said = await out.connects(signed, ...open);
    assert.match(said, /is signed by/);
  });

  await stage.step('.mobileconfig with EAP', async () => {
    await byPassword();
    const file = out.write('eap.mobileconfig', mobileconfig(root.certificate, appleEap(USER, PASSWORD)));
    const said = await out.connects(file);
    assert.ok(!said.includes(PASSWORD));
  });

  await stage.step('swanctl.conf by certificate, its key encrypted', async () => {
    await byPublicKey();
    const conf = swanctl(
      `auth = pubkey\n      certs = client.pem\n      id = ${CLIENT_ID}`,
      `private-lab {\n    file = client.key\n    secret = "${PASSPHRASE}"\n  }`,
    );
    await out.connects(...[out.write('swanctl.conf', conf), clientPem, issuingPem, rootPem, sealedKey]);
  });

  await stage.step('swanctl.conf with EAP, its secrets apart', async () => {
    await byPassword();
    const [connections = '', secrets = ''] = swanctl(
      `auth = eap-mschapv2\n      id = ${CLIENT_ID}\n      eap_id = ${USER}`,
      `eap-1 {\n    id = ${USER}\n    secret = ${PASSWORD}\n  }`,
    ).split('secrets {');
    await out.connects(
      ...[out.write('connections.conf', connections), rootPem],
      ...['--secrets', out.write('secrets.conf', `secrets {${secrets}`)],
    );
  });

  await stage.step('ipsec.conf with ipsec.secrets', async () => {
    await byPublicKey();
    const secrets = out.write('ipsec.secrets', `# the key\n: PKCS8 client.key "${PASSPHRASE}"\n`);
    await out.connects(
      ...[out.write('ipsec.conf', IPSEC_CONF), clientPem, issuingPem, rootPem, sealedKey],
      ...['--secrets', secrets],
    );
  });

  await stage.step('.nmconnection by certificate and by EAP', async () => {
    await byPublicKey();
    const cert = 'method=key\nusercert=/home/me/client.pem\nuserkey=/home/me/client.key';
    await out.connects(
      ...[out.write('cert.nmconnection', nmconnection(cert, PASSPHRASE)), clientPem, issuingPem],
      ...[sealedKey, rootPem],
    );
    await byPassword();
    const eap = nmconnection(`method=eap\nuser=${USER}`, PASSWORD);
    await out.connects(out.write('eap.nmconnection', eap), rootPem);
  });

  const login = ['--username', USER, '--password-file', password];

  await stage.step('ProfileXML with EAP-MSCHAPv2', async () => {
    await byPassword(ADDRESS.gw);
    await out.connects(out.write('profile.xml', PROFILE_XML), rootPem, ...login);
  });

  await stage.step('rasphone.pbk with EAP-MSCHAPv2', async () => {
    await byPassword(ADDRESS.gw);
    await out.connects(out.write('rasphone.pbk', PHONE_BOOK), rootPem, ...login);
  });

  await stage.step('our own sealed export comes back', async () => {
    await byPublicKey();
    await out.connects(pkcs12, rootPem, ...TO_GATEWAY, ...open);
    const file = out.path('lab.culvert.json');
    const exported = await stage.culvert.cli([
      ...[
        'profiles',
        'export',
        TUNNEL,
        '--format',
        'culvert',
        '--passphrase-file',
        out.passphrase,
        '-o',
        file,
      ],
    ]);
    assert.equal(exported.code, 0, exported.stderr);
    assert.ok(!readFileSync(file, 'utf8').includes('PRIVATE KEY'));
    await stage.culvert.cli(['profiles', 'remove', TUNNEL]);
    assert.equal((await out.import(file)).code, FAILURES.LOCAL_CREDENTIALS);
    await out.connects(file, ...open);
  });

  for (const [rounds, args, secrets] of [
    ['one round', [android, ...open], ''],
    ['two rounds', byBoth, `secrets { eap-carol { id = ${USER}\n secret = ${PASSWORD}\n } }\n`],
  ] as const)
    await stage.step(`a gateway that is set up by our own snippet, ${rounds}`, async () => {
      await out.import(...args);
      const exported = await stage.culvert.cli(['profiles', 'export', TUNNEL, '--format', 'gateway']);
      assert.equal(exported.code, 0, exported.stderr);
      const folder = join(stage.gateway.folder, 'swanctl');
      for (const [name, text] of Object.entries({
        'swanctl.conf': `${exported.stdout}${secrets}`,
        'x509/gateway.pem': gateway.certificate,
        'private/gateway.key': gateway.key,
        'x509ca/clients-ca.pem': root.certificate,
      })) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text, { mode: 0o600 });
      }
      const loaded = await stage.gateway.swanctl('--load-all', '--clear');
      assert.equal(loaded.code, 0, `${loaded.stdout}${loaded.stderr}`);
      await out.up();
    });
});
