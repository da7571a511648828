/** The engine is killed while connected: its next start, or `culvert repair` alone, puts the machine back. */
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
      if (remote !== undefined) {
        // Without an engine: what is left to its next start is nothing.
        const repaired = await stage.culvert.cli(['repair', '--json', '--state', stage.culvert.state]);
        assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
        assert.equal(difference(stage.before, await hostState(stage.lab.client)), '');
      }
      await stage.culvert.restart();
      assert.equal(difference(stage.before, await hostState(stage.lab.client)), '');
      const { engine, tunnels } = await stage.culvert.snapshot();
      assert.equal(engine.recovered.length > 0, remote === undefined);
      assert.deepEqual(tunnels, []);

      // The gateway still believes in the dead one: INITIAL_CONTACT puts an end to it.
      await stage.connect(profile(remote === undefined ? {} : { remote }));
      await stage.carries();
      await stage.disconnect();
    });
  }
});
