/**
 * The whole engine, killed after single steps of a connection: a file written, a rule set. Its next start, or `culvert
 * repair` alone, puts the machine back, but for a kill switch that was to stay. Every step, of the host alone, is in
 * `test/engine/os/fault-matrix.linux.test.ts`; here is a sample with gateway and data path.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { difference, hostState } from '../lab/host-state.ts';
import { ADDRESS } from '../lab/lab.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const EVERYTHING = ['0.0.0.0/0', '::/0'];
const KILLER = pathToFileURL(fileURLToPath(new URL('../../support/kill-at.mjs', import.meta.url))).href;
/** Steps begin with the first of these: before them nothing of the machine is changed. */
const FROM = 'changes.jsonl kill-switch.json.new';

const MODES = ['off', 'while-up', 'always'] as const;
type Mode = (typeof MODES)[number];
/** Of each mode and each way: every engine takes a second to start. */
const SAMPLES = 2;

const wanted = (mode: Mode) => profile({ remote: EVERYTHING, more: { killSwitch: { mode } } });

/** An engine that is killed after so many steps; 0: never, and it says how many there were. */
const startFatal = ({ culvert, lab }: Stage, fatal: number): Promise<void> =>
  culvert.restart(undefined, {
    NODE_OPTIONS: `--import=${KILLER}`,
    CULVERT_KILL_AT: String(fatal),
    CULVERT_KILL_FROM: FROM,
    CULVERT_KILL_COUNT: join(lab.folder, 'steps'),
  });

/** Up, down, and what lets go of the machine; ends with the engine if that dies on the way. */
async function live({ culvert }: Stage, mode: Mode): Promise<void> {
  try {
    await culvert.upByCall(wanted(mode));
    await culvert.downByCall('lab');
    await culvert.releaseByCall();
  } catch (error) {
    await until('the end of the engine', () => culvert.gone).catch(() => {
      throw error;
    });
  }
}

const stillShut = ({ culvert }: Stage): boolean => {
  const file = join(culvert.state, 'kill-switch.json');
  return existsSync(file) && readFileSync(file, 'utf8').includes('"mode":"always"');
};

/** The machine is as before; but shut, and its user with it, when an `always` kill switch was in force. */
async function judge(stage: Stage, where: string, shut: boolean): Promise<void> {
  const { culvert, lab } = stage;
  if (shut) {
    assert.notEqual((await lab.client.run(['ping', '-c1', '-W1', ADDRESS.wan])).code, 0, `${where}: shut`);
    const release = ['release', '--json', ...(culvert.gone ? ['--state', culvert.state] : [])];
    const released = await culvert.cli(release);
    assert.equal(released.code, 0, released.stdout + released.stderr);
  }
  assert.equal(difference(stage.before, await hostState(lab.client)), '', where);
}

scenario('engine-faults', async (stage) => {
  const { culvert, lab } = stage;
  await stage.gateway.load(gatewayConf({ child: { local_ts: EVERYTHING.join(', ') } }));
  await culvert.stop();

  for (const mode of MODES)
    await stage.step(`kill switch ${mode}`, async () => {
      await startFatal(stage, 0);
      await live(stage, mode);
      await culvert.stop();
      const steps = Number(readFileSync(join(lab.folder, 'steps'), 'utf8'));
      assert.ok(steps >= 6, `a life of ${steps} steps`);
      for (let n = 0; n < 2 * SAMPLES; n++) {
        const fatal = 1 + Math.floor((n * steps) / (2 * SAMPLES));
        const where = `killed after step ${fatal} of ${steps}`;
        await startFatal(stage, fatal);
        await live(stage, mode);
        assert.ok(culvert.gone, `${where}: it lives`);
        await culvert.kill();
        const shut = stillShut(stage);
        if (n % 2 === 0) {
          await culvert.restart();
          await judge(stage, `${where}, then another engine`, shut);
          await culvert.stop();
        } else {
          const repaired = await culvert.cli(['repair', '--json', '--state', culvert.state]);
          assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
          await judge(stage, `${where}, then repair`, shut);
        }
        await stage.gateway.forget();
      }
    });
});
