/**
 * An EAP server behind the gateway, over RADIUS, with an identity of its own: EAP-TLS 1.3, EAP-TTLS with attributes,
 * PEAP with its cryptographic binding.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalAuthDocument } from '../../../engine/profile/schema.ts';
import { PASSWORD, USER } from '../lab/eap.ts';
import { byCertificate, gatewayConf, gatewayFiles } from '../lab/gateway.ts';
import { Authority } from '../lab/pki.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { RADIUS_PLUGIN, startRadius } from '../lab/radius.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const AAA_ID = 'aaa.lab.example';
const WRONG = 'Ar3etTnq';

interface Case {
  readonly name: string;
  readonly auth: LocalAuthDocument & { readonly eap: 'ttls' | 'peap' };
  readonly titled: string;
}

const CASES: readonly Case[] = [
  { name: 'TTLS-PAP', auth: { eap: 'ttls', phase2: 'pap' }, titled: 'EAP-TTLS/PAP' },
  { name: 'TTLS-MSCHAPV2', auth: { eap: 'ttls', phase2: 'mschapv2' }, titled: 'EAP-TTLS/MSCHAPv2' },
  { name: 'MSCHAPV2', auth: { eap: 'ttls', phase2: 'eap-mschapv2' }, titled: 'EAP-TTLS/EAP-MSCHAPv2' },
  { name: 'MSCHAPV2', auth: { eap: 'peap', phase2: 'mschapv2' }, titled: 'PEAP/MSCHAPv2' },
  { name: 'GTC', auth: { eap: 'peap', phase2: 'eap-gtc' }, titled: 'PEAP/EAP-GTC' },
];

for (const version of ['1.2', '1.3'] as const)
  scenario(
    `eap-radius-${version.replace('.', '')}`,
    async (stage) => {
      const folder = join(stage.lab.folder, 'pki');
      const root = await Authority.root(folder, 'Laboratory root');
      const sub = await root.sub('Laboratory sub CA');
      const stranger = await Authority.root(folder, 'Root of a stranger');
      const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
      const aaa = await sub.leaf({ names: [`DNS:${AAA_ID}`] });
      const client = await root.leaf({ names: [`DNS:${CLIENT_ID}`] });
      const unknown = await stranger.leaf({ names: [`DNS:${CLIENT_ID}`] });

      const serve = async (users: readonly string[], body: () => Promise<void>): Promise<void> => {
        await stage.gateway.load(
          gatewayConf({
            local: byCertificate(),
            remote: { auth: 'eap-radius', eap_id: '%any' },
            connection: { send_cert: 'always' },
          }),
          gatewayFiles(own, root.certificate),
        );
        const stop = await startRadius(stage.lab.gw, {
          own: aaa,
          clients: root.certificate,
          tls: version,
          users,
        });
        try {
          await body();
        } finally {
          await stop();
        }
      };
      const wish = (auth: LocalAuthDocument, aaaId: string | undefined = AAA_ID) =>
        profile({
          auth: { ...auth, eap: auth.eap ?? 'tls' },
          anchors: [root.certificate],
          more: { remote: aaaId === '' ? {} : { aaaId } },
        });

      await stage.step('EAP-TLS', () =>
        serve(['* TLS'], async () => {
          const auth = { eap: 'tls', certificate: client.certificate, key: client.key } as const;
          const tunnel = await stage.connect(wish(auth));
          assert.equal(tunnel.ike?.localAuth, `EAP-TLS (TLS ${version})`);
          await stage.carries();
          await stage.disconnect();
          await stage.refused(wish({ ...auth, certificate: unknown.certificate, key: unknown.key }), {
            code: 'AUTHENTICATION_FAILED',
            says: /certificate/,
          });
        }),
      );

      for (const { name, auth, titled } of CASES)
        await stage.step(titled, () =>
          serve([`* ${auth.eap.toUpperCase()}`, `"${USER}" ${name} "${PASSWORD}" [2]`], async () => {
            const login = { ...auth, username: USER, password: PASSWORD, eapId: 'anonymous' };
            const mark = radiusLog(stage).length;
            if (auth.eap === 'peap' && version === '1.3') {
              // hostapd 2.10 is older than RFC 9427 and binds by another key, which §2.1 rules out.
              await stage.refused(wish(login), {
                code: 'PEER_AUTHENTICATION_FAILED',
                says: /do not end at the same gateway/,
              });
              return;
            }
            const tunnel = await stage.connect(wish(login));
            assert.equal(tunnel.ike?.localAuth, `${titled} (TLS ${version})`);
            if (auth.eap === 'peap')
              assert.match(radiusLog(stage).slice(mark), /EAP-PEAP: Valid cryptobinding TLV received/);
            await stage.disconnect();
            await stage.refused(wish({ ...login, password: WRONG }), {
              code: 'AUTHENTICATION_FAILED',
              says: /password/,
            });
          }),
        );

      await stage.step('an EAP server that is not the one the profile names gets no password', () =>
        serve(['* TTLS', `"${USER}" TTLS-PAP "${PASSWORD}" [2]`], async () => {
          const login = { eap: 'ttls', phase2: 'pap', username: USER, password: PASSWORD } as const;
          const mark = radiusLog(stage).length;
          // Without remote.aaaId it must be the gateway itself.
          await stage.refused(wish(login, ''), {
            code: 'PEER_CERTIFICATE',
            check: 'identity',
            says: /aaa\.lab\.example/,
          });
          assert.doesNotMatch(radiusLog(stage).slice(mark), /EAP-TTLS\/PAP|User-Password/);
        }),
      );
    },
    { settings: { half_open_timeout: 8, plugins: RADIUS_PLUGIN } },
  );

const radiusLog = (stage: Stage): string => {
  try {
    return readFileSync(join(stage.lab.gw.folder, 'radius.log'), 'utf8');
  } catch {
    return '';
  }
};
