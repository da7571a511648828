/** UDP sockets of both kinds, and what the kernel knows of a path. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OsError } from '../../../../engine/os/error.ts';
import { loadLinuxLibc } from '../../../../engine/os/ffi/libc.linux.ts';
import { linuxUdp, openRawUdp } from '../../../../engine/os/udp/udp.linux.ts';
import { dgramUdp, openDgram } from '../../../../engine/os/udp/udp.ts';
import { requireOrSkip } from '../../../support/require.ts';

const taken = (error: unknown): boolean => error instanceof OsError && error.code === 'udp-unavailable';

test('a socket for both families shows plain addresses', async () => {
  const both = await dgramUdp.open({ port: 0 });
  const heard: string[] = [];
  both.onDatagram((bytes, remote) => {
    heard.push(`${bytes.length} from ${remote.address}`);
    both.send(Uint8Array.of(1, 2, 3), remote);
  });
  try {
    for (const address of ['127.0.0.1', '::1']) {
      const one = await dgramUdp.open({ port: 0, address });
      const answers: string[] = [];
      one.onDatagram((bytes, remote) =>
        answers.push(`${bytes.length} from ${remote.address}:${remote.port}`),
      );
      one.send(new Uint8Array(7), { address, port: both.local.port });
      for (let i = 0; i < 100 && answers.length === 0; i++) await sleep(10);
      assert.deepEqual(answers, [`3 from ${address}:${both.local.port}`]);
      assert.deepEqual(one.local.address, address);
      one.close();
    }
    assert.deepEqual(heard, ['7 from 127.0.0.1', '7 from ::1']);
  } finally {
    both.close();
  }
});

test('a port in use is told as such, by both kinds', async (t) => {
  const first = await openDgram({ port: 0, address: '127.0.0.1' });
  try {
    const request = { port: first.local.port, address: '127.0.0.1' };
    await assert.rejects(openDgram(request), taken);
    const libc = loadLinuxLibc();
    if (!libc || !requireOrSkip(t, { files: ['/proc/self/fd'] })) return;
    assert.throws(() => openRawUdp(libc, request), taken);
  } finally {
    first.close();
  }
});

test('datagrams that cannot be sent are lost without a throw', async () => {
  const socket = await openDgram({ port: 0, address: '127.0.0.1' });
  const outcome = new Promise<boolean>((resolve) =>
    socket.send(new Uint8Array(70_000), { address: '127.0.0.1', port: 9 }, resolve),
  );
  assert.equal(await outcome, false);
  socket.close();
  socket.close();
  socket.send(Uint8Array.of(1), { address: '127.0.0.1', port: 9 });
});

test('the way to a peer: our address and the MTU', async (t) => {
  const libc = loadLinuxLibc();
  if (!libc || !requireOrSkip(t, { files: ['/proc/self/fd'] })) return;
  const kernel = linuxUdp(libc);
  for (const address of ['127.0.0.1', '::1']) {
    assert.equal(await kernel.localAddressFor(address), address);
    assert.equal(await dgramUdp.localAddressFor(address), address);
    assert.ok(((await kernel.pathMtu(address)) ?? 0) >= 16_384, 'loopback has a large MTU');
  }
  assert.equal(await kernel.localAddressFor('not an address'), undefined);
  assert.equal(await kernel.pathMtu('not an address'), undefined);
});

test('a raw socket binds one address of either family and sends with a prefix', async (t) => {
  const libc = loadLinuxLibc();
  if (!libc || !requireOrSkip(t, { files: ['/proc/self/fd'] })) return;
  for (const address of ['127.0.0.1', '::1']) {
    const peer = await openDgram({ port: 0, address });
    const heard: string[] = [];
    peer.onDatagram((bytes, remote) => heard.push(`${[...bytes]} from ${remote.address}:${remote.port}`));
    const raw = openRawUdp(libc, { port: 0, address });
    try {
      assert.equal(raw.local.address, address);
      assert.ok(raw.send(new Uint8Array(4), Uint8Array.of(1, 2), peer.local));
      for (let i = 0; i < 100 && heard.length === 0; i++) await sleep(10);
      assert.deepEqual(heard, [`0,0,0,0,1,2 from ${address}:${raw.local.port}`]);
      assert.equal(raw.send(new Uint8Array(4), new Uint8Array(65_535), peer.local), false);
    } finally {
      raw.close();
      peer.close();
    }
    assert.equal(raw.send(new Uint8Array(4), Uint8Array.of(1), peer.local), false);
  }
});
