/** The gateway has no address to give. */
import assert from 'node:assert/strict';
import { Charon } from '../lab/charon.ts';
import { CONNECTION, gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { CLIENT_ID, PSK, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('pool-empty', async (stage) => {
  await stage.step('the only address is with somebody else', async () => {
    await stage.gateway.load(
      gatewayConf({
        pools: { pool4: { addrs: '10.66.9.1-10.66.9.1' } },
        remote: { id: '*.lab.example' },
        connection: { unique: 'no' },
      }),
    );
    const other = await Charon.start(stage.lab.wan);
    await other.load({
      connections: {
        [CONNECTION]: {
          version: 2,
          proposals: 'aes128gcm16-prfsha256-x25519',
          remote_addrs: ADDRESS.gw,
          encap: 'yes',
          vips: '0.0.0.0',
          local: { auth: 'psk', id: `other-${CLIENT_ID}` },
          remote: { auth: 'psk' },
          children: { net: { remote_ts: ADDRESS.lanNet, esp_proposals: 'aes128gcm16' } },
        },
      },
      secrets: { 'ike-lab': { secret: PSK } },
    });
    const { code, stdout, stderr } = await other.initiate('net');
    assert.equal(code, 0, stdout + stderr);

    const answer = await stage.culvert.up(
      profile({ remote: [ADDRESS.lanNet], more: { virtualIp: { ipv4: true, ipv6: false } } }),
    );
    assert.equal(answer.ok, false);
    if (!answer.ok) assert.equal(answer.failure.code, 'INTERNAL_ADDRESS_FAILURE', answer.failure.message);
    await stage.unchanged();
    await stage.culvert.down();
    await other.stop();
    await stage.gatewayEmpty();
  });

  await stage.step('no pool at all', async () => {
    await stage.gateway.load(gatewayConf({ pools: {} }));
    await stage.refused(profile(), { code: 'INTERNAL_ADDRESS_FAILURE' });
  });
});
