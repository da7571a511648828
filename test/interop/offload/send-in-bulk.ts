/**
 * Hands the kernel 40 UDP datagrams in one message (UDP_SEGMENT), which a tun that takes UDP super-packets gets whole:
 * `node --import tsx send-in-bulk.ts ADDRESS MESSAGES`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { writeSockaddr } from '../../../engine/base/sockaddr.ts';
import { AF, SOCK, SOL_UDP, UDP } from '../../../engine/os/ffi/abi.ts';
import { addressOf, fixedMemory, loadLinuxLibc } from '../../../engine/os/ffi/libc.linux.ts';

const SIZE = 1000;
const DATAGRAMS = 40;

const libc = loadLinuxLibc();
if (!libc) throw new Error('no system calls here');
const [address = '', messages = '1'] = process.argv.slice(2);
const fd = libc.socket(AF.INET6, SOCK.DGRAM, 0);
const word = fixedMemory(4);
new DataView(word.buffer).setInt32(0, SIZE, true);
if (libc.setsockopt(fd, SOL_UDP, UDP.SEGMENT, addressOf(word), 4) < 0) throw new Error('no UDP_SEGMENT');
const name = fixedMemory(28);
writeSockaddr({ address, port: 9 }, name, 0);
name[0] = AF.INET6;
// The last one is shorter.
const data = fixedMemory(SIZE * DATAGRAMS - 300);
for (let i = 0; i < data.length; i++) data[i] = i * 7;
let sent = 0;
for (let i = 0; i < Number(messages); i++) {
  // The gateway's socket has room for some ninety.
  if (i > 0) await sleep(200);
  if (libc.sendto(fd, addressOf(data), data.length, 0, addressOf(name), name.length) === data.length) sent++;
}
console.log(`sent ${sent * DATAGRAMS}`);
