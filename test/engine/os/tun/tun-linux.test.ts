/** Real tun devices, in a network namespace of their own, through the worker's and the event loop's data path. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OsError } from '../../../../engine/os/error.ts';
import { loadLinuxLibc } from '../../../../engine/os/ffi/libc.linux.ts';
import { linuxTun } from '../../../../engine/os/tun/tun.linux.ts';
import { requireOrSkip } from '../../../support/require.ts';

const NEEDS = { root: true, namespaces: true, commands: ['ip', 'unshare', 'ping'], files: ['/dev/net/tun'] };

for (const mode of ['worker', 'inline'])
  test(`pings between two tun devices, ${mode}`, (t) => {
    if (!requireOrSkip(t, NEEDS)) return;
    const script = fileURLToPath(new URL('./support/two-tuns.ts', import.meta.url));
    const run = spawnSync('unshare', ['--net', process.execPath, '--import', 'tsx', script, mode], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
    const result = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '{}');
    assert.match(result.descriptions[0], mode === 'worker' ? /^workers, cvt-a, TSO/ : /^inline, cvt-a$/);
    assert.deepEqual(result.mtus, [1380, 1380]);
    assert.ok(result.packets >= 20, `${result.packets} packets`);
    assert.equal(result.drops, 0);
  });

test('a name that no interface can have is refused', async () => {
  const libc = loadLinuxLibc();
  if (!libc) return;
  for (const name of ['', 'much-too-long-a-name', 'a/b', 'a b'])
    await assert.rejects(linuxTun(libc).open({ name, mtu: 1400 }), (error: unknown) => {
      return error instanceof OsError && error.code === 'tun-unavailable';
    });
});
