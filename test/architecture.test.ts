/** The rules of the tree (engine/README.md): who imports whom, how large a file may be, who may ask for the platform. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

interface Import {
  /** A path from the root with forward slashes, or a package name. */
  readonly target: string;
  readonly typeOnly: boolean;
}

interface Source {
  readonly path: string;
  readonly lines: number;
  readonly text: string;
  readonly imports: readonly Import[];
}

function sources(folder: string): Source[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(
      (entry) =>
        entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name) && !entry.parentPath.includes('node_modules'),
    )
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const path = relative(root, full).split(sep).join('/');
      const text = readFileSync(full, 'utf8');
      const file = ts.createSourceFile(full, text, ts.ScriptTarget.ES2023, true);
      return { path, lines: text.split('\n').length - 1, text, imports: importsOf(file, dirname(full)) };
    });
}

function importsOf(file: ts.SourceFile, folder: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Expression | undefined, typeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteralLike(specifier)) return;
    const text = specifier.text;
    const target = text.startsWith('.') ? relative(root, join(folder, text)).split(sep).join('/') : text;
    found.push({ target, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const allTypes =
        named &&
        ts.isNamedImports(named) &&
        named.elements.length > 0 &&
        named.elements.every((e) => e.isTypeOnly);
      add(
        node.moduleSpecifier,
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || (allTypes === true && !clause?.name),
      );
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** A rule allows a target by prefix; `type` prefixes may only be imported for their types. */
interface Rule {
  readonly any: readonly string[];
  readonly type?: readonly string[];
}

const NODE = 'node:';
const RULES: Readonly<Record<string, Rule>> = {
  'engine/base': { any: [] },
  'engine/wire': { any: ['engine/base'] },
  'engine/crypto': { any: ['engine/base', '@noble/'] },
  'engine/ike': { any: ['engine/base', 'engine/wire', 'engine/crypto'], type: ['engine/esp/params.ts'] },
  'engine/esp': { any: ['engine/base'], type: ['engine/crypto/port.ts'] },
  'engine/api': { any: ['engine/base', 'zod'] },
  'engine/profile': {
    any: ['engine/base', 'zod', 'saxes', 'engine/crypto/proposals.ts', 'engine/crypto/suites.ts'],
  },
  'engine/pki': {
    any: ['engine/base', '@peculiar/', 'pkijs', 'asn1js', 'reflect-metadata', NODE],
    type: ['engine/crypto'],
  },
  'engine/os': {
    any: ['engine/base', 'engine/crypto', 'koffi', 'pino', NODE],
    type: ['engine/tunnel/ports.ts', 'engine/profile', 'engine/datapath/protocol.ts'],
  },
  'engine/datapath': {
    any: ['engine/base', 'engine/esp', 'engine/os/ffi', NODE],
    type: ['engine/os', 'engine/crypto/port.ts'],
  },
  'engine/tunnel': {
    any: [
      'engine/base',
      'engine/ike',
      'engine/esp',
      'engine/profile',
      'engine/api',
      'engine/datapath/protocol.ts',
      'engine/crypto',
      'engine/wire',
    ],
    type: ['engine/os'],
  },
  'engine/gateway': {
    any: [
      'engine/base',
      'engine/ike',
      'engine/esp',
      'engine/crypto',
      'engine/wire',
      'engine/datapath/protocol.ts',
      'engine/tunnel/driver.ts',
    ],
    type: ['engine/os', 'engine/tunnel/ports.ts'],
  },
  'engine/diagnose': { any: ['engine/base', 'engine/api', 'engine/pki', 'engine/profile'] },
  'engine/doctor': {
    any: [
      'engine/base',
      'engine/api',
      'engine/crypto',
      'engine/pki',
      'engine/profile',
      'engine/tunnel/selector-text.ts',
      'engine/tunnel/suite-text.ts',
    ],
    type: ['engine/tunnel/probe.ts'],
  },
  'engine/rpc': { any: ['engine/base', 'engine/api', 'vscode-jsonrpc', 'zod', NODE] },
  'engine/cli': { any: ['engine/base', 'engine/api', 'engine/profile', 'engine/rpc', 'commander', NODE] },
  electron: { any: ['engine/api', 'engine/base', 'engine/rpc/client.ts', 'electron', 'zod', NODE] },
  renderer: {
    any: [
      'engine/api',
      'engine/base',
      // Pure rules of what a profile may say, so that the editor can judge it while it is typed.
      'engine/profile',
      'engine/crypto/proposals.ts',
      'engine/crypto/suites.ts',
      'electron/bridge/contract.ts',
      'react',
      'react-dom',
      'react-intl',
      'radix-ui',
      'lucide-react',
      'uplot',
    ],
  },
};

/** Files that stand outside their folder's rule, each with its reason. */
const EXCEPTIONS: Readonly<Record<string, { readonly targets: readonly string[]; readonly why: string }>> = {
  'engine/os/select.ts': {
    targets: ['engine/datapath'],
    why: 'it chooses the data path by the platform, as it chooses everything else',
  },
  'engine/cli/main.ts': {
    targets: ['engine/main.ts', 'engine/demo.ts', 'engine/demo-ui.ts', 'engine/repair.ts'],
    why: '`culvert engine`, `demo` and `repair` run in the same process, loaded only then',
  },
  'engine/datapath/worker.ts': {
    targets: ['engine/os/crypto'],
    why: 'a worker thread is an entry point of its own and composes what runs in it',
  },
  'engine/datapath/boot.mjs': {
    targets: ['tsx/esm/api'],
    why: 'a worker in TypeScript does not start by itself on Node 20',
  },
  'electron/engine/file-security.ts': {
    targets: ['koffi'],
    why: 'Node cannot ask Windows who may change a file',
  },
  'electron/engine/pipe-owner.ts': {
    targets: ['koffi'],
    why: 'Node cannot ask Windows whose a named pipe is',
  },
  'electron/build.mjs': { targets: ['esbuild'], why: 'it bundles the shell and is no part of it' },
  'electron/start.mjs': { targets: ['vite'], why: 'it builds the renderer and is no part of the shell' },
  'renderer/vite.config.ts': {
    targets: ['vite', '@vitejs/plugin-react', 'node:url'],
    why: 'it says how the renderer is built and is no part of it',
  },
};

const allows = (prefixes: readonly string[] | undefined, target: string): boolean =>
  prefixes?.some(
    (p) =>
      target === p ||
      (p.endsWith(':') || p.endsWith('/') ? target.startsWith(p) : target.startsWith(`${p}/`)),
  ) ?? false;

const engine = sources('engine');
const shell = [...sources('electron'), ...sources('renderer')];
const product = [...engine, ...shell];

test('the tests below read the tree', () => {
  assert.ok(engine.length > 80, `only ${engine.length} source files found`);
  assert.ok(engine.flatMap((s) => s.imports).length > 200);
});

test('folders import only what the table allows', () => {
  const broken: string[] = [];
  for (const source of product) {
    const parts = source.path.split('/');
    const folder = parts.slice(0, parts[0] === 'engine' ? 2 : 1).join('/');
    const rule = RULES[folder];
    if (!rule) continue; // main.ts, demo.ts, build.mjs: composition, which may import everything in engine
    for (const { target, typeOnly } of source.imports) {
      if (allows([folder], target) || allows(rule.any, target)) continue;
      if (typeOnly && allows(rule.type, target)) continue;
      if (allows(EXCEPTIONS[source.path]?.targets, target)) continue;
      broken.push(`${source.path} imports ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('exceptions are still needed', () => {
  for (const [path, { targets }] of Object.entries(EXCEPTIONS)) {
    const source = product.find((s) => s.path === path);
    assert.ok(source, `${path} is gone`);
    for (const target of targets)
      assert.ok(
        source.imports.some((i) => allows([target], i.target)),
        `${path} no longer imports ${target}`,
      );
  }
});

test('only os/select.ts, and electron/platform.ts in the shell, asks for the platform', () => {
  const asking = product
    .filter((s) => /process\.platform|\bplatform \} = process|os\.platform\(/.test(s.text))
    .map((s) => s.path);
  assert.deepEqual(asking, ['engine/os/select.ts', 'electron/platform.ts']);
});

test('a file is one concept: under 500 lines', () => {
  const large = [...product, ...sources('test')]
    .filter((s) => s.lines > 500)
    .map((s) => `${s.path}: ${s.lines}`);
  assert.deepEqual(large, []);
});

test('every file says at its head what it is', () => {
  const silent = product.filter((s) => !/^(#!.*\n)?\s*\/\*\*/.test(s.text)).map((s) => s.path);
  assert.deepEqual(silent, []);
});

test('files are kebab-case', () => {
  const odd = product
    .filter(
      (s) =>
        !/^[a-z0-9-]+(\.(linux|darwin|win32|fake|config|d))?\.(ts|tsx|mjs)$/.test(
          s.path.split('/').at(-1) ?? '',
        ),
    )
    .map((s) => s.path);
  assert.deepEqual(odd, []);
});
