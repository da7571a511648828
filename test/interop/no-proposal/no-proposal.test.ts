/** The two ends have no algorithm in common, for the IKE SA or for the CHILD_SA. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('no-proposal', async (stage) => {
  await stage.step('for the IKE SA', async () => {
    await stage.gateway.load(gatewayConf({ ike: 'aes256-sha512-modp4096' }));
    const failure = await stage.refused(profile(), {
      code: 'NO_PROPOSAL_CHOSEN',
      says: /offered were aes128gcm16-prfsha256-x25519/,
    });
    assert.match(failure.advice?.[0] ?? '', /which algorithms the gateway takes for IKE/);
    assert.equal(failure.phase, 'IKE_SA_INIT');
    assert.equal(failure.authenticated, false);
  });

  await stage.step('for the CHILD_SA', async () => {
    await stage.gateway.load(gatewayConf({ esp: 'aes256-sha512' }));
    const failure = await stage.refused(profile(), {
      code: 'NO_PROPOSAL_CHOSEN',
      says: /offered for ESP were aes128gcm16/,
    });
    assert.equal(failure.phase, 'IKE_AUTH');
    assert.equal(failure.authenticated, true);
  });
});
