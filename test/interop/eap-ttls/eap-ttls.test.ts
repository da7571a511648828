/** EAP-TTLS with charon's own server, which has EAP in the tunnel. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PASSWORD, USER } from '../lab/eap.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority } from '../lab/pki.ts';
import { GATEWAY_ID, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

for (const [name, version, inner] of [
  ['eap-ttls', '1.2', 'mschapv2'],
  ['eap-ttls-md5', '1.2', 'md5'],
] as const)
  scenario(
    name,
    async (stage) => {
      const folder = join(stage.lab.folder, 'pki');
      const root = await Authority.root(folder, 'Laboratory root');
      const stranger = await Authority.root(folder, 'Root of a stranger');
      const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
      const anchors = [root.certificate];
      const load = (): Promise<void> =>
        stage.gateway.load(
          {
            ...gatewayConf({
              local: byCertificate(),
              remote: { auth: 'eap-ttls', eap_id: '%any' },
              connection: { send_cert: 'always' },
            }),
            secrets: { 'eap-carol': { id: USER, secret: PASSWORD } },
          },
          gatewayFiles(own, root.certificate),
        );
      const login = {
        eap: 'ttls',
        phase2: `eap-${inner}`,
        username: USER,
        password: PASSWORD,
        eapId: 'anonymous',
      } as const;

      await stage.step('the right password, with another name outside of the tunnel', async () => {
        await load();
        const mark = stage.gateway.log().length;
        const tunnel = await stage.connect(profile({ auth: login, anchors }));
        assert.equal(
          tunnel.ike?.localAuth,
          `EAP-TTLS/EAP-${inner === 'md5' ? 'MD5' : 'MSCHAPv2'} (TLS ${version})`,
        );
        assert.match(stage.gateway.logSince(mark), /received EAP identity 'anonymous'/);
        await stage.carries();
        await stage.disconnect();
      });

      await stage.step('a wrong password', async () => {
        await load();
        await stage.refused(profile({ auth: { ...login, password: 'Ar3etTnq' }, anchors }), {
          code: 'AUTHENTICATION_FAILED',
          says: /password/,
        });
      });

      await stage.step('a gateway of an unknown CA learns nothing', async () => {
        await load();
        const mark = stage.gateway.log().length;
        await stage.refused(profile({ auth: login, anchors: [stranger.certificate] }), {
          code: 'PEER_CERTIFICATE',
          check: 'unknown-ca',
        });
        assert.doesNotMatch(stage.gateway.logSince(mark), /EAP\/RES/);
      });

      await stage.step('an EAP server with another name learns no password', async () => {
        await load();
        const more = { remote: { aaaId: 'aaa.lab.example' } };
        await stage.refused(profile({ auth: login, anchors, more }), {
          code: 'PEER_CERTIFICATE',
          check: 'identity',
        });
      });
    },
    { settings: { half_open_timeout: 8, plugins: { 'eap-ttls': { phase2_method: inner } } } },
  );
