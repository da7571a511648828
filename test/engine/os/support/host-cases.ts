/** The cases of host.linux.test.ts, one a run: `host-cases.ts CASE`. Runs inside namespaces of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OpenHost } from '../../../../engine/os/host.ts';
import { JOURNAL_FILE } from '../../../../engine/os/journal/journal.ts';
import {
  type Files,
  fullTunnel,
  GATEWAY,
  INNER,
  joinPeer,
  makeFiles,
  makeTuns,
  OUTER,
  officeTunnel,
  openOn,
  picture,
  run,
  startPeer,
  VIRTUAL,
} from './host-world.ts';

const beside = (name: string): string => join(dirname(fileURLToPath(import.meta.url)), name);
const routeTo = (address: string): string => run('ip', 'route', 'get', address).split('\n')[0] ?? '';

/** One engine's time on this host. */
async function withHost<T>(files: Files, use: (host: OpenHost) => Promise<T>): Promise<T> {
  const host = await openOn(files);
  try {
    return await use(host);
  } finally {
    await host.close();
  }
}

async function applyChangeClear(files: Files): Promise<void> {
  makeTuns(['t0', 't1']);
  const before = picture(files);
  const host = await openOn(files);
  const full = fullTunnel('t0');
  await host.apply('full', full);
  await host.apply('office', officeTunnel('t1'));
  assert.match(routeTo('10.9.1.1'), /dev t1 .*src 10\.4\.0\.9/);
  assert.match(routeTo('203.0.113.9'), new RegExp(`dev t0 .*src ${VIRTUAL[4]}`));
  assert.match(routeTo('2001:db8:9::9'), new RegExp(`dev t0 .*src ${VIRTUAL[6]}`));
  assert.match(
    readFileSync(files.resolvConf, 'utf8'),
    /nameserver 10\.3\.0\.53\nnameserver 10\.9\.0\.53\nsearch lan/,
  );
  assert.equal(statSync(files.target).mode & 0o777, 0o640);
  assert.doesNotMatch(run('ip', 'addr', 'show', 'dev', 't0'), /fe80|tentative|\/24|\/64/);
  assert.doesNotMatch(run('ip', 'route', 'show', 'table', 'main'), /t0|t1/);

  const there = picture(files);
  assert.deepEqual(await host.apply('full', full), []);
  assert.equal(picture(files), there);
  const moved = { ...full, addresses: [{ address: '10.3.0.6', length: 32 }, ...full.addresses.slice(1)] };
  const changes = (await host.apply('full', moved)).map((c) => c.description);
  assert.deepEqual(changes, [
    'address 10.3.0.6 on t0: set',
    'route 0.0.0.0/0 into t0 from 10.3.0.6: set',
    'address 10.3.0.5 on t0: removed',
  ]);
  assert.match(routeTo('203.0.113.9'), /dev t0 .*src 10\.3\.0\.6/);

  await host.clear('full');
  assert.match(routeTo('10.9.1.1'), /dev t1 .*src 10\.4\.0\.9/);
  assert.match(run('ip', 'route', 'show', 'table', '4500'), /throw 198\.51\.100\.1/);
  await host.clear('office');
  assert.equal(picture(files), before);
  assert.equal(statSync(join(files.stateDir, JOURNAL_FILE)).size, 0);
  await host.close();
}

async function failure(files: Files): Promise<void> {
  makeTuns(['t0']);
  const before = picture(files);
  const host = await openOn(files);
  await assert.rejects(host.apply('a', fullTunnel('nope')), (error: { code: string; detail: string }) => {
    assert.equal(error.code, 'address-failed');
    assert.match(error.detail, /^set dev nope mtu 1400 up: no such device \(ENODEV\)/);
    return true;
  });
  assert.equal(picture(files), before);
  const odd = { ...fullTunnel('t0'), addresses: [{ address: '255.255.255.255', length: 32 }] };
  await assert.rejects(host.apply('a', odd), { name: 'OsError' });
  assert.equal(picture(files), before);
  unlinkSync(files.target);
  rmSync(dirname(files.target), { recursive: true });
  await assert.rejects(host.apply('a', fullTunnel('t0')), { code: 'dns-failed' });
  assert.equal(run('ip', 'rule').includes('4500'), false);
  await host.close();
}

