/** `inactivity`: what nobody uses is closed at both ends, and the next packet that matches brings it back. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { firstPing } from '../lab/probe.ts';
import { CHILD, profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

const INACTIVITY = 3;

scenario('idle', async (stage) => {
  await stage.step('idle: no SA is left at the gateway, the routes stay, and traffic reopens', async () => {
    await stage.gateway.load(gatewayConf());
    // Keepalives and liveness checks go on all the time, and are no traffic.
    const first = await stage.connect(
      profile({ more: { esp: { inactivity: INACTIVITY }, keepalive: 1, dpd: { delay: 1 } } }),
    );
    await firstPing(stage.lab.client, ADDRESS.lan, 10_000);
    const resting = await stage.tunnelUntil(
      'the rest',
      (now) => now.resting?.includes(CHILD) === true,
      60_000,
    );
    assert.deepEqual([resting.usable, resting.state], [false, 'CREATED']);
    assert.equal(resting.lastFailure, undefined);
    assert.deepEqual(resting.routes, first.routes);
    await stage.gatewayEmpty();
    await firstPing(stage.lab.client, ADDRESS.lan, 30_000);
    const again = await stage.tunnelUntil('the new SAs', (now) => now.usable);
    assert.notEqual(again.ike?.spiInitiator, first.ike?.spiInitiator);
    const idle = again.history.filter((event) => event.topic === 'idle').map((event) => event.data?.action);
    assert.deepEqual(idle.slice(0, 2), ['closed', 'opened']);
    await stage.culvert.down();
    await stage.unchanged();
  });

  await stage.step('an unused CHILD_SA is not rekeyed but deleted, and traffic opens another', async () => {
    await stage.gateway.load(gatewayConf());
    const esp = { rekeyUnused: false, lifetime: 6, margin: 3, fuzz: 0 };
    const first = await stage.connect(profile({ more: { esp } }));
    await stage.tunnelUntil('the rest', (now) => now.resting?.includes(CHILD) === true, 30_000);
    assert.equal((await stage.sa()).children.length, 0, 'the gateway still has the CHILD_SA');
    await firstPing(stage.lab.client, ADDRESS.lan, 30_000);
    const again = await stage.tunnelUntil('the new CHILD_SA', (now) => now.children.length === 1);
    assert.equal(again.ike?.spiInitiator, first.ike?.spiInitiator, 'the IKE SA is another one');
    await stage.disconnect();
  });
});
