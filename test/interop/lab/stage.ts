/**
 * What every scenario starts with: a laboratory, strongSwan as the gateway, and Culvert on the client. One stage
 * serves a whole test file; each step loads its own gateway configuration and leaves nothing behind.
 *
 *     scenario('psk', async (stage) => {
 *       await stage.step('connects', async () => {
 *         await stage.gateway.load(gatewayConf());
 *         const tunnel = await stage.connect(profile());
 *         await stage.carries();
 *         await stage.disconnect();
 *       });
 *     });
 */
import assert from 'node:assert/strict';
import { cpSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import type { Failure, FailureCode } from '../../../engine/base/failure.ts';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { type Requirements, requireOrSkip } from '../../support/require.ts';
import { Charon, type CharonOptions, type IkeSa } from './charon.ts';
import { until } from './command.ts';
import { Culvert } from './culvert.ts';
import { difference, hostState, restingState, settledDifference } from './host-state.ts';
import { ADDRESS, Lab, NEEDS } from './lab.ts';
import { type Asked, iperf, iperfServer, nameServer, ping, type Stream } from './probe.ts';
import { TUNNEL } from './profile.ts';

const OUT = fileURLToPath(new URL('../../out/interop', import.meta.url));

/** For what takes no time on an idle machine. */
const PATIENCE = 15_000;

export interface Refusal {
  readonly code: FailureCode;
  readonly check?: string;
  /** Something that the sentence must name, so that a person understands. */
  readonly says?: RegExp;
}

export interface StageOptions extends CharonOptions {
  /** What the machine must have besides the laboratory's own needs. */
  readonly needs?: Requirements;
  /** Runs before the engine starts and before the client's machine is looked at. */
  readonly prepare?: (lab: Lab) => Promise<void>;
}

export class Stage {
  readonly name: string;
  readonly lab: Lab;
  gateway: Charon;
  readonly culvert: Culvert;
  /** The client's machine before anything was connected. */
  readonly before: string;
  /** The names that the server behind the gateway was asked for. */
  readonly asked: Asked;
  readonly #test: TestContext;

  private constructor(
    t: TestContext,
    lab: Lab,
    gateway: Charon,
    culvert: Culvert,
    before: string,
    asked: Asked,
  ) {
    this.name = t.name;
    this.#test = t;
    this.lab = lab;
    this.gateway = gateway;
    this.culvert = culvert;
    this.before = before;
    this.asked = asked;
  }

  static async open(t: TestContext, options: StageOptions): Promise<Stage> {
    rmSync(join(OUT, folderName(t.name)), { recursive: true, force: true });
    const lab = await Lab.open();
    t.after(() => lab.close());
    await options.prepare?.(lab);
    const before = await restingState(lab.client);
    const [gateway, culvert, , asked] = await Promise.all([
      Charon.start(lab.gw, options),
      Culvert.start(lab.client),
      iperfServer(lab.lan),
      nameServer(lab.lan),
    ]).catch((error: unknown) => {
      keepLogs(lab, t.name, 'start');
      throw error;
    });
    return new Stage(t, lab, gateway, culvert, before, asked);
  }

  /** One named step. When it fails all logs are kept and the error says where; the next step starts clean. */
  async step(name: string, body: () => Promise<void>): Promise<void> {
    const wanted = process.env.CULVERT_STEP ?? '';
    const skip = !name.includes(wanted) && `CULVERT_STEP asks for ${wanted}`;
    await this.#test.test(name, { skip }, async () => {
      try {
        await body();
      } catch (error) {
        const folder = keepLogs(this.lab, this.name, name);
        await this.#sweep();
        if (error instanceof Error) error.message += `\nlogs: ${folder}`;
        throw error;
      }
    });
  }

  /** Connects, and checks that both ends agree on it. */
  async connect(profile: ProfileDocument): Promise<TunnelSnapshot> {
    const answer = await this.culvert.up(profile);
    if (!answer.ok) assert.fail(`up: ${JSON.stringify(answer.failure)}`);
    const { tunnel } = answer;
    assert.equal(tunnel.state, 'ESTABLISHED');
    assert.equal(tunnel.usable, true);
    const sa = await this.sa();
    assert.equal(sa.values.state, 'ESTABLISHED');
    assert.equal(tunnel.ike?.spiInitiator, sa.values['initiator-spi']);
    assert.equal(tunnel.ike?.spiResponder, sa.values['responder-spi']);
    const [ours] = tunnel.children;
    const [theirs] = sa.children;
    assert.equal(hex(ours?.spiOut), hex(String(theirs?.values['spi-in'])));
    assert.equal(hex(ours?.spiIn), hex(String(theirs?.values['spi-out'])));
    return tunnel;
  }

  /** Tries to connect, and checks the reason, that the machine is as before and that the gateway keeps nothing. */
  async refused(profile: ProfileDocument, expected: Refusal): Promise<Failure> {
    const answer = await this.culvert.up(profile);
    if (answer.ok) assert.fail(`up succeeded, expected ${expected.code}`);
    const { failure } = answer;
    assert.equal(failure.code, expected.code, failure.message);
    if (expected.check !== undefined) assert.equal(failure.check, expected.check, failure.message);
    if (expected.says !== undefined) assert.match(failure.message, expected.says);
    assert.notEqual(answer.exitCode, 0);
    await this.unchanged();
    await this.culvert.down();
    await this.gatewayEmpty();
    return failure;
  }

  /** Ends the tunnel and checks that nothing of it is left at either end. */
  async disconnect(patience = PATIENCE): Promise<void> {
    await this.culvert.down(TUNNEL);
    await this.unchanged();
    await this.gatewayEmpty(patience);
  }

  /** Pings and TCP both ways through the tunnel. */
  async carries({ bytes = '2M', to = ADDRESS.lan as string } = {}): Promise<void> {
    const answers = await ping(this.lab.client, to, { count: 10 });
    assert.deepEqual(answers.missing, [], 'pings without answer');
    for (const direction of ['up', 'down'] as const) {
      const transfer = await iperf(this.lab.client, direction, { bytes }, to);
      assert.ok(transfer.bytes > 100_000, `${direction}: ${transfer.bytes} bytes arrived`);
    }
  }

  /** Ends a probe: all its packets had their answers, and there were enough of them for that to say something. */
  async lostNothing(stream: Stream, where = ''): Promise<void> {
    const { sent, missing } = await stream.stop();
    assert.ok(sent > 50, `only ${sent} packets were sent`);
    const { datapath } = await this.tunnel();
    const drops = JSON.stringify(datapath?.drops);
    assert.deepEqual(missing, [], `lost of ${sent}${where}; dropped here: ${drops}`);
  }

  /** The gateway's only IKE SA, apart from those that nobody finished; one that was replaced may take a moment to go. */
  sa(): Promise<IkeSa> {
    return until(
      'a single IKE SA on the gateway',
      async () => {
        const [sa, ...others] = (await this.gateway.sas()).filter((one) => one.values.state !== 'CONNECTING');
        return others.length === 0 && sa;
      },
      { timeout: PATIENCE },
    );
  }

  /** The tunnel as Culvert sees it now. */
  async tunnel(): Promise<TunnelSnapshot> {
    const tunnel = await this.culvert.tunnel(TUNNEL);
    assert.ok(tunnel !== undefined, 'Culvert lists no tunnel');
    return tunnel;
  }

  /** Waits until Culvert's view of the tunnel is as wished. */
  tunnelUntil(
    what: string,
    wish: (tunnel: TunnelSnapshot) => boolean,
    timeout = 30_000,
  ): Promise<TunnelSnapshot> {
    return until(
      what,
      async () => {
        const tunnel = await this.culvert.tunnel(TUNNEL);
        return tunnel !== undefined && wish(tunnel) ? tunnel : undefined;
      },
      { timeout, interval: 100 },
    );
  }

  /** The machine of the client is as before, byte by byte. */
  async unchanged(): Promise<void> {
    const left = await settledDifference(this.lab.client, this.before, PATIENCE);
    assert.equal(left, '', `left on the host:\n${left}`);
  }

  async gatewayEmpty(timeout = PATIENCE): Promise<void> {
    await until('no SA on the gateway', async () => (await this.gateway.sas()).length === 0, { timeout });
  }

  /** Makes both ends forget whatever a failed step left, so that the next one is judged by itself. */
  async #sweep(): Promise<void> {
    try {
      await this.culvert.down();
      await this.gateway.forget();
      const left = difference(this.before, await hostState(this.lab.client));
      if (left !== '') console.error(`left on the host after a failed step:\n${left}`);
    } catch (error) {
      console.error('while sweeping after a failed step:', error);
    }
  }
}

