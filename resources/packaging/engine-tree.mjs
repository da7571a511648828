/**
 * The engine as it is installed: its bundle, the Node that runs it, koffi with the native part of the target, the
 * command `culvert`, what makes it a service, licences. One folder that needs nothing else on the machine.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchFile, fetchPackage, verify } from './fetch.mjs';
import { TARGETS, WINTUN } from './pins.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const CACHE = join(root, 'dist/package/cache');

/** What `import 'koffi'` needs of it; the rest is its sources. */
export const KOFFI_FILES = [
  'package.json',
  'index.js',
  'src/koffi/index.js',
  'src/koffi/src/static.js',
  'LICENSE.txt',
];

/** Some members of a `.tgz`, without their leading folders; `tar` is part of all three systems. */
function extract(archive, members, strip, into) {
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['-xf', archive, '-C', into, `--strip-components=${strip}`, ...members]);
}

/** The command, what makes the engine a service, and what it makes it with; shell scripts may be run. */
const SERVICE_FILES = {
  linux: {
    folder: 'linux',
    names: ['culvert', 'install-service.sh', 'culvert.service', 'culvert-repair.service'],
  },
  darwin: { folder: 'macos', names: ['culvert', 'install-service.sh', 'org.culvert.engine.plist'] },
  win32: { folder: 'windows', names: ['culvert.cmd', 'install-service.cmd', 'engine-task.xml'] },
};

function putService(platform, tree) {
  const { folder, names } = SERVICE_FILES[platform];
  for (const name of names) {
    copyFileSync(join(root, 'resources', folder, name), join(tree, name));
    chmodSync(join(tree, name), /^culvert$|\.sh$/.test(name) ? 0o755 : 0o644);
  }
}

function putNode(target, platform, tree, runtime) {
  const name = platform === 'win32' ? 'node.exe' : 'node';
  if (runtime) copyFileSync(runtime, join(tree, name));
  else {
    const archive = fetchPackage(target.node, CACHE);
    extract(archive, [`package/bin/${name}`], 2, tree);
    // The package for Windows has no licence in it; it is the same for all.
    const whole = platform === 'win32' ? fetchPackage(TARGETS['linux-x64'].node, CACHE) : archive;
    extract(whole, ['package/LICENSE'], 1, join(tree, 'licences', 'node'));
  }
  chmodSync(join(tree, name), 0o755);
}

function putKoffi(target, tree, local) {
  const modules = join(tree, 'node_modules');
  const own = join(root, 'node_modules/koffi');
  for (const file of KOFFI_FILES) cpSync(join(own, file), join(modules, 'koffi', file));
  const native = join(modules, target.koffi.name);
  const installed = join(root, 'node_modules', target.koffi.name);
  if (local && existsSync(installed)) cpSync(installed, native, { recursive: true, dereference: true });
  else extract(fetchPackage(target.koffi, CACHE), ['package'], 1, native);
}

async function putWintun(tree) {
  const archive = await fetchFile(WINTUN, CACHE);
  extract(archive, [WINTUN.entry], 3, tree);
  extract(archive, [WINTUN.licence], 1, join(tree, 'licences', 'wintun'));
  verify(join(tree, 'wintun.dll'), `sha256-${WINTUN.dllSha256}`);
}

/**
 * Makes the tree of a target and returns its path. `runtime` is a Node executable to use in place of the pinned one,
 * and koffi's native part is then the installed one: for tests, which need no network that way.
 */
export async function makeEngineTree({ platform, arch, runtime, into }) {
  const target = TARGETS[`${platform}-${arch}`];
  if (!target) throw new Error(`there is no engine for ${platform}-${arch}`);
  const tree = into ?? join(root, 'dist/package', `engine-${platform}-${arch}`);
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const bundle = join(root, 'dist');
  for (const name of readdirSync(bundle))
    if (/\.(mjs|txt)$/.test(name)) copyFileSync(join(bundle, name), join(tree, name));
  putNode(target, platform, tree, runtime);
  putKoffi(target, tree, runtime !== undefined);
  putService(platform, tree);
  if (platform === 'win32') await putWintun(tree);
  copyFileSync(join(root, 'LICENSE'), join(tree, 'LICENSE'));
  return tree;
}
