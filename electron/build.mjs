/**
 * Bundles the shell into `dist/electron`: the main process as a module, the preload script as the CommonJS file that a
 * sandboxed window needs, and the pictures of the tray. Electron itself and koffi stay outside.
 */
import { cpSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const out = join(root, 'dist/electron');

const common = {
  absWorkingDir: root,
  bundle: true,
  external: ['electron', 'koffi'],
  legalComments: 'linked',
  logLevel: 'warning',
};

await build({
  ...common,
  entryPoints: { main: 'electron/main.ts' },
  outdir: out,
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  platform: 'node',
  target: 'node22',
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});
await build({
  ...common,
  entryPoints: { preload: 'electron/bridge/preload.ts' },
  outdir: out,
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  // A sandboxed preload script has `require('electron')` and no Node.
  platform: 'browser',
  target: 'chrome140',
});
cpSync(join(root, 'resources/icons/tray'), join(out, 'icons'), { recursive: true });

for (const name of ['main.mjs', 'preload.cjs'])
  process.stdout.write(`dist/electron/${name} ${Math.round(statSync(join(out, name)).size / 1024)} KiB\n`);
