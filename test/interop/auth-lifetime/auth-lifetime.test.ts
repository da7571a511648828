/** A gateway that takes an authentication for good only for a while (RFC 4478): a new one is made before it is over. */
import assert from 'node:assert/strict';
import { until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { pingStream } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('auth-lifetime', async (stage) => {
  await stage.step('authenticates again in time, and the tunnel stays', async () => {
    await stage.gateway.load(gatewayConf({ connection: { reauth_time: '8s', over_time: '6s' } }));
    const before = await stage.connect(profile());
    const stream = pingStream(stage.lab.client, ADDRESS.lan);
    const after = await stage.tunnelUntil(
      'another IKE SA',
      (now) => now.usable && now.ike?.spiInitiator !== before.ike?.spiInitiator,
      20_000,
    );
    await until('the end of the old one', async () => (await stage.gateway.sas()).length === 1);
    const { missing, sent } = await stream.stop();
    assert.ok(after.history.some((event) => /wants to see our credentials again within/.test(event.text)));
    assert.ok(sent > 20, `only ${sent} packets were sent`);
    assert.deepEqual(missing, [], `lost of ${sent}`);
    await stage.carries();
    assert.equal((await stage.gateway.sas()).length, 1);
    await stage.disconnect();
  });
});
