/** A gateway that proves itself by EAP alone (RFC 5998): an explicit choice, and only where the method is mutual. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PASSWORD, USER } from '../lab/eap.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario(
  'eap-only',
  async (stage) => {
    const folder = join(stage.lab.folder, 'pki');
    const root = await Authority.root(folder, 'Laboratory root');
    const stranger = await Authority.root(folder, 'Root of a stranger');
    const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
    const client = await root.leaf({ names: [`DNS:${CLIENT_ID}`] });
    const load = (method: string): Promise<void> =>
      stage.gateway.load(
        {
          ...gatewayConf({
            local: byCertificate(method),
            remote: { auth: method, eap_id: '%any' },
          }),
          secrets: { 'eap-carol': { id: USER, secret: PASSWORD } },
        },
        gatewayFiles(own, root.certificate),
      );
    const tls = { eap: 'tls', certificate: client.certificate, key: client.key } as const;
    const ttls = { eap: 'ttls', phase2: 'eap-md5', username: USER, password: PASSWORD } as const;
    const wish = (auth: typeof tls | typeof ttls, kind: 'eap' | 'pubkey', anchors = [root.certificate]) =>
      profile({ auth, anchors, more: { remote: { auth: kind } } });

    await stage.step('EAP-TLS', async () => {
      await load('eap-tls');
      const mark = stage.gateway.log().length;
      await stage.connect(wish(tls, 'eap'));
      assert.match(stage.gateway.logSince(mark), /IKE_AUTH response 1 \[ IDr EAP\/REQ\/ID \]/);
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step('EAP-TTLS', async () => {
      await load('eap-ttls');
      await stage.connect(wish(ttls, 'eap'));
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step('an EAP server of an unknown CA gets no password', async () => {
      await load('eap-ttls');
      await stage.refused(wish(ttls, 'eap', [stranger.certificate]), {
        code: 'PEER_CERTIFICATE',
        check: 'unknown-ca',
        says: /TLS server of EAP/,
      });
    });

    await stage.step('not without the choice', async () => {
      await load('eap-ttls');
      await stage.refused(wish(ttls, 'pubkey'), { code: 'AUTHENTICATION_FAILED' });
    });
  },
  { settings: { half_open_timeout: 8 } },
);
