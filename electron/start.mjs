/**
 * `npm start`: builds the renderer and the shell and runs the app with Electron, which downloads itself on its first run.
 * Where it cannot be had, one line says so and names the way that needs no Electron, which shows the same renderer.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Path of the executable, or undefined. Loading the package downloads it, and prints how that went wrong. */
function findElectron() {
  const named = process.env.CULVERT_ELECTRON;
  if (named) return existsSync(named) ? named : undefined;
  const script = "process.stdout.write('\\n' + require('electron'))";
  const { status, stdout } = spawnSync(process.execPath, ['-e', script], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 300_000,
  });
  const path = stdout?.trim().split('\n').at(-1) ?? '';
  return status === 0 && existsSync(path) ? path : undefined;
}

// Both ways show these pages.
await build({ configFile: join(root, 'renderer/vite.config.ts'), logLevel: 'warn' });
const electron = findElectron();
if (!electron) {
  process.stderr.write(
    'Electron cannot be had here (its first run downloads it); the same window in a browser: npm run demo -- --ui\n',
  );
  process.exit(1);
}
await import('./build.mjs');
const child = spawn(electron, [root, ...process.argv.slice(2)], { stdio: 'inherit' });
child.once('exit', (code) => process.exit(code ?? 1));
