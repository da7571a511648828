/**
 * The package for Linux as it comes out: put together by electron-builder around a stand-in for Electron's binary, its
 * list of files, its fuses; then installed, started, used and removed in namespaces of its own.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FuseState, type FuseV1Options, FuseVersion, getCurrentFuseWire } from '@electron/fuses';
import { Arch, build, Platform } from 'electron-builder';
import { config } from '../../resources/packaging/builder.mjs';
import { makeEngineTree } from '../../resources/packaging/engine-tree.mjs';
import { FUSES } from '../../resources/packaging/fuses.mjs';
import { requireOrSkip } from '../support/require.ts';
import { makeDeb } from './deb.ts';

const here = (name: string): string => join(dirname(fileURLToPath(import.meta.url)), name);
const root = here('../..');
const folder = mkdtempSync(join(tmpdir(), 'culvert-package-'));
// What runs as another user reads in it.
chmodSync(folder, 0o755);
const tree = join(folder, 'out', 'linux-unpacked');
after(() => rmSync(folder, { recursive: true, force: true }));

/** As many files of a distribution of Electron as electron-builder asks for. Its fuse wire is where a real one's is. */
function fakeElectron(): string {
  const dist = join(folder, 'electron');
  for (const sub of ['', 'resources', 'locales']) mkdirSync(join(dist, sub), { recursive: true });
  const wire = Buffer.concat([
    Buffer.from('no program at all '),
    Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
    Buffer.from([1, 9]),
    Buffer.from('101100011'),
  ]);
  writeFileSync(join(dist, 'electron'), wire, { mode: 0o755 });
  for (const name of ['chrome-sandbox', 'LICENSE', 'LICENSES.chromium.html', 'locales/en-US.pak'])
    writeFileSync(join(dist, name), 'x');
  return dist;
}

before(async () => {
  execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const engine = join(folder, 'engine');
  await makeEngineTree({ platform: 'linux', arch: process.arch, runtime: process.execPath, into: engine });
  const ours = (text: string): string => text.replace(/^dist\/package\/engine-linux-\$\{arch\}/, engine);
  const extra = config.linux?.extraResources as { from: string; to: string; filter: string[] }[];
  await build({
    projectDir: root,
    publish: 'never',
    targets: Platform.LINUX.createTarget('dir', process.arch === 'arm64' ? Arch.arm64 : Arch.x64),
    config: {
      ...config,
      electronDist: fakeElectron(),
      directories: { ...config.directories, output: join(folder, 'out') },
      linux: { ...config.linux, extraResources: extra.map((e) => ({ ...e, from: ours(e.from) })) },
    },
  });
});

const walk = (path: string, under = ''): string[] =>
  readdirSync(join(path, under), { withFileTypes: true }).flatMap((entry) => {
    const name = under === '' ? entry.name : `${under}/${entry.name}`;
    return entry.isDirectory() ? walk(path, name) : [name];
  });

/** Names that change with their content are shortened to their pattern. */
const general = (name: string): string =>
  name.replace(/-[A-Z0-9]{8}(?=\.mjs)/, '-*').replace(/-[\w-]{8}(?=\.(js|css)$)/, '-*');

test('the engine of the package: its bundle, its Node, koffi, licences, and nothing else', () => {
  const files = new Set(walk(join(tree, 'resources/engine')).map(general));
  const native = [...files].filter((name) => name.startsWith('node_modules/@koromix/'));
  assert.ok(native.some((name) => name.endsWith('koffi.node')));
  for (const name of native) files.delete(name);
  assert.deepEqual([...files].filter((name) => !/^[a-z-]+-\*\.mjs/.test(name)).sort(), [
    'LICENSE',
    'culvert',
    'culvert-repair.service',
    'culvert.mjs',
    'culvert.service',
    'datapath-worker.mjs',
    'install-service.sh',
    'node',
    'node_modules/koffi/LICENSE.txt',
    'node_modules/koffi/index.js',
    'node_modules/koffi/package.json',
    'node_modules/koffi/src/koffi/index.js',
    'node_modules/koffi/src/koffi/src/static.js',
  ]);
  for (const name of ['node', 'culvert', 'culvert.mjs', 'install-service.sh'])
    assert.equal(statSync(join(tree, 'resources/engine', name)).mode & 0o777, 0o755, name);
});

