/** Network facts: what commands say, and why not where they say nothing. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CommandRunner } from '../../../../engine/os/command.ts';
import { cut, linuxFacts } from '../../../../engine/os/facts/facts.linux.ts';

const runner: CommandRunner = {
  find: (name) => (name === 'resolvectl' ? undefined : `/usr/bin/${name}`),
  run: async (name, args) =>
    name === 'nft'
      ? { status: 1, stdout: '', stderr: 'Error: No such file or directory\n' }
      : {
          status: 0,
          stdout: `${args.join('-')}\n${'x'.repeat(args.includes('all') ? 40_000 : 0)}`,
          stderr: '',
        },
};

test('each fact has its title, and a failing or missing command says so', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-facts-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const resolv = join(folder, 'resolv.conf');
  writeFileSync(resolv, 'nameserver 192.0.2.53\n');
  const facts = new Map(
    (await linuxFacts(runner, 'culvert4501', resolv)).map((one) => [one.title, one.text]),
  );
  assert.equal(facts.get('ip address show'), 'address-show');
  assert.equal(facts.get('resolvectl --no-pager status'), 'resolvectl is not installed');
  assert.equal(facts.get(resolv), 'nameserver 192.0.2.53');
  assert.match(facts.get('nft list table inet culvert4501') ?? '', /^failed \(1\)\nError: No such file/);
  assert.match(facts.get('ip -6 route show table all') ?? '', /\n… \(\d+ more characters left out\)$/);
  const gone = await linuxFacts(runner, 'culvert4501', join(folder, 'none'));
  assert.match(gone.find((one) => one.title.endsWith('none'))?.text ?? '', /ENOENT/);
});

test('a text is cut at its limit and not before', () => {
  assert.equal(cut('abcd', 4), 'abcd');
  assert.equal(cut('abcde', 4), 'abcd\n… (1 more characters left out)');
});
