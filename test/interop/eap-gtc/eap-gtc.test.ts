/** EAP-GTC: the password itself, to a gateway that has proved itself. */
import { eapScenario } from '../lab/eap.ts';

eapScenario('eap-gtc', {
  gateway: 'eap-gtc',
  eap: 'gtc',
  named: 'EAP-GTC',
  wrong: /EAP-GTC: the gateway refuses user name or password/,
});
