/**
 * The Windows engine as it ships, really run: node.exe under Wine on the client's machine, with test doubles of the
 * driver's library and of what Wine's IP helper lacks (see README.md). It opens its pipe, `culvert up` handshakes with
 * charon through the NAT, and packets of the Linux machine go through a session of the wintun double.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Snapshot } from '../../../engine/api/snapshot.ts';
import { guidText, rulePath } from '../../../engine/os/dns/nrpt.win32.ts';
import { adapterGuid } from '../../../engine/os/tun/tun.win32.ts';
import { requireOrSkip } from '../../support/require.ts';
import { Charon } from '../lab/charon.ts';
import { until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { restingState, settledDifference } from '../lab/host-state.ts';
import { ADDRESS, Lab, NEEDS } from '../lab/lab.ts';
import { firstPing, iperf, iperfServer, ping } from '../lab/probe.ts';
import { profile, TUNNEL } from '../lab/profile.ts';
import { Bridge } from './bridge-process.ts';
import { WindowsCulvert } from './culvert.ts';
import {
  COMPILER,
  DUMPER,
  makeEngineFolder,
  makeProgram,
  WINE,
  WINE_IPHLPAPI,
  Wine,
  windowsPath,
} from './wine.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Made by fetch.mjs. */
const RUNTIME = process.env.CULVERT_WINDOWS_NODE;

const needs = {
  ...NEEDS,
  commands: [...NEEDS.commands, WINE, COMPILER, DUMPER],
  files: [
    ...NEEDS.files,
    WINE_IPHLPAPI,
    RUNTIME === undefined ? 'CULVERT_WINDOWS_NODE (a folder of fetch.mjs)' : join(RUNTIME, 'node.exe'),
  ],
};

/** Key of the rule for the names of the first adapter. */
const RULE = `HKLM\\${rulePath(guidText(adapterGuid('culvert0')))}`;

