/** The engine is killed while connected: its next start puts the machine back as it was before the connect. */
import assert from 'node:assert/strict';
import { gatewayConf } from '../lab/gateway.ts';
import { difference, hostState } from '../lab/host-state.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';

scenario('engine-killed', async (stage) => {
  for (const [routes, remote] of [
    ['two networks', undefined],
    ['everything', ['0.0.0.0/0', '::/0']],
  ] as const) {
    await stage.step(`with ${routes} routed into the tunnel`, async () => {
      const child = remote === undefined ? {} : { local_ts: remote.join(', ') };
      await stage.gateway.load(gatewayConf({ child }));
      await stage.connect(profile(remote === undefined ? {} : { remote }));
      await stage.carries();
      await stage.culvert.kill();
      assert.notEqual(difference(stage.before, await hostState(stage.lab.client)), '', 'nothing to repair');
      await stage.culvert.restart();
      assert.equal(difference(stage.before, await hostState(stage.lab.client)), '');
      const { engine, tunnels } = await stage.culvert.snapshot();
      assert.notDeepEqual(engine.recovered, []);
      assert.deepEqual(tunnels, []);

      // The gateway still believes in the dead one: INITIAL_CONTACT puts an end to it.
      await stage.connect(profile(remote === undefined ? {} : { remote }));
      await stage.carries();
      await stage.disconnect();
    });
  }
});
