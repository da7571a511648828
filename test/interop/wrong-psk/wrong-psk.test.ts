/** The two ends do not share the secret. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('wrong-psk', async (stage) => {
  await stage.step('the gateway refuses ours', async () => {
    await stage.gateway.load(gatewayConf());
    const failure = await stage.refused(profile({ auth: { psk: 'not what the two ends share' } }), {
      code: 'AUTHENTICATION_FAILED',
      says: /we proved ourselves with the shared secret/,
    });
    assert.match(failure.advice?.[0] ?? '', /shared secret is not that of the gateway/);
  });

  await stage.step('the right one works afterwards', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile());
    await stage.carries();
    await stage.disconnect();
  });
});