test("the app's archive: shell, renderer, manifest; no module of npm, no source, no demo", async () => {
  const { listPackage, extractFile } = await import('@electron/asar');
  const archive = join(tree, 'resources/app.asar');
  const names = listPackage(archive, { isPack: false }).map((name) => name.slice(1));
  const expected =
    /^(dist|dist\/electron(\/(main\.mjs|preload\.cjs|icons(\/tray-\w+(@2x)?\.(png|ico))?))?|dist\/renderer(\/(index\.html|[\w-]+\.svg|assets(\/[\w.-]+\.(js|css))?))?|package\.json)(\.LEGAL\.txt)?$/;
  assert.deepEqual(
    names.filter((name) => !expected.test(name)),
    [],
  );
  for (const name of ['dist/electron/main.mjs', 'dist/electron/preload.cjs', 'dist/renderer/index.html'])
    assert.ok(names.includes(name), name);
  const manifest = JSON.parse(extractFile(archive, 'package.json').toString('utf8'));
  assert.equal(manifest.main, 'dist/electron/main.mjs');
  assert.equal(manifest.scripts, undefined);
});

test('the fuses of the packed executable are as decided', async () => {
  const wire = await getCurrentFuseWire(join(tree, 'culvert-desktop'));
  assert.equal(wire.version, FuseVersion.V1);
  for (const [fuse, wanted] of Object.entries(FUSES)) {
    if (!/^\d+$/.test(fuse)) continue;
    const state = wire[Number(fuse) as FuseV1Options];
    assert.equal(state, wanted ? FuseState.ENABLE : FuseState.DISABLE, `fuse ${fuse}`);
  }
});

