/** The service while no engine answers: how it stands, what is offered, what is run for it, and what its end means. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { retryDelayMs } from '../../electron/engine/backoff.ts';
import { checkProgram, judgeProgram } from '../../electron/engine/program-owner.ts';
import { systemService } from '../../electron/engine/service.ts';
import {
  type Command,
  type Ended,
  installCommand,
  outcomeOf,
  serviceNames,
  startCommand,
} from '../../electron/engine/service-command.ts';
import { isDisabledJob, isDisabledTask } from '../../electron/engine/service-facts.ts';
import { type ServiceFacts, standingOf } from '../../electron/engine/standing.ts';
import { unitState } from '../../electron/engine/unit-state.ts';
import { judgeSddl } from '../../electron/engine/windows-acl.ts';
import type { Platform } from '../../electron/platform.ts';
import { requireOrSkip } from '../support/require.ts';

const PLATFORMS: readonly Platform[] = ['linux', 'darwin', 'win32'];
const READY: ServiceFacts = {
  manager: true,
  definition: 'missing',
  programs: { kind: 'trusted' },
  canAsk: true,
};
const REFUSED = { kind: 'refused', reason: 'others than root may write to the folder /opt' } as const;

test('what is offered, by what the machine has', () => {
  const rows: readonly (readonly [Partial<ServiceFacts>, string, string, RegExp])[] = [
    [{}, 'installable', 'install', /is not installed/],
    [{ definition: 'unknown' }, 'installable', 'install', /is not installed/],
    [{ definition: 'disabled' }, 'disabled', 'enable', /is switched off/],
    [{ definition: 'enabled' }, 'startable', 'start', /^$/],
    // What is installed may be started, whoever can be asked and whatever has become of the files.
    [{ definition: 'enabled', programs: REFUSED, canAsk: false }, 'startable', 'start', /^$/],
    [{ definition: 'masked' }, 'masked', 'none', /has masked/],
    [{ programs: { kind: 'absent' } }, 'absent', 'none', /not installed here/],
    [{ definition: 'disabled', programs: { kind: 'absent' } }, 'absent', 'none', /not installed here/],
    [{ programs: REFUSED }, 'untrusted', 'none', /others may change: others than root .* \/opt$/],
    [{ definition: 'disabled', programs: REFUSED }, 'untrusted', 'none', /others may change/],
    [{ definition: 'unknown', programs: REFUSED }, 'untrusted', 'none', /others may change/],
    [{ canAsk: false }, 'unaskable', 'none', /is not installed/],
    [{ definition: 'disabled', canAsk: false }, 'unaskable', 'none', /is switched off/],
    [{ manager: false, definition: 'enabled' }, 'unmanaged', 'none', /systemd/],
  ];
  for (const platform of PLATFORMS)
    for (const [change, kind, offer, words] of rows) {
      const standing = standingOf({ ...READY, ...change }, serviceNames(platform, {}));
      assert.equal(standing.kind, kind, JSON.stringify(change));
      assert.equal(standing.offer, offer, kind);
      assert.match(standing.words ?? '', words);
      assert.equal(standing.advice.length > 0, offer === 'none', `${kind}: advice where nothing is offered`);
    }
});

test('each system starts exactly its own service', () => {
  const linux = startCommand('linux', {});
  assert.deepEqual([linux.file, ...linux.args], ['/usr/bin/systemctl', 'start', 'culvert.service']);
  const mac = startCommand('darwin', {});
  assert.equal(mac.file, '/usr/bin/osascript');
  assert.match(mac.args.join(' '), /\/bin\/launchctl kickstart system\/org\.culvert\.engine \|\|/);
  const windows = startCommand('win32', { SystemRoot: 'D:\\Windows' });
  assert.match(windows.file, /^D:\\Windows\\System32\\.*\\powershell\.exe$/);
  assert.match(
    windows.args.join(' '),
    /'D:\\Windows\\System32\\schtasks\.exe'.*'\/run \/tn "\\Culvert\\Engine"'.*RunAs/,
  );
});

test('each system installs by the script in its own folder, with the right that its user gives', () => {
  const linux = installCommand('linux', { PATH: '/home/me' });
  assert.deepEqual(
    [linux.file, ...linux.args],
    ['/usr/bin/pkexec', '/opt/Culvert/resources/engine/install-service.sh'],
  );
  const mac = installCommand('darwin', {});
  assert.deepEqual(mac.args, [
    '-e',
    `do shell script "/bin/sh '/Library/Application Support/Culvert/engine/install-service.sh'" with administrator privileges`,
  ]);
  const windows = installCommand('win32', { ProgramFiles: "D:\\Bob's Programs" }).args.at(-1) ?? '';
  assert.match(windows, /-FilePath 'C:\\Windows\\System32\\cmd\.exe'/);
  const script = String.raw`'/d /s /c ""D:\Bob''s Programs\Culvert\resources\engine\install-service.cmd""'`;
  assert.ok(windows.includes(script), windows);
});

test('how it ended: done, refused by the user, not permitted, failed with the reason', () => {
  const rows: readonly (readonly [Platform, 'install' | 'start', Ended, string, RegExp])[] = [
    [
      'linux',
      'install',
      { code: 126, stderr: 'Error executing command as another user: Request dismissed\n' },
      'CANCELLED',
      /was not installed: the permission was not given/,
    ],
    [
      'linux',
      'install',
      {
        code: 127,
        stderr:
          'Error executing command as another user: Not authorized\n\nThis incident has been reported.\n',
      },
      'NOT_PERMITTED',
      /could not be installed/,
    ],
    [
      'linux',
      'start',
      { code: 1, stderr: 'Failed to start culvert.service: Access denied\n' },
      'NOT_PERMITTED',
      /could not be started: Failed to start culvert\.service: Access denied$/,
    ],
    [
      'linux',
      'start',
      { code: 1, stderr: 'Failed to start culvert.service: Interactive authentication required.\n' },
      'NOT_PERMITTED',
      /authentication required/,
    ],
    [
      'linux',
      'install',
      { code: 1, stderr: 'groupadd: cannot lock /etc/group\n' },
      'HOST_CONFIGURATION',
      /installed: groupadd: cannot lock \/etc\/group$/,
    ],
    [
      'darwin',
      'install',
      { code: 1, stderr: '0:88: execution error: User canceled. (-128)\n' },
      'CANCELLED',
      /permission/,
    ],
    [
      'darwin',
      'install',
      { code: 1, stderr: '0:88: execution error: Bootstrap failed: 5 (5)\n' },
      'HOST_CONFIGURATION',
      /Bootstrap failed/,
    ],
    ['win32', 'install', { code: 126, stderr: '' }, 'CANCELLED', /permission/],
    ['win32', 'install', { code: 4, stderr: '' }, 'HOST_CONFIGURATION', /\(code 4\)/],
    ['linux', 'start', { code: undefined, stderr: '' }, 'HOST_CONFIGURATION', /it took too long/],
  ];
  for (const [platform, what, ended, code, message] of rows) {
    const outcome = outcomeOf(platform, what, ended);
    assert.ok(!outcome.ok, `${platform} ${ended.stderr}`);
    assert.equal(outcome.failure.code, code);
    assert.match(outcome.failure.message, message);
  }
  assert.deepEqual(outcomeOf('win32', 'start', { code: 0, stderr: 'a word' }), { ok: true, value: true });
});

test('what is carried out is what stands then, and nothing is run where nothing is offered', async () => {
  let facts: ServiceFacts = READY;
  const ran: Command[] = [];
  const service = systemService(
    'linux',
    {},
    {
      facts: async () => facts,
      run: async (command) => {
        ran.push(command);
        return { code: 0, stderr: '' };
      },
    },
  );
  assert.equal((await service.standing()).offer, 'install');
  facts = { ...READY, programs: REFUSED };
  const refused = await service.carryOut();
  assert.ok(!refused.ok && refused.failure.code === 'NOT_SUPPORTED');
  assert.ok((refused.failure.advice ?? []).length > 0);
  assert.deepEqual(ran, []);
  facts = { ...READY, definition: 'disabled' };
  assert.ok((await service.carryOut()).ok);
  facts = { ...READY, definition: 'enabled' };
  assert.ok((await service.carryOut()).ok);
  assert.deepEqual(ran, [installCommand('linux', {}), startCommand('linux', {})]);
});

const place = mkdtempSync('/var/tmp/culvert-service-');
after(() => rmSync(place, { recursive: true, force: true }));

test('a program of root alone is trusted; any link, folder or file of others is named', () => {
  const file = { path: '/opt/C/x.sh', uid: 0, mode: 0o100755, isSocket: false };
  const folder = { path: '/opt/C', uid: 0, mode: 0o040755, isSocket: false };
  const top = { path: '/', uid: 0, mode: 0o040755, isSocket: false };
  const link = { path: '/opt', uid: 0, mode: 0o120777, isSocket: false };
  const judged = (...chain: Parameters<typeof judgeProgram>[0]): string => {
    const verdict = judgeProgram(chain);
    return verdict.kind === 'refused' ? verdict.reason : verdict.kind;
  };
  assert.equal(judged(file, folder, link, top), 'trusted');
  assert.equal(judged(), 'absent');
  assert.equal(judged({ ...file, mode: 0o100775 }, folder, top), 'others than root may write to /opt/C/x.sh');
  assert.equal(judged({ ...file, mode: 0o100757 }, folder, top), 'others than root may write to /opt/C/x.sh');
  assert.equal(
    judged({ ...file, uid: 1000 }, folder, top),
    '/opt/C/x.sh belongs to user 1000 and not to root',
  );
  assert.match(judged(file, { ...folder, mode: 0o040775 }, top), /write to the folder \/opt\/C$/);
  assert.match(judged(file, { ...folder, uid: 501 }, top), /folder \/opt\/C belongs to user 501/);
  assert.match(judged(file, folder, { ...link, uid: 1000 }, top), /^\/opt belongs to user 1000/);
  // A file does not become safe by a bit that says so of folders.
  assert.match(judged({ ...file, mode: 0o101777 }, folder, top), /may write to \/opt\/C\/x\.sh/);
});

test('real programs: of root, of a user, in a folder of others, behind links', async (t) => {
  if (!requireOrSkip(t, { root: true })) return;
  const folder = join(place, 'programs');
  mkdirSync(folder, { mode: 0o755 });
  const path = join(folder, 'run.sh');
  const kind = async (of = path): Promise<string> => (await checkProgram(of)).kind;
  assert.equal(await kind(), 'absent');
  writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 });
  assert.equal(await kind(), 'trusted');
  assert.equal(await kind(folder), 'refused', 'a folder is no program');
  chmodSync(path, 0o775);
  assert.equal(await kind(), 'refused');
  chmodSync(path, 0o755);
  chownSync(path, 4711, 0);
  assert.equal(await kind(), 'refused');
  chownSync(path, 0, 0);
  const link = join(place, 'link');
  symlinkSync(folder, link);
  assert.equal(await kind(join(link, 'run.sh')), 'trusted');
  // The link is root's, and lies where anybody may put another in its place.
  const open = join(place, 'open');
  mkdirSync(open);
  chmodSync(open, 0o777);
  symlinkSync(folder, join(open, 'link'));
  assert.equal(await kind(join(open, 'link', 'run.sh')), 'refused');
  chmodSync(folder, 0o777);
  assert.equal(await kind(join(link, 'run.sh')), 'refused', 'what the link leads to counts too');
});

test('security of Windows: who may change a file besides the system', () => {
  const file = String.raw`C:\Program Files\Culvert\x.cmd`;
  const trusted = 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464';
  const usual = 'D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)(A;ID;0x1200a9;;;BU)(A;ID;0x1200a9;;;AC)';
  const kind = (sddl: string, path = file): string => judgeSddl(path, sddl).kind;
  assert.equal(kind(`O:BAG:SY${usual}`), 'trusted');
  assert.equal(kind(`O:SY${usual}`), 'trusted');
  assert.equal(kind(`O:${trusted}G:${trusted}D:PAI(A;;FA;;;${trusted})(A;CIIO;GA;;;${trusted})`), 'trusted');
  assert.equal(kind('O:BAG:SYD:PAI(A;OICIIO;GA;;;CO)(A;;FA;;;SY)(A;;FA;;;BA)'), 'trusted');
  assert.equal(kind('O:BAG:SYD:P(D;;FA;;;WD)(A;;FR;;;BU)S:AI(AU;SAFA;FA;;;WD)'), 'trusted');
  assert.equal(kind('O:BAG:SYD:P'), 'trusted', 'an empty list lets nobody in');
  for (const owner of ['S-1-5-21-1-2-3-1001', 'BU', 'WD'])
    assert.equal(kind(`O:${owner}G:SY${usual}`), 'refused', owner);
  for (const rights of [
    'FA',
    'GA',
    'GW',
    'FW',
    '0x1301bf',
    'SD',
    'WD',
    'WO',
    'DC',
    'LC',
    'DT',
    'CCDCLCSW',
    '??',
    '',
  ])
    for (const sid of ['BU', 'AU', 'WD', 'S-1-5-21-1-2-3-1001']) {
      const sddl = `O:BAG:SYD:AI(A;;FA;;;SY)(A;OICI;${rights};;;${sid})`;
      assert.equal(kind(sddl), rights === '' ? 'trusted' : 'refused', sddl);
    }
  assert.equal(kind('O:BAG:SYD:(XA;;FW;;;WD;(WIN://SYSAPPID Contains "x"))'), 'refused', 'on a condition');
  assert.equal(kind('O:BAG:SY'), 'refused', 'no list lets everybody in');
  assert.equal(kind('O:BAG:SYD:NO_ACCESS_CONTROL'), 'refused');
  for (const sddl of ['', 'nonsense', 'O:', 'D:(A;;FA;;;SY)', 'O:BAG:SYD:(A;;((FA));;;SY)'])
    assert.equal(kind(sddl), 'refused', sddl);
  // Everybody may make folders at the root of a drive; that replaces nothing.
  const root = 'O:SYG:SYD:PAI(A;;FA;;;SY)(A;OICIIO;SDGXGWGR;;;AU)(A;;LC;;;AU)(A;OICI;0x1200a9;;;BU)';
  assert.equal(kind(root, 'C:\\'), 'trusted');
  assert.equal(kind(root), 'refused');
  assert.equal(kind('O:SYG:SYD:(A;;DT;;;AU)', 'C:\\'), 'refused');
});

test('launchd and the task scheduler say who is switched off', () => {
  const printed = (value: string): string =>
    `\tdisabled services = {\n\t\t"com.apple.ftpd" => disabled\n\t\t"org.culvert.engine" => ${value}\n\t}\n`;
  for (const [value, disabled] of [
    ['disabled', true],
    ['true', true],
    ['enabled', false],
    ['false', false],
  ] as const)
    assert.equal(isDisabledJob(printed(value), 'org.culvert.engine'), disabled, value);
  assert.equal(isDisabledJob('', 'org.culvert.engine'), false);
  assert.equal(isDisabledJob(printed('enabled'), 'org.culvert'), false);
  const task = (trigger: boolean, settings: boolean): string =>
    `<Task><Triggers><BootTrigger><Enabled>${trigger}</Enabled></BootTrigger></Triggers>\n<Settings>\n<Hidden>false</Hidden>\n<Enabled>${settings}</Enabled>\n</Settings></Task>`;
  assert.equal(isDisabledTask(task(true, false)), true);
  assert.equal(isDisabledTask(task(false, true)), false);
});

test('a unit is what systemctl itself calls it, through its whole life', (t) => {
  if (!requireOrSkip(t, { commands: ['systemctl'] })) return;
  const root = join(place, 'root');
  const folder = join(root, 'usr/lib/systemd/system');
  mkdirSync(folder, { recursive: true });
  const unit = join(folder, 'culvert.service');
  const systemctl = (...args: string[]): string =>
    spawnSync('systemctl', [`--root=${root}`, ...args], { encoding: 'utf8' }).stdout.trim();
  const agree = (ours: string, its: string): void => {
    assert.equal(unitState('culvert.service', root), ours);
    assert.equal(systemctl('is-enabled', 'culvert.service'), its);
  };
  // Before version 253 it says this on its error output alone.
  agree('missing', systemctl('is-enabled', 'none-of-this-name.service'));
  writeFileSync(unit, '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n');
  agree('disabled', 'disabled');
  systemctl('enable', 'culvert.service');
  agree('enabled', 'enabled');
  systemctl('disable', 'culvert.service');
  agree('disabled', 'disabled');
  systemctl('mask', 'culvert.service');
  agree('masked', 'masked');
  systemctl('unmask', 'culvert.service');
  agree('disabled', 'disabled');
  rmSync(unit);
  assert.equal(unitState('culvert.service', root), 'missing');
});

test('the engine is looked for soon at first, and never less often than every five seconds', () => {
  const delays = Array.from({ length: 30 }, (_, attempt) => retryDelayMs(attempt));
  assert.equal(delays[0], 200);
  assert.equal(Math.max(...delays), 5000);
  assert.deepEqual(
    delays,
    [...delays].sort((a, b) => a - b),
  );
});
