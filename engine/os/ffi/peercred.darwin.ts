/**
 * The process at the other end of a unix socket on Darwin: LOCAL_PEERCRED, which is what getpeereid(3) asks, tells its
 * user and groups as they were when it connected, LOCAL_PEERPID its number (sys/un.h, sys/ucred.h).
 */
import type { Socket } from 'node:net';
import { LOCAL, SOL_LOCAL, XUCRED, XUCRED_VERSION } from './abi.darwin.ts';
import type { DarwinLibc } from './libc.darwin.ts';
import { addressOf, fixedMemory } from './memory.ts';
import { descriptorOf, type PeerProcess } from './peercred.linux.ts';

/** `undefined` when the kernel does not tell: the caller must then refuse. Groups beyond the sixteenth are not told. */
export function peerOf(libc: Pick<DarwinLibc, 'getsockopt'>, fd: number): PeerProcess | undefined {
  const credentials = option(libc, fd, LOCAL.PEERCRED, XUCRED.size);
  if (!credentials || credentials.byteLength < XUCRED.groups) return undefined;
  if (credentials.getUint32(XUCRED.version, true) !== XUCRED_VERSION) return undefined;
  const told = Math.floor((credentials.byteLength - XUCRED.groups) / 4);
  const count = Math.min(credentials.getInt16(XUCRED.ngroups, true), told, XUCRED.mostGroups);
  if (count < 1) return undefined;
  const gids = Array.from({ length: count }, (_, i) => credentials.getUint32(XUCRED.groups + 4 * i, true));
  const pid = option(libc, fd, LOCAL.PEERPID, 4);
  if (pid?.byteLength !== 4) return undefined;
  return { pid: pid.getInt32(0, true), uid: credentials.getUint32(XUCRED.uid, true), gids };
}

function option(
  libc: Pick<DarwinLibc, 'getsockopt'>,
  fd: number,
  name: number,
  octets: number,
): DataView | undefined {
  const memory = fixedMemory(octets + 4);
  const view = new DataView(memory.buffer);
  view.setUint32(octets, octets, true);
  const at = addressOf(memory);
  // The length stands behind the value: its alignment is that of both sizes, a multiple of four.
  if (libc.getsockopt(fd, SOL_LOCAL, name, at, at + octets) !== 0) return undefined;
  return new DataView(memory.buffer, 0, Math.min(view.getUint32(octets, true), octets));
}

/** The same for a connection of Node's. */
export function darwinPeerProcess(
  libc: Pick<DarwinLibc, 'getsockopt'>,
): (socket: Socket) => PeerProcess | undefined {
  return (socket) => {
    const fd = descriptorOf(socket);
    return fd === undefined ? undefined : peerOf(libc, fd);
  };
}
