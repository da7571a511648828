/** The packages as they are described: the configuration, the pins, the units, the scripts, the pictures. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FuseV1Options } from '@electron/fuses';
import { SaxesParser } from 'saxes';
import { engineFolder, SERVICE, serviceNames, startCommand } from '../../electron/engine/service-command.ts';
import { ASSOCIATED } from '../../electron/links/arguments.ts';
import { TRAY_COLOURS } from '../../electron/tray/state.ts';
import { BEFORE_REMOVE, config, SYSTEM_FILES } from '../../resources/packaging/builder.mjs';
import { verify } from '../../resources/packaging/fetch.mjs';
import { FUSES } from '../../resources/packaging/fuses.mjs';
import { KOFFI_VERSION, TARGETS, WINTUN } from '../../resources/packaging/pins.mjs';
import { requireOrSkip } from '../support/require.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const resource = (...parts: string[]): string => join(root, 'resources', ...parts);
const read = (...parts: string[]): string => readFileSync(resource(...parts), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'culvert-packaging-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test("the configuration is valid by electron-builder's own schema", async () => {
  const require = createRequire(createRequire(import.meta.url).resolve('electron-builder'));
  const { validateConfiguration } = require('app-builder-lib/out/util/config/config.js');
  const { DebugLogger } = require('builder-util');
  await validateConfiguration(config, new DebugLogger(false));
  const wrong = { ...config, deb: { ...config.deb, afterInstal: 'x' } };
  await assert.rejects(validateConfiguration(wrong, new DebugLogger(false)), /configuration\.deb/);
});

test('installers for each system, none that cannot carry a service; no updater', () => {
  const targets = (of: { target?: unknown } | null | undefined): unknown =>
    (of?.target as { target: string }[] | undefined)?.map((t) => t.target);
  assert.deepEqual(targets(config.linux), ['deb', 'rpm']);
  assert.deepEqual(targets(config.mac), ['pkg']);
  assert.deepEqual(targets(config.win), ['nsis', 'msiWrapped']);
  assert.equal(config.nsis?.perMachine, true);
  assert.equal(config.nsis?.allowToChangeInstallationDirectory, false);
  assert.equal(config.publish, null);
});

test('every file that the configuration names is there', () => {
  const named = [
    config.deb?.afterInstall,
    config.deb?.afterRemove,
    config.rpm?.afterInstall,
    config.nsis?.include,
    config.mac?.icon,
    config.win?.icon,
    ...SYSTEM_FILES.map((word) => word.split('=')[0]),
    BEFORE_REMOVE,
  ].filter((path): path is string => typeof path === 'string' && path.includes('/'));
  assert.ok(named.length >= 12);
  assert.deepEqual(config.deb?.fpm, ['--before-remove', BEFORE_REMOVE, ...SYSTEM_FILES]);
  assert.deepEqual(config.rpm?.fpm, config.deb?.fpm);
  for (const path of named) assert.ok(existsSync(path.startsWith('/') ? path : join(root, path)), path);
});

test('the files that are associated are those that the shell opens', () => {
  const extensions = [config.fileAssociations ?? []].flat().map((a) => `.${String(a.ext)}`);
  assert.deepEqual(extensions.sort(), [...ASSOCIATED].sort());
});

test('fuses: each one is decided, and all that opens the app is blown', () => {
  const decided = FUSES as unknown as Record<string, unknown>;
  for (const name of Object.values(FuseV1Options).filter((value) => typeof value === 'number'))
    assert.equal(typeof decided[name], 'boolean', FuseV1Options[name as FuseV1Options]);
  for (const fuse of [
    FuseV1Options.RunAsNode,
    FuseV1Options.EnableNodeOptionsEnvironmentVariable,
    FuseV1Options.EnableNodeCliInspectArguments,
    FuseV1Options.GrantFileProtocolExtraPrivileges,
  ])
    assert.equal(decided[fuse], false, FuseV1Options[fuse]);
  assert.equal(decided[FuseV1Options.OnlyLoadAppFromAsar], true);
  assert.equal(decided[FuseV1Options.EnableEmbeddedAsarIntegrityValidation], true);
});

test('what is fetched is pinned by version and digest, and refused when it is another', () => {
  for (const [target, pins] of Object.entries(TARGETS))
    for (const { version, integrity } of [pins.node, pins.koffi]) {
      assert.match(version, /^\d+\.\d+\.\d+$/, target);
      assert.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/, target);
    }
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  assert.equal(KOFFI_VERSION, manifest.dependencies.koffi, "koffi's native part is of koffi's version");
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  for (const { koffi } of Object.values(TARGETS)) {
    const locked = lock.packages[`node_modules/${koffi.name}`];
    if (locked) assert.equal(koffi.integrity, locked.integrity, koffi.name);
  }
  assert.match(WINTUN.sha256 + WINTUN.dllSha256, /^[0-9a-f]{128}$/);
  const file = join(folder, 'fetched');
  writeFileSync(file, 'abc');
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  assert.equal(verify(file, `sha256-${abc}`), file);
  assert.throws(() => verify(file, `sha256-${abc.replace('b', 'c')}`), /not the pinned/);
  assert.equal(existsSync(file), false, 'what is not trusted is not kept');
});

/** `Key=Value` lines of a unit, the values of a repeated key in order. */
function unit(name: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const line of read('linux', name).split('\n')) {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
}

