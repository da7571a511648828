/**
 * `kill -9` after every step of a host's life, for each kind of kill switch, put right by the next engine and, by
 * itself, by `culvert repair`: the machine is then byte for byte as before, or shut where that was asked for.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { requireOrSkip } from '../../support/require.ts';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..', '..');
const MATRIX = join(here, 'support', 'fault-matrix.ts');
const KILLER = join(root, 'test', 'support', 'kill-at.mjs');
const folder = mkdtempSync(join(tmpdir(), 'culvert-faults-'));
const life = join(folder, 'life.mjs');

before(async () => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  // Bundled, since it starts hundreds of times.
  await build({
    entryPoints: [join(here, 'support', 'fault-life.ts')],
    outfile: life,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A /run in memory and an /etc of its own, as one folder, so that resolv.conf can be replaced there in any way. */
const PRIVATE_ETC = [
  'set -e',
  'mount -t tmpfs tmpfs /run',
  'mkdir "$1/etc-$2-$3"',
  'cp -a /etc/. "$1/etc-$2-$3/"',
  'mount --bind "$1/etc-$2-$3" /etc',
  'rm -f /etc/resolv.conf',
  "printf '# the administrator\\nnameserver 192.0.2.53\\nsearch lan.example\\n' >/etc/resolv.conf",
  'chmod 640 /etc/resolv.conf',
  'exec "$4" --import tsx "$5" "$2" "$3" "$6" "$7"',
].join('\n');

describe('killed after any step', { concurrency: 2 }, () => {
  for (const mode of ['off', 'while-up', 'always'])
    for (const way of ['engine', 'repair'])
      test(`kill switch ${mode}, put right by ${way === 'engine' ? 'the next engine' : 'repair alone'}`, async (t) => {
        const needs = {
          root: true,
          commands: ['ip', 'nft', 'unshare', 'mount'],
          files: ['/dev/net/tun'],
          namespaces: true,
        };
        if (!requireOrSkip(t, needs)) return;
        const namespaces = ['--net', '--mount', '--propagation', 'private'];
        const args = [folder, mode, way, process.execPath, MATRIX, life, KILLER];
        const child = spawn('unshare', [...namespaces, 'sh', '-c', PRIVATE_ETC, 'sh', ...args], {
          cwd: root,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let said = '';
        for (const stream of [child.stdout, child.stderr])
          stream.setEncoding('utf8').on('data', (text: string) => {
            said += text;
          });
        const [code] = (await once(child, 'close')) as [number | null];
        assert.equal(code, 0, said);
        t.diagnostic(said.trim());
      });
});
