import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemCommands } from '../../../engine/os/command.ts';

test('arguments and input arrive as they are, the environment is fixed, a failing status is an answer', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'culvert-command-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(
    join(folder, 'say'),
    '#!/bin/sh\nread -r line\nprintf "%s|%s|%s|%s" "$1" "$line" "$LC_ALL" "$HOME"\necho no >&2\nexit 3\n',
  );
  await chmod(join(folder, 'say'), 0o755);
  const commands = systemCommands([folder, '/usr/bin', '/bin']);
  assert.equal(commands.find('say'), join(folder, 'say'));
  assert.deepEqual(await commands.run('say', ['a; b $(c)'], { input: 'in put\n' }), {
    status: 3,
    stdout: 'a; b $(c)|in put|C|',
    stderr: 'no\n',
  });
  assert.equal((await commands.run('sleep', ['5'], { limit: 50 })).status, -1);
});

test('a command that is not installed is not-supported', async () => {
  const commands = systemCommands(['/nowhere']);
  assert.equal(commands.find('ip'), undefined);
  await assert.rejects(commands.run('ip', ['rule']), { code: 'not-supported', detail: 'ip rule' });
});
