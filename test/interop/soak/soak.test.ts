/**
 * Rekeys of both SAs without end: first with traffic both ways and nothing lost, then with loss on the way. Memory,
 * descriptors and SAs stay what they were. CULVERT_SOAK names the seconds of each part; 20 when left out.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { sleep } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { lose } from '../lab/network.ts';
import { pingStream } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const SECONDS = Number(process.env.CULVERT_SOAK ?? 20);
/** What a garbage collector may not have got round to. */
const GROWTH = 1.1;

const residentMiB = ({ culvert }: Stage): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${culvert.pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
const descriptors = ({ culvert }: Stage): number => readdirSync(`/proc/${culvert.pid}/fd`).length;

const lasting = (lifetime: number, margin: number, ike: number, ikeMargin: number) =>
  profile({
    more: {
      esp: { lifetime, margin, fuzz: 0.5 },
      ike: {
        proposals: 'aes128gcm16-prfsha256-x25519!',
        lifetime: ike,
        margin: ikeMargin,
        fuzz: 0.5,
      },
      retransmission: { timeout: 1, base: 1.3, jitter: 0.1, tries: 8 },
    },
  });

scenario('soak', async (stage) => {
  await stage.step('CHILD lifetimes of 3 s and IKE lifetimes of 9 s: nothing is lost', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(lasting(3, 1, 9, 2));
    const stream = pingStream(stage.lab.client, ADDRESS.lan);
    await sleep(SECONDS * 1000);
    const answers = await stream.stop();
    assert.deepEqual(answers.missing, [], 'pings without answer');
    const tunnel = await stage.tunnelUntil(
      'a single pair between two rekeys',
      ({ children: [pair, ...others] }) => pair?.state === 'INSTALLED' && others.length === 0,
    );
    const rekeys = tunnel.children[0]?.rekeysDone ?? 0;
    assert.ok(rekeys >= SECONDS / 4, `${rekeys} rekeys of the CHILD_SA in ${SECONDS} s`);
    assert.ok(
      (tunnel.ike?.rekeysDone ?? 0) >= Math.floor(SECONDS / 12),
      `${tunnel.ike?.rekeysDone} rekeys of the IKE SA`,
    );
    await stage.disconnect();
  });

  await stage.step('rekeys every 2 s and one packet in twenty lost: nothing grows', async () => {
    await stage.connect(lasting(4, 2, 12, 4));
    const stop = await lose(stage.lab, 20);
    // Warm: code is compiled, buffers have their sizes.
    await sleep(Math.min(15_000, SECONDS * 500));
    const before = { memory: residentMiB(stage), descriptors: descriptors(stage) };
    await sleep(SECONDS * 1000);
    const after = { memory: residentMiB(stage), descriptors: descriptors(stage) };
    await stop();
    console.log(
      `      ${before.memory.toFixed(0)} → ${after.memory.toFixed(0)} MiB, ${before.descriptors} → ${after.descriptors} descriptors`,
    );
    assert.ok(after.memory <= before.memory * GROWTH, `${before.memory} → ${after.memory} MiB`);
    assert.ok(
      after.descriptors <= before.descriptors + 2,
      `${before.descriptors} → ${after.descriptors} descriptors`,
    );
    await stage.tunnelUntil('a single pair', (now) => now.usable && now.children.length === 1, 20_000);
    await stage.sa();
    await stage.carries();
    await stage.disconnect(40_000);
  });
});