async function mounted(files: Files): Promise<void> {
  makeTuns(['t0']);
  run('mount', '--bind', files.target, files.target);
  const { ino } = statSync(files.target);
  const before = picture(files);
  await withHost(files, (host) => host.apply('a', fullTunnel('t0')));
  assert.match(readFileSync(files.resolvConf, 'utf8'), /nameserver 10\.3\.0\.53/);
  assert.equal(statSync(files.target).ino, ino, 'written in place');
  await withHost(files, (host) => host.recover());
  assert.equal(picture(files), before);
  run('umount', files.target);
}

async function vanished(files: Files): Promise<void> {
  makeTuns(['t0']);
  await withHost(files, (host) => host.apply('a', fullTunnel('t0')));
  run('ip', 'link', 'del', 't0');
  const lines = await withHost(files, (host) => host.recover());
  assert.ok(
    lines.every((l) => !l.description.includes('not undone')),
    JSON.stringify(lines),
  );
  assert.equal(run('ip', 'rule').includes('4500'), false);
  assert.equal(run('ip', '-6', 'rule').includes('4500'), false);
  assert.equal(run('ip', 'route', 'show', 'table', 'all').includes('throw'), false);
  assert.match(
    readFileSync(files.resolvConf, 'utf8'),
    /^# the administrator’s own\nnameserver 192\.0\.2\.53\n/,
  );
}

async function crash(files: Files): Promise<void> {
  makeTuns(['t0', 't1']);
  const before = picture(files);
  const live = (step: number): ReturnType<typeof spawnSync> =>
    spawnSync(
      process.execPath,
      [
        '--import',
        'tsx',
        beside('host-crash.ts'),
        String(step),
        files.stateDir,
        files.resolvConf,
        files.target,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' },
    );
  const whole = live(0);
  assert.equal(whole.status, 0);
  assert.equal(picture(files), before, 'left to itself it clears up');
  const steps = Number(whole.stdout);
  assert.ok(steps > 40, `a life of ${steps} steps`);
  let changed = 0;
  for (let step = 1; step <= steps; step++) {
    const { signal, stdout } = live(step);
    assert.equal(signal, 'SIGKILL', `step ${step}, lived to ${stdout}`);
    if (picture(files) !== before) changed++;
    const lines = await withHost(files, (host) => host.recover());
    assert.equal(picture(files), before, `killed after step ${step}: ${JSON.stringify(lines)}`);
    assert.equal(statSync(join(files.stateDir, JOURNAL_FILE)).size, 0, `step ${step}`);
  }
  assert.ok(changed > steps / 2, `only ${changed} of ${steps} crashes left anything to undo`);
  process.stdout.write(`${steps} crashes, ${changed} with something to undo\n`);
}

/** What the peer saw as our address, or `nothing`. */
async function ask(family: 4 | 6, address: string): Promise<string> {
  const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
  try {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(3000) });
    socket.send('?', 4500, address);
    const [message] = (await answer) as [Uint8Array];
    return new TextDecoder().decode(message);
  } catch {
    return 'nothing';
  } finally {
    socket.close();
  }
}

const sent = (name: string): number => {
  const [link] = JSON.parse(run('ip', '-s', '-j', 'link', 'show', 'dev', name)) as [
    { stats64: { tx: { packets: number } } },
  ];
  return link.stats64.tx.packets;
};

async function packets(files: Files): Promise<void> {
  const peer = await startPeer(beside('host-echo.ts'));
  try {
    joinPeer(peer.pid ?? 0);
    const bound = once(peer.stdout as NodeJS.ReadableStream, 'data');
    peer.stdin?.write('go\n');
    await bound;
    const rules = run('ip', 'rule') + run('ip', '-6', 'rule');
    const host = await openOn(files);
    for (const family of [4, 6] as const)
      assert.equal(await ask(family, GATEWAY[family]), OUTER[family], 'before');
    await host.apply('full', fullTunnel('tn0'));
    for (const family of [4, 6] as const) {
      const outer = sent('up0');
      assert.equal(
        await ask(family, GATEWAY[family]),
        OUTER[family],
        `IPv${family} to the gateway goes outside`,
      );
      assert.ok(sent('up0') > outer);
      const inner = sent('tn0');
      assert.equal(
        await ask(family, INNER[family]),
        VIRTUAL[family],
        `IPv${family} to others goes into the tunnel`,
      );
      assert.ok(sent('tn0') > inner);
    }
    assert.equal(readFileSync('/proc/sys/net/ipv4/conf/up0/rp_filter', 'utf8').trim(), '1');
    assert.equal(readFileSync('/proc/sys/net/ipv4/conf/tn0/rp_filter', 'utf8').trim(), '1');
    await host.clear('full');
    assert.equal(run('ip', 'rule') + run('ip', '-6', 'rule'), rules);
    for (const family of [4, 6] as const)
      assert.equal(await ask(family, GATEWAY[family]), OUTER[family], 'after');
    await host.close();
  } finally {
    peer.stdin?.end();
    peer.kill();
  }
}

