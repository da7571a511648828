/**
 * Runs the tests: `node test/run.mjs all|unit|interop|ui|check [NAME…]`.
 * Unit tests run in parallel, interop scenarios one after the other (each owns network namespaces), and so do the
 * tests that drive a Chromium. A NAME picks the test files whose path contains it; a name that picks nothing is an
 * error, not an empty success.
 * `CULVERT_SECOND_TRY=1` gives interop and ui files that failed one more run, since kernels, daemons, a browser and a
 * busy machine take part in them: a file that then passes is named as UNSTABLE at the end, one that fails twice fails
 * the run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from './support/chromium.mjs';

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

/** The packages are made, installed and removed one at a time, too: they take `dist/`, namespaces and a Wine. */
const isInterop = (file) =>
  file.startsWith(join('test', 'interop')) ||
  ['tree.test.ts', 'windows.test.ts'].some((name) => file === join('test', 'packaging', name));
/** `test/ui` is the renderer, `test/electron/app` the shell, both in a Chromium. */
const isUi = (file) =>
  file.startsWith(join('test', 'ui')) || file.startsWith(join('test', 'electron', 'app'));
const isUnit = (file) => !isInterop(file) && !isUi(file);
const chosen = (file) => names.length === 0 || names.some((name) => file.includes(name));

function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  return status ?? 1;
}

function runTests(title, files, concurrency, reporters = []) {
  if (files.length === 0) return 0;
  process.stdout.write(`\n== ${title}: ${files.length} files\n`);
  return run(process.execPath, [
    '--import',
    'tsx',
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    ...reporters,
    ...files,
  ]);
}

/** More red files than this are no accident. */
const SECOND_TRIES = 5;

/**
 * The file of a test, where the reporter knows it. Scenarios are registered by the laboratory for all files: theirs has
 * their name, or the beginning of it, as `eap-tls` has `eap-tls-13`.
 */
function fileOf([name, place], files) {
  const known = relative(root, resolve(root, place));
  if (files.includes(known)) return known;
  const named = (file) => basename(file, '.test.ts');
  return files
    .filter((file) => name === named(file) || name.startsWith(`${named(file)}-`))
    .sort((a, b) => named(b).length - named(a).length)[0];
}

function runOutside(title, files) {
  if (process.env.CULVERT_SECOND_TRY !== '1') return runTests(title, files, 1);
  const folder = mkdtempSync(join(tmpdir(), 'culvert-red-'));
  const list = join(folder, 'red');
  try {
    const status = runTests(title, files, 1, [
      `--test-reporter=${join(root, 'test', 'support', 'red-tests.mjs')}`,
      `--test-reporter-destination=${list}`,
    ]);
    if (status === 0) return 0;
    const red = readFileSync(list, 'utf8').split('\n').filter(Boolean);
    const named = red.map((line) => line.split('\t'));
    const owners = named.map((test) => fileOf(test, files));
    // A failure that belongs to no file is not made good by running others.
    if (owners.length === 0 || owners.includes(undefined)) return status;
    const again = [...new Set(owners)];
    if (again.length > SECOND_TRIES) return status;
    const what = named.map(([name]) => name).join(', ');
    const second = runTests(`a second try of ${what}`, again, 1);
    if (second === 0) process.stderr.write(`UNSTABLE: ${what} failed at first, then passed\n`);
    return second;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const PROJECTS = [
  'engine/tsconfig.pure.json',
  'engine/tsconfig.node.json',
  'electron/tsconfig.json',
  'renderer/tsconfig.json',
  'test/tsconfig.json',
  'test/tsconfig.ui.json',
];

function check() {
  const bin = (name) => join(root, 'node_modules', '.bin', name);
  for (const project of PROJECTS) {
    const status = run(bin('tsc'), ['-p', project]);
    if (status !== 0) return status;
  }
  const lint = run(bin('biome'), ['check', '--error-on-warnings', '.']);
  if (lint !== 0) return lint;
  return runTests('architecture', ['test/architecture.test.ts'], 1);
}

/** A missing Chromium is one loud line, and a failure where `CULVERT_REQUIRE_UI=1` forbids skipping. */
function runUi(files) {
  if (files.length === 0 || findChromium()) return runOutside('ui in Chromium', files);
  const required = process.env.CULVERT_REQUIRE_UI === '1';
  process.stderr.write(
    `${required ? 'FAILED' : 'SKIPPED'}: ${files.length} ui test files need Chromium (install it, or name it in CULVERT_CHROMIUM)\n`,
  );
  return required ? 1 : 0;
}

function tests() {
  const all = testFiles('test').filter(chosen);
  const pick = (name, belongs) => (mode === 'all' || mode === name ? all.filter(belongs) : []);
  const unit = pick('unit', isUnit);
  const interop = pick('interop', isInterop);
  const ui = pick('ui', isUi);
  if (unit.length + interop.length + ui.length === 0) {
    process.stderr.write(`no test file matches ${names.join(', ')}\n`);
    return 2;
  }
  const statuses = [
    runTests('unit', unit, 2),
    runOutside('interop with strongSwan, packages', interop),
    runUi(ui),
  ];
  return statuses.find((status) => status !== 0) ?? 0;
}

if (!['all', 'unit', 'interop', 'ui', 'check'].includes(mode)) {
  process.stderr.write(`usage: node test/run.mjs all|unit|interop|ui|check [NAME…]\n`);
  process.exit(2);
}
process.exit(mode === 'check' ? check() : tests());
