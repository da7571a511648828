/** EAP-MD5: no key, so that AUTH is made with SK_pi and SK_pr. */
import { eapScenario } from '../lab/eap.ts';

eapScenario('eap-md5', {
  gateway: 'eap-md5',
  eap: 'md5',
  named: 'EAP-MD5',
  wrong: /EAP-MD5: the gateway refuses user name or password/,
});