/** A test of one stage; skipped loudly where the machine cannot have it. */
export function scenario(
  name: string,
  body: (stage: Stage) => Promise<void>,
  options: StageOptions = {},
): void {
  test(name, async (t) => {
    if (!requireOrSkip(t, NEEDS) || !requireOrSkip(t, options.needs ?? {})) return;
    await body(await Stage.open(t, options));
  });
}

/** Copies the logs and configurations to test/out/interop/SCENARIO/STEP. */
function keepLogs(lab: Lab, scenarioName: string, step: string): string {
  const folder = join(OUT, folderName(scenarioName), folderName(step));
  mkdirSync(folder, { recursive: true });
  cpSync(lab.folder, folder, {
    recursive: true,
    filter: (path) => !path.endsWith('.etc') && !lstatSync(path).isSocket(),
  });
  void Promise.all(lab.hosts().map(async (host) => [host.name, await hostState(host)] as const))
    .then((states) => {
      for (const [name, text] of states) writeFileSync(join(folder, `${name}.state`), text);
    })
    .catch(() => {});
  return folder;
}

function folderName(text: string): string {
  return text.replace(/[^\w.+-]+/g, '-').slice(0, 80);
}

/** SPIs are written with and without 0x and leading zeros. */
function hex(spi: string | undefined): string {
  return (spi ?? '').replace(/^0x/, '').replace(/^0+/, '').toLowerCase();
}
