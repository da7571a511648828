/**
 * Runs the tests: `node test/run.mjs all|unit|interop|check [NAME…]`.
 * Unit tests run in parallel, interop scenarios one after the other (each owns network namespaces). A NAME
 * picks the test files whose path contains it; a name that picks nothing is an error, not an empty success.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [mode = 'all', ...names] = process.argv.slice(2);

/** Without what earlier runs left in test/out, which may belong to another user. */
function testFiles(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.name !== 'out')
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return testFiles(path);
      return entry.name.endsWith('.test.ts') ? [path] : [];
    })
    .sort();
}

const isInterop = (file) => file.startsWith(join('test', 'interop'));
const chosen = (file) => names.length === 0 || names.some((name) => file.includes(name));

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

function runTests(title, files, concurrency) {
  if (files.length === 0) return 0;
  process.stdout.write(`\n== ${title}: ${files.length} files\n`);
  return run(process.execPath, [
    '--import',
    'tsx',
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    ...files,
  ]);
}

function check() {
  const bin = (name) => join(root, 'node_modules', '.bin', name);
  for (const project of ['engine/tsconfig.pure.json', 'engine/tsconfig.node.json', 'test/tsconfig.json']) {
    const status = run(bin('tsc'), ['-p', project]);
    if (status !== 0) return status;
  }
  const lint = run(bin('biome'), ['check', '--error-on-warnings', '.']);
  if (lint !== 0) return lint;
  return runTests('architecture', ['test/architecture.test.ts'], 1);
}

function tests() {
  const all = testFiles('test').filter(chosen);
  const unit = mode === 'interop' ? [] : all.filter((file) => !isInterop(file));
  const interop = mode === 'unit' ? [] : all.filter(isInterop);
  if (unit.length + interop.length === 0) {
    process.stderr.write(`no test file matches ${names.join(', ')}\n`);
    return 2;
  }
  const unitStatus = runTests('unit', unit, 2);
  const interopStatus = runTests('interop with strongSwan', interop, 1);
  return unitStatus || interopStatus;
}

if (!['all', 'unit', 'interop', 'check'].includes(mode)) {
  process.stderr.write(`usage: node test/run.mjs all|unit|interop|check [NAME…]\n`);
  process.exit(2);
}
process.exit(mode === 'check' ? check() : tests());
