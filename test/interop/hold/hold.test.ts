/** dpd.action `hold`: the gateway goes, the routes stay, and the next packet brings the tunnel back. */
import assert from 'node:assert/strict';
import { CONNECTION, gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { ping } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('hold', async (stage) => {
  await stage.step('nothing happens without traffic, and a packet reconnects', async () => {
    await stage.gateway.load(gatewayConf());
    const first = await stage.connect(profile({ more: { dpd: { action: 'hold' } } }));
    assert.equal((await stage.gateway.terminate({ ike: CONNECTION })).code, 0);
    const held = await stage.tunnelUntil('the trap', (now) => !now.usable && now.state === 'CREATED');
    assert.equal(held.lastFailure?.code, 'PEER_DELETED');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal((await stage.gateway.sas()).length, 0, 'reconnected without traffic');
    await ping(stage.lab.client, ADDRESS.lan, { count: 5, wait: 1 });
    const again = await stage.tunnelUntil('the new CHILD_SA', (now) => now.usable);
    assert.notEqual(again.children[0]?.spiIn, first.children[0]?.spiIn);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('down releases the trap', async () => {
    await stage.connect(profile({ more: { dpd: { action: 'hold' } } }));
    assert.equal((await stage.gateway.terminate({ ike: CONNECTION })).code, 0);
    await stage.tunnelUntil('the trap', (now) => !now.usable && now.state === 'CREATED');
    await stage.disconnect();
  });
});
