/** Bundles with chains: CAs below CAs, a CA that two roots have signed, and four RSA-4096 certificates in fragments. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../lab/command.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Handout, TO_GATEWAY } from '../lab/handed-out.ts';
import { Authority, type Credential } from '../lab/pki.ts';
import { GATEWAY_ID } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('import-chains', async (stage) => {
  const pki = join(stage.lab.folder, 'pki');
  const root = await Authority.root(pki, 'Laboratory root');
  const out = new Handout(stage);
  const open = ['--passphrase-file', out.passphrase];
  const load = (gateway: Credential, clients: string): Promise<void> =>
    stage.gateway.load(
      gatewayConf({
        ike: 'default',
        esp: 'default',
        local: byCertificate(),
        remote: { auth: 'pubkey', id: '%any' },
        connection: { send_cert: 'always' },
      }),
      gatewayFiles(gateway, clients),
    );

  await stage.step('a sub-CA of a sub-CA at both ends', async () => {
    const below = await (await root.sub('Department')).sub('Team');
    const gateway = await below.leaf({ names: [`DNS:${GATEWAY_ID}`] });
    const client = await below.leaf({ names: ['email:team@lab.example'] });
    await load(gateway, root.certificate);
    await out.connects(await out.pkcs12('team.p12', client, [root.certificate]), ...TO_GATEWAY, ...open);
  });

  await stage.step('a CA that two roots have signed: trusting either of them does', async () => {
    const old = await Authority.root(pki, 'Old root');
    const fresh = await Authority.root(pki, 'Fresh root');
    // The fresh root's key and name under the old root's signature.
    const cross = out.path('cross.pem');
    await must('openssl', [
      ...['x509', '-new', '-force_pubkey', out.write('fresh.pub', await publicKey(fresh)), '-out', cross],
      ...['-subj', '/O=Culvert laboratory/CN=Fresh root', '-days', '30'],
      ...['-CA', join(old.folder, 'ca.pem'), '-CAkey', join(old.folder, 'ca.key'), '-CAcreateserial'],
      ...[
        '-extfile',
        out.write('ca.ext', 'basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n'),
      ],
    ]);
    const gateway = await fresh.leaf({ names: [`DNS:${GATEWAY_ID}`] });
    const client = await fresh.leaf({ names: ['email:cross@lab.example'] });
    const crossPem = readFileSync(cross, 'utf8');
    await load({ ...gateway, issuers: [crossPem] }, old.certificate);
    const own = { ...client, issuers: [crossPem] };
    const both = await out.pkcs12('cross.p12', own, [old.certificate, fresh.certificate]);
    await out.connects(both, ...TO_GATEWAY, ...open, '--trust', 'Old root');
    await load({ ...gateway, issuers: [crossPem] }, fresh.certificate);
    await out.connects(both, ...TO_GATEWAY, ...open, '--trust', 'Fresh root');
  });

  await stage.step('four RSA-4096 certificates over fragmentation', async () => {
    const top = await Authority.root(pki, 'Large root', 'rsa4096');
    const below = await (await top.sub('Large department', 'rsa4096')).sub('Large team', 'rsa4096');
    const gateway = await below.leaf({ names: [`DNS:${GATEWAY_ID}`], key: 'rsa4096' });
    const client = await below.leaf({ names: ['email:large@lab.example'], key: 'rsa4096' });
    await load(gateway, top.certificate);
    const mark = stage.gateway.log().length;
    await out.connects(await out.pkcs12('large.p12', client, [top.certificate]), ...TO_GATEWAY, ...open);
    assert.match(
      stage.gateway.logSince(mark),
      /received fragment #\d of \d, reassembled fragmented IKE message/,
    );
  });
});

const publicKey = (authority: Authority): Promise<string> =>
  must('openssl', ['pkey', '-in', join(authority.folder, 'ca.key'), '-pubout']);
