/**
 * Whatever happens to the tunnel, not one packet of the user leaves beside it: names, IPv4 and IPv6, while it
 * connects, rekeys, loses its gateway, crashes and comes back. What leaves is captured on both uplinks.
 */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Charon } from '../lab/charon.ts';
import { sleep, until } from '../lab/command.ts';
import { gatewayConf } from '../lab/gateway.ts';
import { difference, hostState } from '../lab/host-state.ts';
import { ADDRESS } from '../lab/lab.ts';
import { askServer, firstPing, startNameServer } from '../lab/probe.ts';
import { profile } from '../lab/profile.ts';
import { scenario } from '../lab/stage.ts';
import { watchUplinks } from '../lab/uplinks.ts';

const QUICK = { timeout: 1, base: 1, jitter: 0, tries: 3 };
const EVERYTHING = ['0.0.0.0/0', '::/0'];

const guarded = (mode: 'while-up' | 'always', allowLocal = false) =>
  profile({
    remote: EVERYTHING,
    more: {
      killSwitch: { mode, allowLocal },
      dpd: { delay: 1, action: 'restart' },
      retransmission: QUICK,
    },
  });

scenario('kill-switch', async (stage) => {
  const { lab, culvert } = stage;
  const conf = gatewayConf({ child: { local_ts: EVERYTHING.join(', ') } });

  await stage.step('without it the capture sees the user, so that silence means something', async () => {
    const watch = await watchUplinks(stage.lab);
    try {
      await until('packets outside', () => watch.leaks().length > 0, { timeout: 15_000 });
    } finally {
      watch.stop();
    }
  });

  await stage.step('while up: connect, rekey, a dead gateway and its return leak nothing', async () => {
    await stage.gateway.load(conf);
    const profileText = guarded('while-up');
    // The first connect is watched from the moment the guard is in force.
    assert.ok((await culvert.upByCall(profileText)).ok);
    const { killSwitch } = await culvert.snapshot();
    assert.deepEqual(killSwitch, {
      closed: false,
      guards: [{ profile: 'lab', mode: 'while-up', protects: ['everything'], blocking: false }],
    });
    const watch = await watchUplinks(stage.lab);
    try {
      await stage.carries();
      await culvert.cli(['rekey', 'lab', '--child', 'net']);
      await culvert.cli(['rekey', 'lab', '--ike']);
      await stage.carries();
      await stage.gateway.kill();
      await stage.tunnelUntil('a lost gateway', (now) => !now.usable, 20_000);
      assert.equal((await culvert.snapshot()).killSwitch.guards[0]?.blocking, true);
      await sleep(1_500);
      stage.gateway = await Charon.start(lab.gw);
      await stage.gateway.load(conf);
      await firstPing(lab.client, ADDRESS.lan, 40_000);
      await stage.tunnelUntil('a usable tunnel', (now) => now.usable);
      await stage.carries();
      assert.deepEqual(watch.leaks(), []);
    } finally {
      watch.stop();
    }
    await stage.disconnect();
    assert.deepEqual((await culvert.snapshot()).killSwitch.guards, []);
  });

  await stage.step('always: a crash, the time without an engine and its restart leak nothing', async () => {
    await stage.gateway.load(conf);
    await stage.connect(guarded('always'));
    const watch = await watchUplinks(stage.lab);
    try {
      await culvert.kill();
      await sleep(1_000);
      await culvert.restart();
      const { killSwitch } = await culvert.snapshot();
      assert.deepEqual(killSwitch.guards, [
        { profile: 'lab', mode: 'always', protects: ['everything'], blocking: true },
      ]);
      await sleep(500);
      assert.ok((await culvert.upByCall(guarded('always'))).ok);
      await stage.carries();
      await culvert.down('lab');
      await sleep(1_000);
      assert.deepEqual(watch.leaks(), []);
      assert.equal((await culvert.snapshot()).killSwitch.guards[0]?.blocking, true);
      assert.equal((await culvert.cli(['release', '--json'])).code, 0);
      await until('packets outside again', () => watch.leaks().length > 0, { timeout: 15_000 });
    } finally {
      watch.stop();
    }
    await stage.unchanged();
  });

  await stage.step(
    'local networks stay reachable when the profile says so, their name servers not',
    async () => {
      await stage.gateway.load(conf);
      const reaches = async (...words: readonly string[]): Promise<boolean> =>
        (await lab.client.run(['ping', '-c1', '-W3', ...words])).code === 0;
      const router = await startNameServer(lab.nat, '.', '203.0.113.9', [ADDRESS.natInside]);
      const ask = (): Promise<string> => askServer(lab.client, ADDRESS.natInside, 'www.lab.example');
      assert.equal(await ask(), '203.0.113.9', 'a server that answers');
      const heard = router().length;
      await stage.connect(guarded('while-up', true));
      for (const to of [ADDRESS.natInside, ADDRESS.natInside6]) {
        assert.ok(await reaches(to), `${to} is reached like any other`);
        assert.ok(await reaches('-I', 'nat0', to), to);
      }
      assert.ok(!(await reaches('-I', 'nat0', '192.0.2.53')));
      assert.equal(await ask(), 'nothing');
      assert.equal(router().length, heard);
      await stage.carries();
      await stage.disconnect();
      await stage.connect(guarded('while-up'));
      assert.ok(!(await reaches('-I', 'nat0', ADDRESS.natInside)), 'not without the wish');
      await stage.disconnect();
    },
  );

  await stage.step('networks alone: only they are kept inside', async () => {
    await stage.gateway.load(gatewayConf());
    await stage.connect(profile({ more: { killSwitch: { mode: 'always' }, retransmission: QUICK } }));
    await culvert.down('lab');
    const ping = (to: string, wait: number): Promise<{ readonly code: number | null }> =>
      lab.client.run(['ping', '-c1', `-W${wait}`, to]);
    assert.equal((await ping(ADDRESS.wan, 10)).code, 0);
    assert.notEqual((await ping(ADDRESS.lan, 1)).code, 0);
    assert.equal((await culvert.cli(['release', '--json'])).code, 0);
    await stage.unchanged();
  });

  await stage.step('a wrong password locks nobody out', async () => {
    await stage.gateway.load(gatewayConf({ psk: 'another' }));
    await stage.refused(guarded('always'), { code: 'AUTHENTICATION_FAILED' });
    assert.deepEqual((await culvert.snapshot()).killSwitch.guards, []);
  });

  await stage.step('a damaged record means closed, until it is released without an engine', async () => {
    await stage.gateway.load(conf);
    await stage.connect(guarded('always'));
    await culvert.kill();
    const file = join(culvert.state, 'kill-switch.json');
    await lab.client.script([
      `head -c 40 ${file} > ${file}.cut`,
      `mv ${file}.cut ${file}`,
      'nft flush ruleset',
    ]);
    await culvert.restart();
    assert.equal((await culvert.snapshot()).killSwitch.closed, true);
    assert.notEqual((await lab.client.run(['ping', '-c1', '-W1', ADDRESS.wan])).code, 0);
    const answer = await culvert.upByCall(guarded('always'));
    assert.ok(!answer.ok && /release it first/.test(answer.failure.message), JSON.stringify(answer));
    await culvert.kill();
    const released = await culvert.cli(['release', '--json', '--state', culvert.state]);
    assert.equal(released.code, 0, released.stdout + released.stderr);
    assert.equal((await lab.client.run(['ping', '-c1', '-W10', ADDRESS.wan])).code, 0);
    assert.equal(difference(stage.before, await hostState(lab.client)), '');
    rmSync(file, { force: true });
    await culvert.restart();
  });
});
