/** Who is at the other end of a unix socket on Darwin, on a stand-in for its C library. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { XUCRED } from '../../../../engine/os/ffi/abi.darwin.ts';
import { darwinPeerProcess, peerOf } from '../../../../engine/os/ffi/peercred.darwin.ts';
import { darwinDouble } from '../darwin/support/double.ts';

test('user, groups and number are read from the kernel’s structure', (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  double.take();
  assert.deepEqual(peerOf(double.libc, 9), { pid: 4711, uid: 501, gids: [20, 12, 80] });
  // SOL_LOCAL, LOCAL_PEERCRED and its 76 octets; SOL_LOCAL, LOCAL_PEERPID and its 4
  assert.deepEqual(double.take(), ['getsockopt 9 0 1 (76)', 'getsockopt 9 0 2 (4)']);
});

test('a kernel that does not tell is no answer', (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  double.fail('getsockopt', 57);
  assert.equal(peerOf(double.libc, 9), undefined);
});

test('a structure of another version, or without groups, is no answer', (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const told = (version: number, groups: number): readonly number[] | undefined => {
    double.peer(version, groups);
    return peerOf(double.libc, 9)?.gids;
  };
  try {
    assert.equal(told(1, 3), undefined);
    assert.equal(told(0, 0), undefined);
    assert.equal(told(0, -1), undefined);
    assert.deepEqual(told(0, 2), [20, 12]);
    assert.equal(told(0, 999)?.length, XUCRED.mostGroups);
  } finally {
    double.peer(0, 3);
  }
});

test('a connection of Node’s has its descriptor, and none when it is closed', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  const path = join(tmpdir(), `culvert-peer-${process.pid}.sock`);
  const server = createServer().listen(path);
  await once(server, 'listening');
  const client = connect(path);
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const ask = darwinPeerProcess(double.libc);
  assert.equal(ask(accepted)?.uid, 501);
  accepted.destroy();
  await once(accepted, 'close');
  assert.equal(ask(accepted), undefined);
  client.destroy();
  server.close();
  rmSync(path, { force: true });
});
