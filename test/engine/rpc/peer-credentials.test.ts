/** Peers are known by what the kernel says: real processes of other users, where this one may become them. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { peerProcess } from '../../../engine/os/ffi/peercred.linux.ts';
import type { Peer } from '../../../engine/rpc/access.ts';
import { requireOrSkip } from '../../support/require.ts';
import { serve } from './wire.ts';

const LINUX = { files: ['/proc/self/status'] };

/** Connects as another user, asks for `engine.info` and prints what comes back. */
const CLIENT = `
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'engine.info', params: {} });
const socket = require('net').connect(process.argv[1], () => socket.write('Content-Length: ' + body.length + '\\r\\n\\r\\n' + body));
socket.on('data', (data) => { process.stdout.write(data); socket.end(); });
socket.on('error', (error) => process.stdout.write(error.code));
`;

interface User {
  readonly uid: number;
  readonly gid: number;
}

function ask(path: string, user: User): Promise<string> {
  const child = spawn(process.execPath, ['-e', CLIENT, path], {
    ...user,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return new Promise((resolve) => child.once('close', () => resolve(said)));
}

test('the kernel names this very process', async (t) => {
  if (!requireOrSkip(t, LINUX)) return;
  const seen: (Peer | undefined)[] = [];
  const { path } = await serve(t, {
    credentials: (socket) => {
      seen.push(peerProcess(socket));
      return seen.at(-1);
    },
  });
  const said = await ask(path, { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });
  assert.match(said, /"result"/);
  assert.equal(seen[0]?.uid, process.getuid?.());
  assert.equal(seen[0]?.gids[0], process.getgid?.());
  assert.notEqual(seen[0]?.pid, process.pid);
});

test('another user is refused, a member of the group is not', async (t) => {
  if (!requireOrSkip(t, { ...LINUX, root: true })) return;
  const nobody = { uid: 65_534, gid: 65_534 };
  const group = 54_321;
  const { path, engine } = await serve(t, {
    credentials: peerProcess,
    ownUid: 0,
    groupId: group,
    mode: 0o666,
  });
  chmodSync(dirname(path), 0o755);
  assert.match(await ask(path, nobody), /NOT_PERMITTED/);
  assert.match(await ask(path, { uid: 65_534, gid: group }), /"result"/);
  assert.deepEqual(engine.calls, []);
});

test('the permissions of the socket hold other users off before that', async (t) => {
  if (!requireOrSkip(t, { ...LINUX, root: true })) return;
  const { path } = await serve(t, { credentials: peerProcess, ownUid: 0 });
  chmodSync(dirname(path), 0o755);
  assert.equal(await ask(path, { uid: 65_534, gid: 65_534 }), 'EACCES');
});
