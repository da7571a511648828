/** What the EAP scenarios share: a gateway with a certificate and users, and one scenario a method. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { byCertificate, gatewayConf, gatewayFiles } from './gateway.ts';
import { Authority } from './pki.ts';
import { CLIENT_ID, type EapLogin, GATEWAY_ID, profile } from './profile.ts';
import { type Stage, scenario } from './stage.ts';

export const USER = 'carol';
export const PASSWORD = 'Ar3etTnp';

/** charon waits this many seconds for a peer that gave up between two rounds, where AUTHENTICATION_FAILED does not move it. */
const OPTIONS = { settings: { half_open_timeout: 3 } } as const;

export interface EapCase {
  /** The gateway's name of the method: `eap-md5`. */
  readonly gateway: string;
  readonly eap: NonNullable<EapLogin['eap']>;
  /** As the snapshot names it. */
  readonly named: string;
  /** What a refused password must be told as. */
  readonly wrong: RegExp;
  readonly further?: (stage: Stage, eap: EapStage) => Promise<void>;
}

export interface EapStage {
  readonly anchor: string;
  /** Loads the gateway with another method, or identity to ask for. */
  load(method: string, eapId?: string): Promise<void>;
}

export function eapScenario(name: string, each: EapCase): void {
  scenario(
    name,
    async (stage) => {
      const root = await Authority.root(join(stage.lab.folder, 'pki'), 'Laboratory root');
      const own = await root.leaf({ names: [`DNS:${GATEWAY_ID}`] });
      const load = (method: string, eapId = '%any'): Promise<void> =>
        stage.gateway.load(
          {
            ...gatewayConf({
              local: byCertificate(),
              remote: { auth: method, eap_id: eapId },
              connection: { send_cert: 'always' },
            }),
            secrets: { 'eap-carol': { id: USER, secret: PASSWORD } },
          },
          gatewayFiles(own, root.certificate),
        );
      const anchors = [root.certificate];
      const { eap } = each;

      await stage.step('the right password connects and carries traffic', async () => {
        await load(each.gateway);
        const tunnel = await stage.connect(
          profile({ auth: { eap, username: USER, password: PASSWORD }, anchors }),
        );
        assert.equal(tunnel.ike?.localAuth, each.named);
        assert.equal(tunnel.ike?.localId, CLIENT_ID);
        await stage.carries();
        await stage.disconnect();
      });

      await stage.step('a wrong password ends with its reason, and is not tried again', async () => {
        await load(each.gateway);
        const mark = stage.gateway.log().length;
        await stage.refused(profile({ auth: { eap, username: USER, password: 'Ar3etTnq' }, anchors }), {
          code: 'AUTHENTICATION_FAILED',
          says: each.wrong,
        });
        const tries = stage.gateway.logSince(mark).match(/parsed IKE_AUTH request 1 /g) ?? [];
        assert.equal(tries.length, 1);
      });

      await stage.step('an unknown user', async () => {
        await load(each.gateway);
        await stage.refused(profile({ auth: { eap, username: 'mallory', password: PASSWORD }, anchors }), {
          code: 'AUTHENTICATION_FAILED',
        });
      });

      await stage.step('a gateway of an unknown CA learns no user name', async () => {
        await load(each.gateway);
        const stranger = await Authority.root(join(stage.lab.folder, 'pki'), 'Root of a stranger');
        const mark = stage.gateway.log().length;
        await stage.refused(
          profile({ auth: { eap, username: USER, password: PASSWORD }, anchors: [stranger.certificate] }),
          { code: 'PEER_CERTIFICATE', check: 'unknown-ca' },
        );
        assert.doesNotMatch(stage.gateway.logSince(mark), /EAP\/RES/);
      });

      await each.further?.(stage, { anchor: root.certificate, load });
    },
    OPTIONS,
  );
}
