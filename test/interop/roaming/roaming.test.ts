/**
 * The client's machine changes its place, sleeps, or loses its network, with a probe of 100 packets a second through the
 * tunnel. With MOBIKE (RFC 4555) the SAs move; without it there are new ones.
 */
import assert from 'node:assert/strict';
import { Charon } from '../lab/charon.ts';
import { sleep } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { ADDRESS } from '../lab/lab.ts';
import { firstPing, pingStream } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { type Stage, scenario } from '../lab/stage.ts';

const QUICK = { timeout: 1, base: 1.5, jitter: 0, tries: 4 };
const NO_DIRECT = 'ip route del 10.77.0.0/24 dev direct0';
/** Packets of the probe in a second. */
const RATE = 100;

const roaming = (mobike: boolean) =>
  profile({ more: { ike: { proposals: 'aes128gcm16-prfsha256-x25519!', mobike }, retransmission: QUICK } });

const conf = (mobike: boolean) => gatewayConf({ connection: { mobike: mobike ? 'yes' : 'no' } });

/** The gateway by the second uplink, without a NAT in front. */
const toDirect = ({ lab }: Stage): Promise<string> =>
  lab.client.script([`ip route replace 10.77.0.0/24 dev direct0 src ${ADDRESS.clientDirect}`]);
const toNat = ({ lab }: Stage): Promise<string> => lab.client.script([NO_DIRECT]);

async function lossOver(stage: Stage, during: () => Promise<unknown>): Promise<number> {
  const stream = pingStream(stage.lab.client, ADDRESS.lan);
  await sleep(500);
  await during();
  const { lost, sent } = await stream.stop();
  assert.ok(sent > RATE / 2, `only ${sent} packets were sent`);
  return lost;
}

scenario('roaming', async (stage) => {
  const { lab, culvert } = stage;

  await stage.step(
    'with MOBIKE: from behind the NAT to a direct uplink and back, at most a second',
    async () => {
      await stage.gateway.load(conf(true));
      const before = await stage.connect(roaming(true));
      const lost = await lossOver(stage, async () => {
        await toDirect(stage);
        await stage.tunnelUntil('the direct path', (now) => now.ike?.local?.address === ADDRESS.clientDirect);
        await sleep(1_500);
      });
      assert.ok(lost <= RATE, `${lost} packets lost on the way out`);
      assert.equal((await stage.sa()).values['remote-host'], ADDRESS.clientDirect);
      const back = await lossOver(stage, async () => {
        await toNat(stage);
        await stage.tunnelUntil('the path by the NAT', (now) => now.ike?.local?.address === ADDRESS.client);
        await sleep(1_500);
      });
      assert.ok(back <= RATE, `${back} packets lost on the way back`);
      assert.equal((await stage.sa()).values['remote-host'], ADDRESS.nat);
      assert.equal((await stage.tunnel()).ike?.spiInitiator, before.ike?.spiInitiator, 'the same IKE SA');
      await stage.carries();
      await stage.disconnect();
    },
  );

  await stage.step('without MOBIKE: a new IKE SA', async () => {
    await stage.gateway.load(conf(false));
    const before = await stage.connect(roaming(true));
    const lost = await lossOver(stage, async () => {
      await toDirect(stage);
      await stage.tunnelUntil(
        'another IKE SA',
        (now) => now.usable && now.ike?.spiInitiator !== before.ike?.spiInitiator,
      );
      await sleep(1_000);
    });
    assert.ok(lost <= 5 * RATE, `${lost} packets lost`);
    await stage.carries();
    await toNat(stage);
    await stage.tunnelUntil(
      'the old path',
      (now) => now.usable && now.ike?.local?.address === ADDRESS.client,
    );
    await stage.disconnect();
  });

  for (const mobike of [true, false])
    await stage.step(`another NAT mapping, ${mobike ? 'with' : 'without'} MOBIKE`, async () => {
      await stage.gateway.load(conf(mobike));
      await stage.connect(roaming(mobike));
      const port = (await stage.sa()).values['remote-port'];
      const lost = await lossOver(stage, async () => {
        // The router forgets, and gives another range of ports from now on.
        await lab.nat.script([
          'nft flush table ip nat',
          'nft add rule ip nat out oifname wan0 meta l4proto { tcp, udp } masquerade to :40000-49999',
          'nft add rule ip nat out oifname wan0 masquerade',
          // The kernel forgets the mappings of an address that goes.
          `ip address del ${ADDRESS.nat}/24 dev wan0`,
          `ip address add ${ADDRESS.nat}/24 dev wan0`,
          `ip route replace default via ${ADDRESS.wan}`,
        ]);
        await sleep(1_500);
        await firstPing(lab.client, ADDRESS.lan, 30_000);
        await sleep(500);
      });
      assert.ok(lost <= 15 * RATE, `${lost} packets lost`);
      assert.notEqual((await stage.sa()).values['remote-port'], port);
      await stage.carries();
      await stage.disconnect();
    });

  await stage.step('no network for 20 s', async () => {
    await stage.gateway.load(conf(true));
    await stage.connect(roaming(true));
    const routes = await lab.client.script(['ip route show default', 'ip -6 route show default']);
    await lab.client.script(['ip route del default', 'ip -6 route del default']);
    await sleep(20_000);
    const start = performance.now();
    await lab.client.script([
      ...routes
        .trim()
        .split('\n')
        .map((route) => `ip ${route.includes('fd77') ? '-6 ' : ''}route add ${route}`),
    ]);
    await firstPing(lab.client, ADDRESS.lan, 20_000);
    assert.ok(
      performance.now() - start < 8_000,
      `${performance.now() - start} ms until packets flowed again`,
    );
    await stage.tunnelUntil('a usable tunnel', (now) => now.usable);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('asleep for 60 s', async () => {
    await stage.gateway.load(conf(true));
    await stage.connect(roaming(true));
    process.kill(culvert.pid, 'SIGSTOP');
    await sleep(60_000);
    process.kill(culvert.pid, 'SIGCONT');
    const took = await firstPing(lab.client, ADDRESS.lan, 20_000);
    assert.ok(took < 8_000, `${took} ms until packets flowed again`);
    await stage.tunnelUntil('a usable tunnel', (now) => now.usable);
    await stage.carries();
    await stage.disconnect();
  });

  await stage.step('a gateway that was restarted is found out by silence', async () => {
    await stage.gateway.load(conf(true));
    const before = await stage.connect(roaming(true));
    await stage.gateway.kill();
    stage.gateway = await Charon.start(lab.gw);
    await stage.gateway.load(conf(true));
    const took = await firstPing(lab.client, ADDRESS.lan, 40_000);
    assert.ok(took < 25_000, `${took} ms until packets flowed again`);
    const after = await stage.tunnelUntil('a usable tunnel', (now) => now.usable);
    assert.notEqual(after.ike?.spiInitiator, before.ike?.spiInitiator);
    await stage.carries();
    await stage.disconnect();
  });
});
