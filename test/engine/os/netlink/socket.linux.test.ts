/** rtnetlink on a real kernel beside what `ip` says of the same host, in a network namespace of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { requireOrSkip } from '../../../support/require.ts';

const CASES = join(dirname(fileURLToPath(import.meta.url)), 'support', 'kernel-cases.ts');

function inNamespace(t: TestContext, name: string): void {
  const needs = { root: true, commands: ['ip', 'unshare'], files: ['/dev/net/tun'], namespaces: true };
  if (!requireOrSkip(t, needs)) return;
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--net', '--mount', process.execPath, '--import', 'tsx', CASES, name],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stdout + stderr);
}

test('links, addresses, routes and rules are those that ip shows', (t) => inNamespace(t, 'observe'));
test('a table of thousands is read whole', (t) => inNamespace(t, 'large'));
test('what is there already or gone already is no failure, and what fails is told in the kernel’s words', (t) =>
  inNamespace(t, 'errors'));
test('without the right to change anything', (t) => inNamespace(t, 'unprivileged'));
