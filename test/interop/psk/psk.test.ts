/** A shared secret in each of its spellings; what both ends know about the connection. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { difference, hostState } from '../lab/host-state.ts';
import { ADDRESS } from '../lab/lab.ts';
import { CLIENT_ID, GATEWAY_ID, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('psk', async (stage) => {
  await stage.step('connects through the NAT, carries traffic and leaves nothing', async () => {
    await stage.gateway.load(gatewayConf());
    const tunnel = await stage.connect(profile());
    // charon with kernel-libipsec forces encapsulation too, so its source hash does not match either.
    assert.deepEqual(tunnel.ike?.nat, { local: true, remote: true, forced: true });
    assert.equal(tunnel.ike?.localId, CLIENT_ID);
    assert.equal(tunnel.ike?.remoteId, GATEWAY_ID);
    assert.match(tunnel.addresses.join(), /^10\.66\.0\.\d+\/32,fd66::[\da-f]+\/64$/);
    const sa = await stage.sa();
    assert.equal(sa.values['remote-host'], ADDRESS.nat);
    assert.equal(sa.values['remote-port'] === '4500', false, 'the NAT did not translate the port');
    assert.equal(sa.children[0]?.values.encap, 'yes');
    assert.notEqual(difference(stage.before, await hostState(stage.lab.client)), '');
    await stage.carries({ bytes: '8M' });
    const [child] = (await stage.tunnel()).children;
    assert.ok(Number(child?.bytesIn) > 1e6 && Number(child?.bytesOut) > 1e6);
    await stage.disconnect();
  });

  for (const [spelling, psk] of [
    ['hexadecimal', '0x00ff10203040506070809fa0b0c0d0e0f0'],
    ['Base64', '0sAP8QIDBAUGBwgJ+gsMDQ4PA='],
  ] as const) {
    await stage.step(`a secret in ${spelling}`, async () => {
      await stage.gateway.load(gatewayConf({ psk }));
      await stage.connect(profile({ auth: { psk } }));
      await stage.disconnect();
    });
  }
});
