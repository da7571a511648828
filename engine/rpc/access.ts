/** Who may do what over the socket: by the credentials that the kernel vouches for, never by what a client says. */
import type { Socket } from 'node:net';
import { RIGHTS, type Right } from '../api/commands.ts';

export interface Peer {
  readonly pid: number;
  readonly uid: number;
  /** Primary and supplementary groups. */
  readonly gids: readonly number[];
}

/** What the kernel says of the process at the other end; `undefined` when it does not tell. */
export type PeerCredentials = (socket: Socket) => Peer | undefined;

export interface AccessOptions {
  /** Where the system has none (named pipes), the permissions of the socket itself decide. */
  readonly credentials?: PeerCredentials | undefined;
  /** The engine's own user. */
  readonly ownUid: number;
  /** Members may connect. */
  readonly groupId?: number | undefined;
  /** What members may do; everything when left out. */
  readonly groupRight?: Right | undefined;
}

export interface Access {
  readonly peer: Peer | undefined;
  /** `undefined`: nothing at all. */
  readonly right: Right | undefined;
}

/** Root and the engine's own user may do everything; a peer that cannot be told is refused. */
export function accessOf(socket: Socket, options: AccessOptions): Access {
  const { credentials, ownUid, groupId, groupRight = 'admin' } = options;
  if (!credentials) return { peer: undefined, right: 'admin' };
  const peer = credentials(socket);
  if (!peer) return { peer, right: undefined };
  if (peer.uid === 0 || peer.uid === ownUid) return { peer, right: 'admin' };
  return { peer, right: groupId !== undefined && peer.gids.includes(groupId) ? groupRight : undefined };
}

export const covers = (held: Right | undefined, needed: Right): boolean =>
  held !== undefined && RIGHTS.indexOf(held) >= RIGHTS.indexOf(needed);
