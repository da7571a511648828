/**
 * One column of the fault matrix: `fault-matrix.ts KILL-SWITCH engine|repair`. Runs inside network and mount namespaces
 * of its own with an /etc of its own, kills a host's life after each of its steps, has the machine put right, and
 * compares everything that was changed, byte for byte.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startEngine } from '../../../../engine/main.ts';
import { GUARD_FILE } from '../../../../engine/os/firewall/stored.ts';
import { firewallTable } from '../../../../engine/os/host.linux.ts';
import { JOURNAL_FILE } from '../../../../engine/os/journal/journal.ts';
import { repairMachine } from '../../../../engine/repair.ts';
import { makeTuns } from './host-world.ts';

const [mode = '', way = '', life = '', killer = ''] = process.argv.slice(2);
/** In memory, where bringing a file to the disk costs nothing. */
const folder = '/run/culvert-faults';
const state = join(folder, 'state');
const table = firewallTable(state);

const SHOWN = ['rule show', 'route show table all', 'address show'].join('\n');
const INTERFACES = '/proc/sys/net/ipv6/conf';

const ask = (command: string, args: readonly string[], input = ''): string =>
  execFileSync(command, args, { encoding: 'utf8', input });

/** Everything that may be changed, as text. */
function look(): string {
  const { mode: bits, uid, gid } = lstatSync('/etc/resolv.conf');
  return [
    ask('ip', ['-batch', '-'], SHOWN),
    ask('ip', ['-6', '-batch', '-'], SHOWN),
    // How the kernel makes link-local addresses, which `ip address` does not show.
    ...readdirSync(INTERFACES).map(
      (name) => `${name} ${readFileSync(join(INTERFACES, name, 'addr_gen_mode'), 'utf8')}`,
    ),
    readFileSync('/etc/resolv.conf', 'utf8'),
    `${bits.toString(8)} ${uid} ${gid}`,
    readdirSync('/etc').join(' '),
    ask('nft', ['-s', 'list', 'ruleset']),
  ].join('\n');
}

/** As it is shut: the whole of our table. */
const rules = (): string =>
  spawnSync('nft', ['-s', 'list', 'table', 'inet', table], { encoding: 'utf8' }).stdout;

interface Life {
  readonly killed: boolean;
  readonly said: readonly string[];
}

/** @param fatal 0 to live to the end */
function live(fatal: number): Life & { readonly steps: number } {
  const count = join(folder, 'count');
  const { signal, status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', killer, life, state, mode],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, CULVERT_KILL_AT: String(fatal), CULVERT_KILL_COUNT: count },
    },
  );
  if (signal === null) assert.equal(status, 0, stderr);
  const steps = fatal === 0 ? Number(readFileSync(count, 'utf8')) : fatal;
  return { killed: signal === 'SIGKILL', said: stdout.trimEnd().split('\n'), steps };
}

const WAYS: Readonly<Record<string, () => Promise<void>>> = {
  engine: async () => {
    const engine = await startEngine({
      socket: join(folder, 'sock'),
      state,
      logLevel: 'error',
      logFile: join(folder, 'log'),
      version: '0',
    });
    await engine.stop();
  },
  repair: async () => void (await repairMachine({ state, release: false })),
};

/** What was on disk of an `always` guard, which then has to be in force. */
const keepsShut = (): boolean => {
  const file = join(state, GUARD_FILE);
  return existsSync(file) && readFileSync(file, 'utf8').includes('"mode":"always"');
};

mkdirSync(folder);
try {
  makeTuns(['t0']);
  const before = look();
  const putRight = WAYS[way];
  assert.ok(putRight, `no way ${way}`);
  const whole = live(0);
  assert.deepEqual(whole.said.at(-1), 'end');
  assert.equal(look(), before, 'left to itself it clears up');
  let changed = 0;
  let shut = 0;
  for (let step = 1; step <= whole.steps; step++) {
    const { killed, said } = live(step);
    const where = `killed after step ${step} of ${whole.steps} (${said.at(-1)})`;
    assert.ok(killed, `step ${step} was lived through`);
    if (look() !== before) changed++;
    if (said.includes('shut') && !said.includes('down')) assert.match(rules(), /counter drop/, where);
    const stays = keepsShut();
    await putRight();
    if (stays) {
      shut++;
      const asked = rules();
      assert.match(asked, /counter drop/, `${where}: still shut`);
      assert.doesNotMatch(asked, /"t0"/, `${where}: no way into a tunnel that is not there`);
      assert.equal(look().replace(asked, ''), before, `${where}: but for that all is as before`);
      await repairMachine({ state, release: true });
    }
    assert.equal(look(), before, where);
    assert.equal(readFileSync(join(state, JOURNAL_FILE), 'utf8'), '', where);
    assert.deepEqual(
      readdirSync(state).filter((name) => /kill-switch|corrupt|\.new$/.test(name)),
      [],
      where,
    );
  }
  assert.ok(changed > whole.steps / 2, `only ${changed} of ${whole.steps} crashes left anything to undo`);
  assert.equal(shut > 0, mode === 'always');
  process.stdout.write(`${whole.steps} crashes, ${changed} left something, ${shut} had to stay shut\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