/** What somebody else has changed since is theirs: it stays, and what is still ours goes. */
async function foreign(files: Files): Promise<void> {
  makeTuns(['t0', 'theirs']);
  run('ip', 'link', 'set', 'theirs', 'up');
  await withHost(files, (host) => host.apply('full', fullTunnel('t0')));
  const table = ['table', '4500'];
  run('ip', 'link', 'set', 't0', 'mtu', '1450');
  run('ip', 'address', 'add', '10.8.0.1/32', 'dev', 't0');
  run('ip', 'address', 'del', `${VIRTUAL[6]}/128`, 'dev', 't0');
  run('ip', 'route', 'replace', '0.0.0.0/0', 'dev', 'theirs', 'metric', '100', ...table);
  run('ip', 'route', 'add', '10.77.0.0/16', 'dev', 'theirs', ...table);
  writeFileSync(files.target, 'nameserver 203.0.113.53\n');
  await withHost(files, (host) => host.recover());
  assert.match(run('ip', 'address', 'show', 'dev', 't0'), /mtu 1450 .* state/);
  assert.match(run('ip', 'address', 'show', 'dev', 't0'), /,UP/, 'a link that is theirs now stays up');
  assert.match(run('ip', 'address', 'show', 'dev', 't0'), /inet 10\.8\.0\.1\/32/);
  assert.doesNotMatch(run('ip', 'address', 'show', 'dev', 't0'), /10\.3\.0\.5/);
  assert.match(
    run('ip', 'route', 'show', ...table),
    /^default dev theirs .*\n10\.77\.0\.0\/16 dev theirs .*\n$/,
  );
  assert.match(run('ip', 'rule'), /lookup 4500/, 'the rule leads to their routes now');
  assert.doesNotMatch(run('ip', '-6', 'rule'), /4500/);
  assert.equal(readFileSync(files.resolvConf, 'utf8'), 'nameserver 203.0.113.53\n');
  assert.equal(statSync(join(files.stateDir, JOURNAL_FILE)).size, 0);
}

/** After a restart of the machine whatever looks like ours is so by chance; files alone outlive it. */
async function restarted(files: Files): Promise<void> {
  makeTuns(['t0']);
  const resolvConf = readFileSync(files.resolvConf, 'utf8');
  await withHost(files, (host) => host.apply('full', fullTunnel('t0')));
  const journal = join(files.stateDir, JOURNAL_FILE);
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const other = 'd'.repeat(8);
  writeFileSync(journal, readFileSync(journal, 'utf8').replaceAll(bootId, other));
  const kernel = (): string =>
    ['rule', '-6 rule', 'route show table all', 'address'].map((q) => run('ip', ...q.split(' '))).join('');
  const before = kernel();
  await withHost(files, (host) => host.recover());
  assert.equal(kernel(), before);
  assert.equal(readFileSync(files.resolvConf, 'utf8'), resolvConf);
  assert.equal(statSync(journal).size, 0);
}

const CASES: Readonly<Record<string, (files: Files) => Promise<void>>> = {
  'apply-change-clear': applyChangeClear,
  failure,
  mounted,
  vanished,
  crash,
  foreign,
  restarted,
  packets,
};

const files = makeFiles();
try {
  const wanted = CASES[process.argv[2] ?? ''];
  assert.ok(wanted, `no case ${process.argv[2]}`);
  await wanted(files);
} finally {
  rmSync(dirname(files.resolvConf), { recursive: true, force: true });
}
