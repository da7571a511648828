/**
 * Bundles the engine and the CLI for Node into `dist/`: one file for the command, one for the data path's
 * worker thread, which must stay a file of its own. koffi stays outside: it loads a native library.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

// The names of shared parts change with their content: what an earlier build left would be packaged as well.
for (const name of existsSync(join(root, 'dist')) ? readdirSync(join(root, 'dist')) : [])
  if (/\.(mjs|txt)$/.test(name)) rmSync(join(root, 'dist', name));

await build({
  absWorkingDir: root,
  entryPoints: { culvert: 'engine/cli/main.ts', 'datapath-worker': 'engine/datapath/worker.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['koffi'],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  define: { 'process.env.CULVERT_VERSION': JSON.stringify(version) },
  // Names stay, for traces; the rest of a source is memory for as long as the engine runs.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'warning',
});
chmodSync(join(root, 'dist/culvert.mjs'), 0o755);
for (const name of ['culvert.mjs', 'datapath-worker.mjs'])
  process.stdout.write(`dist/${name} ${Math.round(statSync(join(root, 'dist', name)).size / 1024)} KiB\n`);
