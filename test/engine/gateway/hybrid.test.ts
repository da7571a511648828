/** The engine and the embedded gateway over real sockets: hybrid keys, with traffic before and after both rekeys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INSIDE, profileFor, setTheScene } from '../../../engine/demo/scene.ts';
import { Traffic } from '../../../engine/demo/traffic.ts';

const NAME = 'hybrid';

for (const [proposals, expected] of [
  [undefined, /^aes256gcm16-prfsha256-x25519-ke1_mlkem768$/],
  ['hybrid', /^aes256gcm16-prfsha256-x25519-ke1_mlkem768$/],
  ['aes128gcm16-prfsha256-ecp256-ke1_mlkem1024!', /^aes128gcm16-prfsha256-ecp256-ke1_mlkem1024$/],
  ['classic', /^aes256gcm16-prfsha256-x25519$/],
] as const)
  test(`${proposals ?? 'what is recommended'}: connects, carries, rekeys, carries`, async () => {
    const scene = await setTheScene();
    try {
      const traffic = new Traffic(scene.clientTun, scene.gatewayTun);
      const ike = proposals === undefined ? {} : { ike: { proposals } };
      // The smallest fragments: an ML-KEM value never fits one.
      const profile = { ...profileFor(scene, NAME), ...ike, fragmentation: { size: 576 } };
      await scene.engine.up({ profile, wait: true });
      const tunnel = (): NonNullable<ReturnType<typeof scene.engine.snapshot>['tunnels'][number]> => {
        const found = scene.engine.snapshot().tunnels.find((t) => t.name === NAME);
        assert.ok(found);
        return found;
      };
      const carries = async (): Promise<void> => {
        const source = tunnel().addresses[0]?.split('/')[0] ?? '';
        const pings = await traffic.ping(source, INSIDE, 5);
        assert.equal(pings.answered, pings.sent);
      };
      assert.match(tunnel().ike?.suite?.text ?? '', expected);
      assert.deepEqual(
        scene.gateway.views().map((view) => view.suite?.additional.length),
        [tunnel().ike?.suite?.text.includes('ke1_') ? 1 : 0],
      );
      await carries();
      await scene.engine.rekey({ name: NAME, what: 'ike' });
      await scene.engine.rekey({ name: NAME, what: 'child' });
      const patience = Date.now() + 5_000;
      while (tunnel().ike?.rekeysDone !== 1 || !tunnel().children.some((c) => c.rekeysDone === 1)) {
        assert.ok(Date.now() < patience, 'both were rekeyed');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.match(tunnel().ike?.suite?.text ?? '', expected);
      await carries();
    } finally {
      await scene.close();
    }
  });
