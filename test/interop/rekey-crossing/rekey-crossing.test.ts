/**
 * Both ends rekey at the same instant (RFC 7296 §2.8.1, §2.25), with a probe of 100 packets a second: one SA of each
 * kind is left, and nothing is lost. CULVERT_SOAK names the seconds of each part; 6 rounds and 2 s at least.
 */
import assert from 'node:assert/strict';
import { until } from '../lab/command.ts';
import { CONNECTION, gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { pingStream } from '../lab/probe.ts';
import { CHILD, profile, TUNNEL } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const ROUNDS = 6;
const SOAK_MS = Number(process.env.CULVERT_SOAK ?? 2) * 1000;
const ESP = 'aes128gcm16-x25519';

/** Whether the two met is a matter of milliseconds; what is left must be the same either way. */
async function settled(stage: Stage): Promise<void> {
  const tunnel = await stage.tunnelUntil(
    'one pair and one IKE SA',
    (now) => now.state === 'ESTABLISHED' && now.children.filter((c) => c.state === 'INSTALLED').length === 1,
  );
  const alive = tunnel.children.find((c) => c.state === 'INSTALLED');
  // The gateway's own rekey may begin only now: what counts is that both come to the same.
  await until('the same IKE SA at both ends', async () => {
    const { ike } = await stage.tunnel();
    return (await stage.sa()).values['initiator-spi'] === ike?.spiInitiator;
  });
  assert.ok(alive);
}

scenario('rekey-crossing', async (stage) => {
  for (const [what, theirs, ours] of [
    ['the CHILD_SA', { child: CHILD }, CHILD],
    ['the IKE SA', { ike: CONNECTION }, undefined],
  ] as const)
    await stage.step(`both rekey ${what}`, async () => {
      await stage.gateway.load(gatewayConf({ esp: ESP }));
      await stage.connect(profile({ esp: ESP }));
      const stream = pingStream(stage.lab.client, ADDRESS.lan);
      const end = performance.now() + SOAK_MS;
      let rounds = 0;
      for (; rounds < ROUNDS || performance.now() < end; rounds++) {
        await Promise.all([stage.gateway.rekey(theirs), stage.culvert.rekey(TUNNEL, ours)]);
        await settled(stage);
      }
      await stage.lostNothing(stream, ` in ${rounds} rounds`);
      const tunnel = await stage.tunnel();
      assert.equal(tunnel.datapath?.drops.integrity ?? 0, 0);
      const done = ours ? Math.max(...tunnel.children.map((c) => c.rekeysDone)) : tunnel.ike?.rekeysDone;
      assert.ok((done ?? 0) >= rounds, `${done} rekeys in ${rounds} rounds`);
      await stage.disconnect(40_000);
    });
});
