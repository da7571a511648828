/** EAP-MSCHAPv2, with and without EAP-Identity; and methods that the profile does not allow. */
import assert from 'node:assert/strict';
import { eapScenario, PASSWORD, USER } from '../lab/eap.ts';
import { profile } from '../lab/profile.ts';

eapScenario('eap-mschapv2', {
  gateway: 'eap-mschapv2',
  eap: ['mschapv2', 'gtc'],
  named: 'EAP-MSCHAPv2',
  wrong: /EAP-MSCHAPv2: user name or password is wrong/,
  async further(stage, { anchor, load }) {
    const login = { eap: 'mschapv2', username: USER, password: PASSWORD } as const;

    await stage.step('a gateway that begins with the method, without asking who we are', async () => {
      await load('eap-mschapv2', USER);
      await stage.connect(profile({ auth: login, anchors: [anchor] }));
      await stage.disconnect();
    });

    await stage.step('another name in EAP-Identity than the user name', async () => {
      await load('eap-mschapv2');
      const mark = stage.gateway.log().length;
      await stage.connect(profile({ auth: { ...login, eapId: 'somebody' }, anchors: [anchor] }));
      assert.match(stage.gateway.logSince(mark), /received EAP identity 'somebody'/);
      await stage.disconnect();
    });

    await stage.step('a method that the profile does not allow is declined, and named', async () => {
      await load('eap-md5');
      await stage.refused(profile({ auth: login, anchors: [anchor] }), {
        code: 'AUTHENTICATION_FAILED',
        says: /insists on EAP-MD5, which this profile does not allow/,
      });
    });
  },
});
