/**
 * The gateway brings the OCSP answer about its certificate (RFC 4806); the responder cannot be reached from here.
 * strongSwan does so from version 6 on, which needs the root of one.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PLUGINS } from '../lab/charon.ts';
import { must, until } from '../lab/command.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority, type Credential } from '../lab/pki.ts';
import { GATEWAY_ID, profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const OCSP_PORT = 8081;
const root = process.env.CULVERT_STRONGSWAN6;

if (root === undefined || root === '')
  test('ocsp-in-ike', (t) => {
    console.error('SKIPPED ocsp-in-ike: CULVERT_STRONGSWAN6 does not name the root of a strongSwan 6');
    t.skip('CULVERT_STRONGSWAN6 does not name the root of a strongSwan 6');
  });
else
  scenario(
    'ocsp-in-ike',
    async (stage) => {
      const authority = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
      // The gateway's loopback is not the client's.
      const extensions = [`authorityInfoAccess=OCSP;URI:http://127.0.0.1:${OCSP_PORT}/`];
      const own = (commonName: string): Promise<Credential> =>
        authority.leaf({ names: [`DNS:${GATEWAY_ID}`], commonName, extensions });
      const silent = await own('silent');
      const good = await own('good');
      const revoked = await own('revoked');
      const load = (gateway: Credential, ocsp: 'reply' | 'never'): Promise<void> =>
        stage.gateway.load(
          gatewayConf({ local: byCertificate(), connection: { send_cert: 'always', ocsp } }),
          gatewayFiles(gateway, authority.certificate),
        );
      const strict = profile({
        anchors: [authority.certificate],
        more: { remote: { revocation: { crl: 'off', ocsp: 'strict' } } },
      });

      await stage.step('the gateway has no answer: strict finds nothing out', async () => {
        await load(silent, 'reply');
        await stage.refused(strict, { code: 'PEER_CERTIFICATE', check: 'revocation-unknown' });
      });

      await serveOcsp(stage, authority.folder, [await row(good, false), await row(revoked, true)]);

      await stage.step('it has one and does not bring it: strict finds nothing out', async () => {
        await load(good, 'never');
        await stage.refused(strict, { code: 'PEER_CERTIFICATE', check: 'revocation-unknown' });
      });
      await stage.step('it brings a good one', async () => {
        await load(good, 'reply');
        await stage.connect(strict);
        await stage.carries();
        await stage.disconnect();
      });
      await stage.step('it brings that it is revoked', async () => {
        await load(revoked, 'reply');
        await stage.refused(strict, {
          code: 'PEER_CERTIFICATE',
          check: 'revoked',
          says: /reason: keyCompromise/,
        });
      });
    },
    { root, settings: { load: `${PLUGINS} curl` } },
  );

/** A line of OpenSSL's database. */
async function row({ certificate }: Credential, revoked: boolean): Promise<string> {
  const said = await must('openssl', ['x509', '-noout', '-serial'], { input: certificate });
  const serial = said.trim().replace('serial=', '');
  const [status, when] = revoked ? ['R', '260101000000Z,keyCompromise'] : ['V', ''];
  return `${status}\t491231235959Z\t${when}\t${serial}\tunknown\t/CN=${serial}\n`;
}

/** On the gateway, until its machine ends. */
async function serveOcsp({ lab }: Stage, folder: string, rows: readonly string[]): Promise<void> {
  const index = join(folder, 'status.index');
  writeFileSync(index, rows.join(''));
  const ca = join(folder, 'ca.pem');
  const signer = ['-CA', ca, '-rsigner', ca, '-rkey', join(folder, 'ca.key'), '-nmin', '60'];
  lab.gw.spawn(['openssl', 'ocsp', '-port', String(OCSP_PORT), '-index', index, ...signer], {
    log: join(lab.folder, 'ocsp.log'),
  });
  await until('the OCSP responder', async () => {
    const { stdout } = await lab.gw.run(['ss', '-Htln', `sport = :${OCSP_PORT}`]);
    return stdout.trim() !== '';
  });
}
