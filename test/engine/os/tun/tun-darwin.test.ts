/** utun on a stand-in for Darwin's C library: the calls that make one, octet for octet, and packets both ways. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OsError } from '../../../../engine/os/error.ts';
import { addressOf, fixedMemory, loadLinuxLibc } from '../../../../engine/os/ffi/libc.linux.ts';
import { darwinTun } from '../../../../engine/os/tun/tun.darwin.ts';
import { darwinDouble } from '../darwin/support/double.ts';

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
const zeros = (octets: number): string => '00'.repeat(octets);
const CONTROL = hex('com.apple.net.utun_control');

test('a utun is opened by exactly these calls', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  double.take();
  const tun = await darwinTun(double.libc).open({ name: 'culvert%d', mtu: 1400 });
  assert.equal(tun.name, 'utun0');
  assert.equal(tun.offload, 'none');
  const calls = double.take();
  const [, fd = ''] = /^socket 32 2 2 = (\d+)$/.exec(calls[0] ?? '') ?? [];
  const [, control = ''] = /^socket 2 2 0 = (\d+)$/.exec(calls[6] ?? '') ?? [];
  const name = `${hex('utun0')}${zeros(11)}`;
  assert.deepEqual(calls, [
    `socket 32 2 2 = ${fd}`,
    `fcntl ${fd} 2 1`,
    `ioctl ${fd} c0644e03 ${zeros(4)}${CONTROL}${zeros(96 - CONTROL.length / 2)}`,
    // sc_len, sc_family AF_SYSTEM, AF_SYS_CONTROL, the control's number, the first free unit
    `connect ${fd} 20200200${'07000000'}${zeros(24)}`,
    `fcntl ${fd} 4 4`,
    `getsockopt ${fd} 2 2 (16)`,
    `socket 2 2 0 = ${control}`,
    `ioctl ${control} 80206934 ${name}78050000${zeros(12)}`,
    `ioctl ${control} c0206911 ${name}78050000${zeros(12)}`,
    `ioctl ${control} 80206910 ${name}11800000${zeros(12)}`,
    `close ${control}`,
  ]);
  tun.close();
  tun.close();
  assert.deepEqual(double.take(), [`close ${fd}`]);
});

test('a utun of a number is asked for by its unit', async (t) => {
  const double = darwinDouble(t);
  if (!double) return;
  double.take();
  const tun = await darwinTun(double.libc).open({ name: 'utun7', mtu: 1280 });
  assert.equal(tun.name, 'utun7');
  assert.match(double.take().join('\n'), /^connect \d+ 20200200070000000800000000/m);
  tun.close();
});

for (const [call, errno, hint] of [
  ['socket', 1, 'needs root'],
  ['ioctl', 2, 'error number'],
  ['connect', 16, 'in use'],
  ['getsockopt', 22, 'error number'],
] as const)
  test(`when ${call} fails nothing stays open and the error says why`, async (t) => {
    const double = darwinDouble(t);
    if (!double) return;
    double.take();
    double.fail(call, errno);
    await assert.rejects(darwinTun(double.libc).open({ name: 'culvert%d', mtu: 1400 }), (error: unknown) => {
      assert.ok(error instanceof OsError);
      assert.equal(error.code, 'tun-unavailable');
      assert.match(error.message, new RegExp(hint));
      assert.match(error.detail, new RegExp(`errno ${errno}$`));
      return true;
    });
    const calls = double.take();
    const opened = calls.filter((line) => /^socket .* = \d/.test(line)).length;
    assert.equal(calls.filter((line) => line.startsWith('close')).length, opened);
  });

test('packets have their family before them, both ways', async (t) => {
  const double = darwinDouble(t);
  const linux = loadLinuxLibc();
  if (!double || !linux) return;
  const tun = await darwinTun(double.libc).open({ name: 'culvert%d', mtu: 1400 });
  const host = double.hostEnd(tun.fd);
  const v4 = Uint8Array.of(0x45, 1, 2, 3, 4);
  const v6 = Uint8Array.of(0x60, 9, 8, 7);
  assert.equal(tun.write([v4, v6]), 2);
  const memory = fixedMemory(2048);
  const read = (): readonly number[] => [
    ...memory.subarray(0, Math.max(0, linux.read(host, addressOf(memory), memory.length))),
  ];
  assert.deepEqual(read(), [0, 0, 0, 2, ...v4]);
  assert.deepEqual(read(), [0, 0, 0, 30, ...v6]);
  const heard: number[][] = [];
  tun.onPackets((packets) => heard.push(...packets.map((p) => [...p])));
  for (const packet of [
    [0, 0, 0, 2, ...v4],
    [0, 0, 0, 30, ...v6],
  ]) {
    memory.set(packet);
    assert.equal(linux.write(host, addressOf(memory), packet.length), packet.length);
  }
  for (let i = 0; i < 200 && heard.length < 2; i++) await sleep(5);
  assert.deepEqual(heard, [[...v4], [...v6]]);
  double.take();
  tun.close();
  for (let i = 0; i < 200 && !double.take().some((line) => line === `close ${tun.fd}`); i++) await sleep(5);
  assert.equal(tun.write([v4]), 0);
});
