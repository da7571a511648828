/**
 * `npm run package [-- --dir]`: builds everything, fetches the runtimes, and makes the installers of this system in
 * `dist/package/out`. `--dir` stops at the unpacked tree, `--engine` at the engine's folder, which needs no Electron and
 * is what ships of the engine; `--arch x64|arm64` names another processor.
 */
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Arch, build, Platform } from 'electron-builder';
import { config } from './builder.mjs';
import { makeEngineTree } from './engine-tree.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({
  options: {
    dir: { type: 'boolean', default: false },
    engine: { type: 'boolean', default: false },
    arch: { type: 'string', default: process.arch },
  },
});

const { platform } = process;
const { arch } = values;
execFileSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: 'inherit', shell: platform === 'win32' });
const tree = await makeEngineTree({ platform, arch });
if (values.engine) process.stdout.write(`${tree}\n`);
else {
  const targets = Platform.current().createTarget(values.dir ? 'dir' : undefined, Arch[arch]);
  for (const path of await build({ projectDir: root, targets, config, publish: 'never' }))
    process.stdout.write(`${path}\n`);
}
