/** Two rounds of authentication (RFC 4739): a certificate or a shared secret first, then a user with a password. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { PASSWORD, USER } from '../lab/eap.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority, type Credential } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, PSK, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario(
  'two-rounds',
  async (stage) => {
    const folder = join(stage.lab.folder, 'pki');
    const root = await Authority.root(folder, 'Laboratory root');
    const stranger = await Authority.root(folder, 'Root of a stranger');
    const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
    const client = await root.leaf({ names: [`DNS:${CLIENT_ID}`] });
    const anchors = [root.certificate];
    const load = (first: 'pubkey' | 'psk', second = 'eap-mschapv2'): Promise<void> =>
      stage.gateway.load(
        {
          ...gatewayConf({
            local: byCertificate(),
            remote: first === 'psk' ? { auth: 'psk' } : { auth: 'pubkey', cacerts: 'clients-root.pem' },
            connection: {
              send_cert: 'always',
              ...(second === '' ? {} : { 'remote-2': { auth: second, eap_id: '%any' } }),
            },
          }),
          secrets: { 'eap-carol': { id: USER, secret: PASSWORD }, 'ike-lab': { secret: PSK } },
        },
        gatewayFiles(own, root.certificate),
      );
    const auth2 = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;
    const wish = (first: Credential | 'psk', second: object = auth2) => {
      const one = profile({ auth: first === 'psk' ? { psk: PSK } : first, anchors });
      return { ...one, local: { ...one.local, auth2: second } };
    };

    await stage.step('a certificate, then a password', async () => {
      await load('pubkey');
      const mark = stage.gateway.log().length;
      const tunnel = await stage.connect(wish(client));
      assert.equal(tunnel.ike?.localAuth, 'EAP-MSCHAPv2');
      const log = stage.gateway.logSince(mark);
      assert.match(log, /authentication of 'client\.lab\.example' with .* successful/);
      assert.match(log, /authentication of 'carol' with EAP successful/);
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step(
      'a shared secret, then a password; the gateway proves itself by certificate',
      async () => {
        await load('psk');
        await stage.connect(wish('psk'));
        await stage.carries();
        await stage.disconnect();
      },
    );

    await stage.step('a certificate, then EAP-MD5, which makes no key', async () => {
      await load('pubkey', 'eap-md5');
      await stage.connect(wish(client, { ...auth2, eap: 'md5' }));
      await stage.disconnect();
    });

    await stage.step('the right certificate and a wrong password', async () => {
      await load('pubkey');
      await stage.refused(wish(client, { ...auth2, password: 'Ar3etTnq' }), {
        code: 'AUTHENTICATION_FAILED',
        says: /user name or password is wrong/,
      });
    });

    await stage.step('an unknown certificate: no password leaves', async () => {
      await load('pubkey');
      const mark = stage.gateway.log().length;
      await stage.refused(wish(await stranger.leaf({ names: [`DNS:${CLIENT_ID}`] })), {
        code: 'AUTHENTICATION_FAILED',
      });
      assert.doesNotMatch(stage.gateway.logSince(mark), /EAP\/RES/);
    });

    await stage.step('a gateway that is content with one round', async () => {
      await load('pubkey', '');
      const answer = await stage.culvert.up(wish(client));
      assert.ok(!answer.ok, 'up');
      await stage.unchanged();
      await stage.culvert.down();
      await stage.gatewayEmpty();
    });
  },
  { settings: { half_open_timeout: 8 } },
);