/** Runs a script in namespaces of its own; what it said by the first word of each line. */
function run(script: string, args: readonly string[]): Map<string, string> {
  const own = ['--mount', '--net', '--pid', '--fork', '--mount-proc', '--propagation', 'private'];
  const { status, stdout, stderr } = spawnSync('unshare', [...own, 'sh', here(script), ...args], {
    encoding: 'utf8',
    timeout: 120_000,
    // Their mount points go with the test.
    env: { ...process.env, TMPDIR: folder },
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  return new Map(
    stdout.split('\n').map((line) => [line.split(' ')[0] ?? '', line.slice(line.indexOf(' ') + 1)]),
  );
}

test('installed, started as its unit says, used by a member of the group, removed', (t) => {
  const commands = ['unshare', 'setpriv', 'systemd-analyze', 'groupadd', 'ip', 'nft'];
  if (!requireOrSkip(t, { root: true, namespaces: true, commands, files: ['/dev/net/tun'] })) return;
  const shell = [process.execPath, '--import', import.meta.resolve('tsx'), here('bring-up.ts')];
  const said = run('installed.sh', [tree, join(root, 'resources/linux'), ...shell]);
  assert.equal(said.get('group'), 'culvert:nobody');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(said.get('version'), version);
  assert.equal(said.get('verified'), '', 'systemd-analyze verify has nothing to say');
  assert.equal(said.get('ready'), '/run/culvert/engine.sock');
  assert.equal(said.get('socket'), '660 root:culvert');
  const info = JSON.parse(said.get('status') ?? '');
  assert.equal(info.engine.privileged, true);
  assert.equal(said.get('stranger'), '4', 'NOT_PERMITTED');
  assert.match(said.get('up') ?? '', /NO_ANSWER/, 'the interface could be made with what the unit leaves');
  assert.equal(said.get('ended'), '0');
  assert.equal(said.get('repaired'), '0');
  // The service is gone: what the desktop app makes of it, by its own code.
  assert.match(said.get('writable') ?? '', /^untrusted none connecting NOT_SUPPORTED: .*\/resources$/);
  assert.match(said.get('dismissed') ?? '', /^installable install connecting CANCELLED: /);
  assert.equal(said.get('installed'), 'installable install connected done');
  assert.equal(JSON.parse(said.get('works') ?? '').engine.privileged, true);
  assert.equal(said.get('stopped'), 'startable start connected done');
  assert.equal(said.get('disabled'), 'disabled enable connected done');
  assert.match(said.get('masked') ?? '', /^masked none connecting NOT_SUPPORTED: .*has masked/);
  assert.equal(said.get('upgraded-masked'), 'masked');
  assert.equal(said.get('upgraded-disabled'), 'disabled');
  assert.equal(said.get('upgraded-enabled'), 'enabled running');
  assert.equal(said.get('state'), 'kept');
  assert.equal(said.get('left'), '0 0');
});

test('dpkg itself: installed, upgraded, half-way, switched off, removed, again, purged', (t) => {
  const commands = ['unshare', 'setpriv', 'dpkg', 'dpkg-deb', 'groupadd', 'ip', 'systemctl'];
  if (!requireOrSkip(t, { root: true, namespaces: true, commands })) return;
  const opt = join(folder, 'opt');
  mkdirSync(opt);
  const of = { tree, folder: join(folder, 'deb') };
  const broken = (content: string): void => {
    const node = join(content, 'opt/Culvert/resources/engine/node');
    // The other packages have the same file by a hard link.
    rmSync(node);
    writeFileSync(node, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  };
  const said = run('deb.sh', [
    opt,
    makeDeb({ ...of, version: '1.0.0' }),
    makeDeb({ ...of, version: '1.1.0' }),
    makeDeb({ ...of, version: '1.2.0', change: broken }),
  ]);
  const steps: readonly (readonly [string, string, string])[] = [
    ['install', 'postinst configure ;', 'installed 1.0.0, running, enabled'],
    [
      'upgrade',
      'prerm upgrade 1.1.0;postrm upgrade 1.1.0;postinst configure 1.0.0;',
      'installed 1.1.0, running, enabled',
    ],
    // An engine that does not run ends the upgrade, and the old one keeps its tunnels.
    [
      'broken',
      'prerm upgrade 1.2.0;postrm upgrade 1.2.0;postinst configure 1.1.0;',
      'half-configured 1.2.0, silent, enabled',
    ],
    [
      'mended',
      'prerm upgrade 1.1.0;postrm upgrade 1.1.0;postinst configure 1.1.0;',
      'installed 1.1.0, running, enabled',
    ],
    [
      'disabled',
      'prerm upgrade 1.0.0;postrm upgrade 1.0.0;postinst configure 1.1.0;',
      'installed 1.0.0, stopped, disabled',
    ],
    ['remove', 'prerm remove;postrm remove;', 'config-files 1.0.0, stopped,'],
    ['again', 'postinst configure 1.0.0;', 'installed 1.1.0, running, enabled'],
    ['purge', 'prerm remove;postrm remove;postrm purge;', 'none, stopped,'],
  ];
  for (const [step, called, after] of steps) {
    assert.equal(said.get(`called-${step}`), called, step);
    assert.equal(said.get(`after-${step}`)?.trimEnd(), after, step);
  }
  assert.equal(said.get('replaced'), 'by the new engine');
  assert.equal(said.get('kept'), 'the old engine');
  assert.equal(said.get('left'), '0 /var/lib/culvert/kept');
  assert.equal(said.get('nothing'), '0 0');
});

test("macOS: the package's scripts, in a root like a Mac's with its launchd and its owners played", (t) => {
  const commands = ['unshare', 'chroot'];
  if (!requireOrSkip(t, { root: true, namespaces: true, commands })) return;
  const said = run('macos.sh', [join(tree, 'resources/engine'), join(root, 'resources/macos')]);
  const out = 'bootout system/org.culvert.engine;';
  const on = 'enable system/org.culvert.engine;';
  const put = 'bootstrap system /Library/LaunchDaemons/org.culvert.engine.plist;';
  const running = 'running, 0 loose, job, /Library/Application Support/Culvert/engine/culvert';
  assert.equal(said.get('install'), `0: ${out}${out}${on}${put}`);
  assert.equal(said.get('install-stands'), running);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(said.get('version'), version);
  // launchd says twice that the old engine is still on its way out.
  assert.equal(said.get('upgrade'), `0: ${out}${out}${on}${put}${put}${put}`);
  assert.equal(said.get('upgrade-stands'), running);
  assert.ok(said.has('replaced'));
  assert.equal(said.get('service'), `0: ${out}${on}${put}`);
  assert.equal(said.get('service-stands'), running);
  for (const refused of ['broken', 'stranger', 'link'])
    assert.equal(said.get(refused), '1: ', `${refused}: nothing is asked of launchd`);
  assert.equal(said.get('broken-stands'), running);
  assert.equal(said.get('refused-stands'), running);
  assert.equal(said.get('uninstall'), `0: ${out}pkgutil --forget org.culvert.app;`);
  assert.equal(said.get('uninstall-stands')?.trimEnd(), 'stopped, 0 loose, ,');
  assert.equal(said.get('left'), '0 state');
});
