/** The two ends do not share the secret. */
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('wrong-psk', async (stage) => {
  await stage.step('the gateway refuses ours', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.refused(profile({ auth: { psk: 'not what the two ends share' } }), {
      code: 'AUTHENTICATION_FAILED',
    });
  });

  await stage.step('the right one works afterwards', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile());
    await stage.carries();
    await stage.disconnect();
  });
});