test('windows', async (t) => {
  if (!requireOrSkip(t, needs) || RUNTIME === undefined) return;
  execFileSync(process.execPath, ['engine/build.mjs'], { cwd: root, stdio: 'ignore' });
  const lab = await Lab.open();
  t.after(() => lab.close());
  const engineFolder = join(lab.folder, 'engine');
  const bridge = new Bridge(lab.client);
  const [gateway, wine] = await Promise.all([
    Charon.start(lab.gw),
    Wine.start(lab, lab.client, { CULVERT_BRIDGE: String(bridge.port) }),
    bridge.start(),
    iperfServer(lab.lan),
    makeEngineFolder(engineFolder, {
      runtime: RUNTIME,
      bundle: join(root, 'dist'),
      modules: join(root, 'node_modules'),
      doubles: join(root, 'test/interop/windows/doubles'),
    }),
  ]);
  // By now the kernel has found out that nobody else has the machine's addresses.
  const before = await restingState(lab.client);
  await gateway.load(gatewayConf());
  const culvert = new WindowsCulvert(wine, engineFolder, lab.folder);
  const file = join(lab.folder, 'profile.json');
  writeFileSync(file, JSON.stringify(profile()), { mode: 0o600 });
  const unchanged = async (): Promise<void> =>
    assert.equal(await settledDifference(lab.client, before, 5_000), '', 'left on the host');

  const step = (name: string, body: () => Promise<void>): Promise<void> =>
    t.test(name, async (inner) => {
      await kept(inner, lab, body);
    });

  await step('hears of changes as Windows tells of them, and lets go', async () => {
    bridge.forget();
    const program = await makeProgram(engineFolder, join(root, 'test/interop/windows/notices.ts'));
    const ran = await wine.run([join(engineFolder, 'node.exe'), windowsPath(program)], 120_000);
    assert.equal(ran.code, 0, ran.text);
    const said = ran.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    const refused = {
      by: 'notifications of the IP helper',
      reason: 'NotifyRouteChange2: error 50',
      instead: 'comparing the interfaces every 2147483647 ms',
    };
    assert.deepEqual(said, [
      { step: 'an address', result: true },
      { step: 'a route', result: true },
      { step: 'a link', result: true },
      { step: 'a burst of a hundred', result: true },
      { step: 'after the burst', result: true },
      { step: 'heard after the end', result: 0 },
      { step: 'handles left', result: 0 },
      { step: 'refused', result: [JSON.stringify(refused)] },
    ]);
    noticesEndWell(bridge.done());
    await unchanged();
  });

  await step('starts and answers on its pipe', async () => {
    await culvert.start();
    const { tunnels } = await culvert.cli<Snapshot>('status');
    assert.deepEqual(tunnels, []);
  });

  await step('connects, and the host is as the tunnel needs it', async () => {
    bridge.forget();
    await culvert.cli('up', windowsPath(file), '--wait');
    const { tunnels } = await culvert.cli<Snapshot>('status');
    const [tunnel] = tunnels;
    assert.equal(tunnel?.state, 'ESTABLISHED');
    assert.deepEqual(tunnel?.ike?.nat, { local: true, remote: true, forced: true });
    // Threads that wait for events; Wine's sockets cannot carry datagrams in bulk.
    assert.equal(tunnel?.datapath?.description, 'workers, culvert0, no offload, no marks');
    // Decoded by the SDK's structures in the doubles, so these are what Windows would have understood.
    const done = bridge.done();
    const index = /^adapter create culvert0 \S+ Culvert => (\d+)$/m.exec(done.join('\n'))?.[1] ?? '';
    const mtu = Number(new RegExp(`^interface set ${index} 4 (\\d+) `, 'm').exec(done.join('\n'))?.[1]);
    assert.ok(mtu >= 1280 && mtu < 1500, `MTU ${mtu}`);
    for (const line of [
      `interface set ${index} 4 ${mtu} 0 0`,
      `interface set ${index} 6 ${mtu} 0 0`,
      `address add ${index} 10.66.0.1 32 4`,
      `address add ${index} fd66::1 128 4`,
      `route add ${index} ${ADDRESS.lanNet} 0.0.0.0 0 3`,
      `route add ${index} ${ADDRESS.lanNet6} :: 0 3`,
      `dns ${index} 2 ${ADDRESS.dns}`,
    ])
      assert.ok(done.includes(line), `${line} is not in\n${done.join('\n')}`);
    assert.ok(
      done.some((line) => line.endsWith(`${ADDRESS.gw}/32 ${ADDRESS.natInside} 1 3`)),
      'the gateway has no way past the tunnel',
    );
    const rule = await wine.run(['reg', 'query', RULE]);
    assert.match(rule.text, new RegExp(`GenericDNSServers\\s+REG_SZ\\s+${ADDRESS.dns}`));
  });

  await step('carries pings of both families and TCP both ways', async () => {
    for (const to of [ADDRESS.lan, ADDRESS.lan6]) {
      const pings = await ping(lab.client, to, { count: 20 });
      assert.deepEqual(pings.missing, [], `pings to ${to} without answer`);
    }
    for (const direction of ['up', 'down'] as const) {
      const { bytes } = await iperf(lab.client, direction, { bytes: '1M' });
      assert.ok(bytes > 100_000, `${direction}: ${bytes} bytes arrived`);
    }
  });

  // A route alone is another, which comparing interfaces would never see, and both ways lead to the gateway.
  await step('moves at once when it is told of another way', async () => {
    bridge.forget();
    const direct = `10.77.0.0/24 dev direct0 src ${ADDRESS.clientDirect}`;
    await lab.client.script([`ip route replace ${direct}`]);
    const ours = (): Promise<string | undefined> =>
      culvert.cli<Snapshot>('status').then(({ tunnels: [tunnel] }) => tunnel?.ike?.local?.address);
    await until('the direct path', async () => (await ours()) === ADDRESS.clientDirect, { timeout: 20_000 });
    const done = bridge.done();
    const told = done.findIndex((line) => /^notice called \d+ route taken$/.test(line));
    const followed = done.findIndex((line) => /^route \w+ \d+ 10\.77\.0\.2\/32 /.test(line));
    assert.ok(told >= 0 && followed > told, done.join('\n'));
    // The gateway may yet have to learn of it.
    await firstPing(lab.client, ADDRESS.lan);
    await lab.client.script([`ip route del ${direct}`]);
    await until('the path by the NAT', async () => (await ours()) === ADDRESS.client, { timeout: 20_000 });
    await firstPing(lab.client, ADDRESS.lan);
  });

  await step('goes, and leaves nothing', async () => {
    await culvert.cli('down', TUNNEL);
    await unchanged();
    const rules = await wine.run(['reg', 'query', RULE]);
    assert.notEqual(rules.code, 0, rules.text);
    await until('no SA on the gateway', async () => (await gateway.sas()).length === 0);
  });

  await step('a killed engine is cleared up after by the next', async () => {
    await culvert.cli('up', windowsPath(file), '--wait');
    await culvert.kill();
    await until('the adapter to go with its process', () => bridge.done().includes('adapter gone'));
    assert.notEqual(await settledDifference(lab.client, before, 0), '', 'a crash leaves the bypass');
    await culvert.start();
    assert.match(culvert.said(), /left by a crash: bypass for gateway 10\.77\.0\.2\/32: gone/);
    await unchanged();
    const rules = await wine.run(['reg', 'query', RULE]);
    assert.notEqual(rules.code, 0, rules.text);
  });
});

/** Each registration was cancelled, after the callback that was under way, and none was called after that. */
function noticesEndWell(record: readonly string[]): void {
  const live = new Map<string, string>();
  let [calls, slow] = [0, 0];
  for (const line of record) {
    const [, verb = '', number = '', what = '', outcome] =
      /^notice (\w+)(?: (\d+))?(?: (\w+))?(?: (\w+))?$/.exec(line) ?? [];
    if (verb === 'register') live.set(number, what);
    if (verb === 'begins') slow = Number(number);
    if (verb === 'cancel') {
      assert.ok(live.delete(number), line);
      assert.notEqual(slow, Number(number), 'cancelled while its callback was under way');
    }
    if (verb !== 'called') continue;
    calls++;
    slow = 0;
    assert.deepEqual([live.get(number), outcome], [what, 'taken'], line);
  }
  assert.ok(calls > 100, `${calls} calls`);
  assert.equal(live.size, 0);
  assert.ok(record.some((line) => line.startsWith('notice begins')));
}

/** Runs a step; when it fails the laboratory's logs are kept in test/out. */
async function kept(t: TestContext, lab: Lab, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    const out = join(root, 'test/out/interop/windows', t.name.replace(/[^\w]+/g, '-'));
    mkdirSync(out, { recursive: true });
    for (const name of ['engine.log', 'bridge.log', 'bridge.record', 'gw.charon/charon.log'])
      if (existsSync(join(lab.folder, name)))
        cpSync(join(lab.folder, name), join(out, name.replace('/', '-')));
    if (error instanceof Error) error.message += `\nlogs: ${out}`;
    throw error;
  }
}
