/** The process at the other end of a unix socket, by getsockopt: SO_PEERCRED and SO_PEERGROUPS (unix(7), socket(7)). */
import type { Socket } from 'node:net';
import koffi from 'koffi';

export interface PeerProcess {
  readonly pid: number;
  readonly uid: number;
  /** Primary group first, then the supplementary ones, as they were when it connected. */
  readonly gids: readonly number[];
}

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
/** NGROUPS_MAX of Linux. */
const MOST_GROUPS = 65_536;

type GetSockOpt = (fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array) => number;

let getsockopt: GetSockOpt | undefined;

function link(): GetSockOpt {
  getsockopt ??= koffi
    .load(null)
    .func('getsockopt', 'int', ['int', 'int', 'int', '_Out_ uint8_t *', '_Inout_ uint32_t *']) as GetSockOpt;
  return getsockopt;
}

/** Node keeps the descriptor on the handle, outside its public types. */
export function descriptorOf(socket: Socket): number | undefined {
  const handle = (socket as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle;
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}

function option(fd: number, name: number, octets: number): Uint32Array | undefined {
  const value = new Uint8Array(octets);
  const length = Uint32Array.of(octets);
  if (link()(fd, SOL_SOCKET, name, value, length) !== 0) return undefined;
  return new Uint32Array(value.buffer, 0, Math.floor((length[0] ?? 0) / 4));
}

/** `undefined` when the kernel does not tell: the caller must then refuse. */
export function peerProcess(socket: Socket): PeerProcess | undefined {
  const fd = descriptorOf(socket);
  if (fd === undefined) return undefined;
  const [pid, uid, gid] = option(fd, SO_PEERCRED, 12) ?? [];
  if (pid === undefined || uid === undefined || gid === undefined || uid === 0xffff_ffff) return undefined;
  const groups = option(fd, SO_PEERGROUPS, 256) ?? option(fd, SO_PEERGROUPS, 4 * MOST_GROUPS) ?? [];
  return { pid, uid, gids: [...new Set([gid, ...groups])] };
}