test('the units are hardened as promised, and the desktop app looks for the socket where they put it', () => {
  for (const name of ['culvert.service', 'culvert-repair.service']) {
    const values = unit(name);
    for (const [key, value] of Object.entries({
      NoNewPrivileges: 'yes',
      ProtectSystem: 'strict',
      ProtectHome: 'yes',
      RestrictAddressFamilies: 'AF_UNIX AF_INET AF_INET6 AF_NETLINK',
      RestrictNamespaces: 'yes',
    }))
      assert.deepEqual(values.get(key), [value], `${name}: ${key}`);
    assert.doesNotMatch(values.get('CapabilityBoundingSet')?.[0] ?? '', /SYS_ADMIN|DAC_|SYS_PTRACE|SETUID/);
    assert.match(values.get('ExecStart')?.[0] ?? '', /--socket \/run\/culvert\/engine\.sock/);
  }
  assert.ok(SERVICE.linux === 'culvert.service' && existsSync(resource('linux', SERVICE.linux)));
  assert.match(read('macos', 'org.culvert.engine.plist'), new RegExp(`<string>${SERVICE.darwin}</string>`));
  assert.ok(existsSync(resource('macos', `${SERVICE.darwin}.plist`)));
  const task = startCommand('win32', {}).args.join(' ');
  assert.ok(task.includes(SERVICE.win32));
  assert.ok(read('windows', 'install-service.cmd').includes(`/create /f /tn "${SERVICE.win32}"`));
});

test('systemd rates the exposure of the units as low', (t) => {
  if (!requireOrSkip(t, { commands: ['systemd-analyze'] })) return;
  for (const name of ['culvert.service', 'culvert-repair.service']) {
    const args = ['security', '--offline=true', '--threshold=30', resource('linux', name)];
    const { status, stdout } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout.split('\n').at(-2));
  }
});

