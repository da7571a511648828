/**
 * Sleep as logind announces it, on a real system bus, too short for the clock to notice: the gateway is asked at once,
 * and what does not answer is made anew. A stopped process, which logind knows nothing of, is in `roaming`.
 */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Charon } from '../lab/charon.ts';
import { sleep, until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { firstPing } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { BUS, BUS_NEEDS, startBus } from '../lab/resolved.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const DOUBLE = fileURLToPath(new URL('../../support/logind-double.mjs', import.meta.url));
const ASKED = /^awake after \d+ s: asking the gateway$/;

const logind = ({ lab }: Stage, ...words: readonly string[]): Promise<string> =>
  lab.client.must([process.execPath, DOUBLE, `unix:path=${BUS}`, ...words]);

scenario(
  'sleep',
  async (stage) => {
    const { lab } = stage;
    const conf = gatewayConf();
    const asked = async (): Promise<number> =>
      (await stage.tunnel()).history.filter(({ text }) => ASKED.test(text)).length;

    await stage.step('a gateway that is still there is asked once and kept', async () => {
      await stage.gateway.load(conf);
      const before = await stage.connect(profile());
      const mark = stage.gateway.log().length;
      await logind(stage, 'sleep', '500', 'wake');
      await until('a question', async () => (await asked()) > 0);
      await until('its answer', () => /parsed INFORMATIONAL request/.test(stage.gateway.logSince(mark)));
      // As long as the answer is waited for, and a little more.
      await sleep(4_000);
      const after = await stage.tunnel();
      assert.equal(after.ike?.spiInitiator, before.ike?.spiInitiator, 'the same IKE SA');
      assert.equal(await asked(), 1);
      await stage.carries();
      await stage.disconnect();
    });

    await stage.step('one that has forgotten us gets a fresh handshake', async () => {
      await stage.gateway.load(conf);
      const before = await stage.connect(profile({ more: { dpd: { delay: 600, action: 'restart' } } }));
      await logind(stage, 'sleep');
      await stage.gateway.kill();
      stage.gateway = await Charon.start(lab.gw);
      await stage.gateway.load(conf);
      const start = performance.now();
      await logind(stage, 'wake');
      await stage.tunnelUntil(
        'a new IKE SA',
        (now) => now.usable && now.ike?.spiInitiator !== before.ike?.spiInitiator,
      );
      const took = performance.now() - start;
      assert.ok(took < 15_000, `${took} ms until the new IKE SA, long before the next liveness check`);
      await firstPing(lab.client, ADDRESS.lan);
      await stage.carries();
      await stage.disconnect();
    });
  },
  { prepare: ({ client }) => startBus(client), needs: BUS_NEEDS },
);
