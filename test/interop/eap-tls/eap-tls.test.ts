/** EAP-TLS with charon's own server: our certificate in the handshake, the gateway's in AUTH and in the handshake. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority, type Credential } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const AAA_ID = 'aaa.lab.example';

scenario(
  'eap-tls',
  async (stage) => {
    const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
    const sub = await root.sub('Laboratory sub CA');
    const stranger = await Authority.root(join(stage.lab.folder, 'pki'), 'Root of a stranger');
    const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
    const client = await sub.leaf({ names: [`DNS:${CLIENT_ID}`] });
    const anchors = [root.certificate];
    const auth = (of: Credential) => ({
      eap: 'tls' as const,
      certificate: of.certificate,
      key: of.key,
      chain: of.issuers,
    });
    const load = (credential = own, files: Record<string, string> = {}, remote = {}): Promise<void> =>
      stage.gateway.load(
        gatewayConf({
          local: byCertificate(),
          remote: { auth: 'eap-tls', eap_id: '%any', ...remote },
          connection: { send_cert: 'always' },
        }),
        { ...gatewayFiles(credential, root.certificate), ...files },
      );

    await stage.step('our certificate, below a sub CA, in fragments', async () => {
      await load();
      const mark = stage.gateway.log().length;
      const tunnel = await stage.connect(profile({ auth: auth(client), anchors }));
      assert.equal(tunnel.ike?.localAuth, 'EAP-TLS (TLS 1.2)');
      assert.match(stage.gateway.logSince(mark), /EAP method EAP_TLS succeeded, MSK established/);
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step('a certificate that the gateway does not know', async () => {
      await load();
      const unknown = await stranger.leaf({ names: [`DNS:${CLIENT_ID}`] });
      await stage.refused(profile({ auth: auth(unknown), anchors }), {
        code: 'AUTHENTICATION_FAILED',
        says: /refuses our certificate in EAP|EAP-TLS/,
      });
    });

    await stage.step('another EAP server than the profile names', async () => {
      await load();
      await stage.refused(profile({ auth: auth(client), anchors, more: { remote: { aaaId: AAA_ID } } }), {
        code: 'PEER_CERTIFICATE',
        check: 'identity',
        says: /aaa\.lab\.example/,
      });
    });
  },
  { settings: { half_open_timeout: 8 } },
);

scenario(
  'eap-tls-13',
  async (stage) => {
    const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
    const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
    const client = await root.leaf({ names: [`DNS:${CLIENT_ID}`] });
    const load = (): Promise<void> =>
      stage.gateway.load(
        gatewayConf({
          local: byCertificate(),
          remote: { auth: 'eap-tls', eap_id: '%any' },
          connection: { send_cert: 'always' },
        }),
        gatewayFiles(own, root.certificate),
      );
    const auth = { eap: 'tls' as const, certificate: client.certificate, key: client.key };
    const anchors = [root.certificate];

    await stage.step('charon 5.9.8 does not confirm inside of TLS 1.3: refused', async () => {
      await load();
      await stage.refused(profile({ auth, anchors }), {
        code: 'PROTOCOL_ERROR',
        says: /did not confirm inside of TLS 1\.3 .*RFC 9190/,
      });
    });

    await stage.step('with TLS 1.2 at most it connects', async () => {
      await load();
      const tunnel = await stage.connect(profile({ auth: { ...auth, tls: { max: '1.2' } }, anchors }));
      assert.equal(tunnel.ike?.localAuth, 'EAP-TLS (TLS 1.2)');
      await stage.disconnect();
    });

    await stage.step('a gateway that knows no version that the profile takes', async () => {
      await load();
      await stage.connect(profile({ auth: { ...auth, tls: { min: '1.2', max: '1.2' } }, anchors }));
      await stage.disconnect();
    });
  },
  { settings: { half_open_timeout: 8, tls: { version_max: '1.3' } }, logLevel: 2 },
);

const strongswan6 = process.env.CULVERT_STRONGSWAN6;

if (strongswan6 === undefined || strongswan6 === '')
  test('eap-tls with strongSwan 6', (t) => {
    console.error('SKIPPED eap-tls with strongSwan 6: CULVERT_STRONGSWAN6 does not name the root of one');
    t.skip('CULVERT_STRONGSWAN6 does not name the root of a strongSwan 6');
  });
else
  scenario(
    'eap-tls-strongswan6',
    async (stage) => {
      const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
      const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
      const client = await root.leaf({ names: [`DNS:${CLIENT_ID}`] });
      await stage.step('TLS 1.3, with the confirmation inside (RFC 9190)', async () => {
        await stage.gateway.load(
          gatewayConf({
            local: byCertificate(),
            remote: { auth: 'eap-tls', eap_id: '%any' },
            connection: { send_cert: 'always' },
          }),
          gatewayFiles(own, root.certificate),
        );
        const auth = { eap: 'tls' as const, certificate: client.certificate, key: client.key };
        const tunnel = await stage.connect(profile({ auth, anchors: [root.certificate] }));
        assert.equal(tunnel.ike?.localAuth, 'EAP-TLS (TLS 1.3)');
        await stage.carries();
        await stage.disconnect();
      });
    },
    { root: strongswan6, settings: { half_open_timeout: 3, tls: { version_max: '1.3' } } },
  );