test('scripts are sound shell and call programs of the system by what they are', () => {
  const scripts = ['linux', 'macos', 'macos/pkg-scripts'].flatMap((folder) =>
    readdirSync(resource(folder))
      .filter((name) => /\.sh$|^culvert$|^postinstall$/.test(name))
      .map((name) => resource(folder, name)),
  );
  assert.equal(scripts.length, 9);
  for (const script of scripts) {
    execFileSync('sh', ['-n', script]);
    const text = readFileSync(script, 'utf8');
    assert.match(text, /^#!\/bin\/sh\n/);
    // electron-builder would take these for words of its own.
    assert.doesNotMatch(text, /\$\{|<%/, script);
  }
  for (const uninstaller of [
    read('linux', 'before-remove.sh'),
    read('macos', 'uninstall.sh'),
    read('windows', 'installer.nsh'),
  ]) {
    assert.match(uninstaller, / repair\b/);
    assert.match(uninstaller, / release\b/);
  }
  // An installer runs with an administrator's rights in whatever folder it was started in.
  const commands = [...read('windows', 'installer.nsh').matchAll(/ExecToLog '"([^"]+)"/g)].map(
    (m) => m[1] ?? '',
  );
  assert.ok(commands.length >= 3);
  for (const command of commands) assert.match(command, /^\$(SYSDIR|INSTDIR)\\/);
  const lines = read('windows', 'install-service.cmd').split('\n');
  const steps = lines.flatMap((line, index) => (/^(call )?"/.test(line) ? [index] : []));
  assert.equal(steps.length, 5);
  for (const index of steps) {
    assert.match(lines[index] ?? '', /^(call "%~dp0|"%system%\\)/);
    assert.match(lines[index + 1] ?? '', /^if not %errorlevel%==0 exit \/b \d$/);
  }
});

test('one script makes the service, for the package and for the desktop app, which looks for it where it is put', () => {
  const linux = serviceNames('linux', {}).script;
  assert.match(read('linux', 'after-install.sh'), new RegExp(`^${linux}$`, 'm'));
  assert.match(read('linux', 'org.culvert.policy'), new RegExp(`exec\\.path">${linux}<`));
  for (const name of ['culvert.service', 'culvert-repair.service'])
    assert.ok(
      unit(name)
        .get('ExecStart')?.[0]
        ?.startsWith(`${engineFolder('linux', {})}/node `),
      name,
    );
  const mac = engineFolder('darwin', {});
  assert.match(read('macos', 'pkg-scripts', 'postinstall'), new RegExp(`^engine="${mac}"$`, 'm'));
  assert.match(read('macos', 'pkg-scripts', 'postinstall'), /^"\$engine\/install-service\.sh"$/m);
  assert.match(read('macos', 'install-service.sh'), new RegExp(`^engine="${mac}"$`, 'm'));
  assert.ok(read('macos', 'org.culvert.engine.plist').includes(`<string>${mac}/culvert.mjs</string>`));
  const windows = engineFolder('win32', { ProgramFiles: '%ProgramFiles%' });
  assert.ok(read('windows', 'engine-task.xml').includes(`"${windows}\\culvert.mjs" engine`));
  assert.match(read('windows', 'installer.nsh'), /culvertRun 'install-service\.cmd"'/);
});

test('XML parts are well-formed', () => {
  for (const parts of [
    ['linux', 'culvert-mime.xml'],
    ['linux', 'org.culvert.policy'],
    ['macos', 'org.culvert.engine.plist'],
    ['windows', 'engine-task.xml'],
  ]) {
    const parser = new SaxesParser();
    parser.on('error', (error) => {
      throw error;
    });
    parser.write(read(...parts)).close();
  }
});

const pngSize = (png: Buffer): number => {
  assert.equal(png.toString('latin1', 1, 4), 'PNG');
  assert.equal(png.readUInt32BE(16), png.readUInt32BE(20), 'square');
  return png.readUInt32BE(16);
};

test('icons: every size is what its name says, on each system', () => {
  for (const name of readdirSync(resource('icons/linux')))
    assert.equal(`${pngSize(readFileSync(resource('icons/linux', name)))}`, name.split('x')[0]);
  for (const name of ['icon.ico', 'document.ico']) {
    const ico = readFileSync(resource('icons', name));
    for (let index = 0; index < ico.readUInt16LE(4); index += 1) {
      const at = 6 + 16 * index;
      const image = ico.subarray(ico.readUInt32LE(at + 12)).subarray(0, ico.readUInt32LE(at + 8));
      assert.equal(pngSize(image) % 256, ico.readUInt8(at));
    }
  }
  const icns = readFileSync(resource('icons/icon.icns'));
  assert.equal(icns.toString('latin1', 0, 4), 'icns');
  assert.equal(icns.readUInt32BE(4), icns.length);
  for (const colour of TRAY_COLOURS) {
    const sizes = ['.png', '@2x.png', 'Template.png', 'Template@2x.png'].map((end) =>
      pngSize(readFileSync(resource('icons/tray', `tray-${colour}${end}`))),
    );
    assert.deepEqual(sizes, [22, 44, 18, 36]);
    assert.ok(existsSync(resource('icons/tray', `tray-${colour}.ico`)));
  }
});
