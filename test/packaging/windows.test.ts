/**
 * The installer for Windows: compiled without a warning, then really run under Wine, with programs that write down how
 * they are called in the place of the task scheduler, of icacls and of the engine's Node. What cmd.exe makes of our
 * scripts is Wine's reading of them.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { KOFFI_FILES } from '../../resources/packaging/engine-tree.mjs';
import { requireOrSkip } from '../support/require.ts';

const here = (name: string): string => join(dirname(fileURLToPath(import.meta.url)), name);
const windows = (name: string): string => here(`../../resources/windows/${name}`);
const WINE = '/usr/lib/wine/wine64';
const SERVER = '/usr/lib/wine/wineserver';
const COMPILER = 'x86_64-w64-mingw32-gcc';

const place = mkdtempSync(join(tmpdir(), 'culvert-windows-'));
const prefix = join(place, 'prefix');
const record = join(place, 'record');
const setup = join(place, 'Culvert Setup.exe');
const installed = join(prefix, 'drive_c/Program Files/Culvert');
const base: NodeJS.ProcessEnv = {
  ...process.env,
  WINEPREFIX: prefix,
  WINEDEBUG: '-all',
  // The two programs are ours, not Wine's own.
  WINEDLLOVERRIDES: 'mscoree,mshtml=;schtasks.exe,icacls.exe=n',
  CULVERT_RECORD: `Z:${record.replaceAll('/', '\\')}`,
  NODE_OPTIONS: '--require evil.js',
};
after(() => {
  if (existsSync(prefix)) spawnSync(SERVER, ['-k', '-w'], { env: base });
  rmSync(place, { recursive: true, force: true });
});

function compile(): void {
  const recorder = join(place, 'recorder.exe');
  execFileSync(COMPILER, ['-Os', '-s', '-o', recorder, here('recorder.c')]);
  const engine = join(place, 'app/resources/engine');
  mkdirSync(engine, { recursive: true });
  writeFileSync(join(place, 'app/Culvert.exe'), '');
  writeFileSync(join(engine, 'culvert.mjs'), '');
  for (const name of ['culvert.cmd', 'install-service.cmd', 'engine-task.xml'])
    cpSync(windows(name), join(engine, name));
  cpSync(recorder, join(engine, 'node.exe'));
  const defines = [
    `-DINSTALLER=${windows('installer.nsh')}`,
    `-DAPP=${join(place, 'app')}`,
    `-DOUT=${setup}`,
  ];
  const made = spawnSync('makensis', ['-V2', '-WX', ...defines, here('installer.nsi')], { encoding: 'utf8' });
  assert.equal(made.status, 0, made.stdout + made.stderr);
  assert.equal((made.stdout + made.stderr).trim(), '', 'a compiler without complaints');
  assert.ok(existsSync(setup));
}

function boot(): void {
  if (existsSync(prefix)) return;
  mkdirSync(prefix);
  execFileSync(WINE, ['wineboot', '-i'], { env: base, stdio: 'ignore', timeout: 90_000 });
}

/** What was called since the last time, one line each, with the folders as they are named in the scripts. */
function run(program: string, args: readonly string[], fail = ''): { code: number; called: string[] } {
  writeFileSync(record, '');
  const { status } = spawnSync(WINE, [program, ...args], {
    env: { ...base, CULVERT_FAIL: fail },
    timeout: 60_000,
    stdio: 'ignore',
  });
  const called = readFileSync(record, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line
        .trimEnd()
        .replaceAll('C:\\Program Files\\Culvert\\resources\\engine\\', 'ENGINE\\')
        .replaceAll(/C:\\windows\\system32\\/gi, 'SYSTEM\\')
        .replaceAll('C:\\ProgramData\\', 'DATA\\')
        // How the engine is kept small is not what is looked at here.
        .replaceAll(/( --[a-z-]+(=\d+)?)+(?= "ENGINE)/g, ''),
    );
  return { code: status ?? -1, called };
}

const END = '"SYSTEM\\schtasks.exe" /end /tn "\\Culvert\\Engine"';
const VERSION = '"ENGINE\\node.exe" "ENGINE\\culvert.mjs" --version';
const OWNER = '"SYSTEM\\icacls.exe" "DATA\\Culvert" /setowner *S-1-5-32-544';
const ACCESS =
  '"SYSTEM\\icacls.exe" "DATA\\Culvert" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F';
const CREATE = '"SYSTEM\\schtasks.exe" /create /f /tn "\\Culvert\\Engine" /xml "ENGINE\\engine-task.xml"';
const START = '"SYSTEM\\schtasks.exe" /run /tn "\\Culvert\\Engine"';
const SERVICE = [VERSION, OWNER, ACCESS, CREATE, START];

function ready(t: TestContext): boolean {
  const files = ['/usr/share/nsis/Stubs/zlib-amd64-unicode'];
  return requireOrSkip(t, { commands: ['makensis', COMPILER, WINE, SERVER], files });
}

test('it compiles without a warning', (t) => {
  if (!ready(t)) return;
  compile();
});

test('installed, upgraded, a step that fails, the service alone, uninstalled: what is called, in order', (t) => {
  if (!ready(t)) return;
  if (!existsSync(setup)) compile();
  boot();
  for (const name of ['schtasks.exe', 'icacls.exe'])
    cpSync(join(place, 'recorder.exe'), join(prefix, 'drive_c/windows/system32', name));

  assert.deepEqual(run(setup, ['/S']), { code: 0, called: [END, ...SERVICE] });
  assert.ok(existsSync(join(installed, 'resources/engine/engine-task.xml')));
  assert.ok(existsSync(join(prefix, 'drive_c/ProgramData/Culvert')), 'the folder of profiles');

  const broken = run(setup, ['/S'], '--version');
  assert.deepEqual(broken, { code: 2, called: [END, VERSION] });
  const refused = run(setup, ['/S'], '/create');
  assert.deepEqual(refused, { code: 2, called: [END, VERSION, OWNER, ACCESS, CREATE] });

  // As the desktop app runs it, but for the quotes, which are Wine's to set here.
  const script = 'C:\\Program Files\\Culvert\\resources\\engine\\install-service.cmd';
  const alone = (fail = ''): { code: number; called: string[] } => run('cmd.exe', ['/d', '/c', script], fail);
  assert.deepEqual(alone(), { code: 0, called: SERVICE });
  for (const [fail, code] of [
    ['--version', 2],
    ['/setowner', 3],
    ['/inheritance', 3],
    ['/create', 4],
    ['/run', 5],
  ] as const)
    assert.equal(alone(fail).code, code, fail);

  // In its own folder, so that it is waited for; NSIS wants that folder without quotes.
  const uninstall = (...args: string[]): { code: number; called: string[] } =>
    run(`${installed}/Uninstall Culvert.exe`, ['/S', ...args, '_?=C:\\Program', 'Files\\Culvert']);
  assert.deepEqual(uninstall('--updated'), { code: 0, called: [END] });
  assert.deepEqual(run(setup, ['/S']), { code: 0, called: [END, ...SERVICE] });
  assert.deepEqual(uninstall(), {
    code: 0,
    called: [
      END,
      '"ENGINE\\node.exe" "ENGINE\\culvert.mjs" repair',
      '"ENGINE\\node.exe" "ENGINE\\culvert.mjs" release',
      '"SYSTEM\\schtasks.exe" /delete /f /tn "\\Culvert\\Engine"',
    ],
  });
  assert.equal(existsSync(join(installed, 'resources')), false);
});

test('whose a file is, by the calls of Windows: of no system, and not there', async (t) => {
  const node = process.env.CULVERT_WINDOWS_NODE ?? 'the folder that CULVERT_WINDOWS_NODE names';
  if (!requireOrSkip(t, { commands: [WINE, SERVER], files: [join(node, 'node.exe')] })) return;
  boot();
  // Node does not start on an older one.
  execFileSync(WINE, ['winecfg', '-v', 'win10'], { env: base, stdio: 'ignore', timeout: 60_000 });
  const modules = join(place, 'node_modules');
  for (const file of KOFFI_FILES)
    cpSync(here(`../../node_modules/koffi/${file}`), join(modules, 'koffi', file));
  cpSync(join(node, 'node_modules/@koromix'), join(modules, '@koromix'), { recursive: true });
  await build({
    absWorkingDir: here('../..'),
    entryPoints: ['test/packaging/ask-security.ts'],
    outfile: join(place, 'ask.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['koffi'],
    logLevel: 'warning',
  });
  const z = (path: string): string => `Z:${path.replaceAll('/', '\\')}`;
  const answer = join(place, 'answer.json');
  const paths = ['C:\\windows\\system32\\cmd.exe', 'C:\\none\\x.cmd'];
  const args = [z(join(node, 'node.exe')), z(join(place, 'ask.mjs')), z(answer), ...paths];
  const env = { ...base, NODE_OPTIONS: '' };
  execFileSync(WINE, args, { env, stdio: 'ignore', timeout: 60_000 });
  const [owned, absent] = JSON.parse(readFileSync(answer, 'utf8'));
  // Under Wine everything is its user's.
  assert.match(
    owned.reason,
    /^C:\\windows\\system32\\cmd\.exe belongs to S-1-5-21-[\d-]+ and not to the system$/,
  );
  assert.deepEqual(absent, { kind: 'absent' });
});
