/** The host on a real kernel, each case in network and mount namespaces of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requireOrSkip } from '../../support/require.ts';

const CASES = join(dirname(fileURLToPath(import.meta.url)), 'support', 'host-cases.ts');

async function inNamespaces(t: TestContext, name: string): Promise<void> {
  const needs = {
    root: true,
    commands: ['ip', 'unshare', 'nsenter', 'mount'],
    files: ['/dev/net/tun'],
    namespaces: true,
  };
  if (!requireOrSkip(t, needs)) return;
  const args = [
    '--net',
    '--mount',
    '--propagation',
    'private',
    process.execPath,
    '--import',
    'tsx',
    CASES,
    name,
  ];
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      said += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0, said);
  if (said !== '') t.diagnostic(said.trim());
}

test('two tunnels come, change and go, and the host is as before', (t) =>
  inNamespaces(t, 'apply-change-clear'));
test('a failing change is undone and names its command', (t) => inNamespaces(t, 'failure'));
test('a resolv.conf that is mounted over is written in place', (t) => inNamespaces(t, 'mounted'));
test('what is left when the tun died with the engine is undone', (t) => inNamespaces(t, 'vanished'));
test('killed after any step, the host is as before once recovered', (t) => inNamespaces(t, 'crash'));
test('what others have changed since is left to them', (t) => inNamespaces(t, 'foreign'));
test('of an earlier boot only a file is put back', (t) => inNamespaces(t, 'restarted'));
test('a full tunnel takes all but the gateway’s packets, with strict rp_filter', (t) =>
  inNamespaces(t, 'packets'));
