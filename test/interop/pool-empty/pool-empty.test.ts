/** The gateway has no address to give. */
import assert from 'node:assert/strict';
import { Charon } from '../lab/charon.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { CLIENT_ID, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';
import { clientConf } from '../lab/strongswan-pair.ts';

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
    await other.load(clientConf({ id: `other.${CLIENT_ID}` }));
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
