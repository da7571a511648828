/**
 * Is the engine's socket really the engine's? Whoever may make a file at its path, or at a folder above it, may play
 * the engine and be told passwords. So the socket and everything above it must belong to root, and nobody else may
 * write there. Checked before each connection; what is not as it must be is not connected to.
 */
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export interface PathFacts {
  readonly path: string;
  readonly uid: number;
  readonly mode: number;
  readonly isSocket: boolean;
}

export type OwnerVerdict =
  | { readonly kind: 'trusted' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'refused'; readonly reason: string };

const TYPE = 0o170000;
const FOLDER = 0o040000;
const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;

/** Why somebody who is not trusted could put something else in the place of this, or in it. */
export function problemOf(
  { path, uid, mode }: Pick<PathFacts, 'path' | 'uid' | 'mode'>,
  trusts: (uid: number) => boolean,
): string | undefined {
  const what = (mode & TYPE) === FOLDER ? `the folder ${path}` : path;
  if (!trusts(uid)) return `${what} belongs to user ${uid} and not to root`;
  // In a sticky folder, such as /tmp, nobody can replace what belongs to somebody else.
  if ((mode & STICKY) !== 0 && (mode & TYPE) === FOLDER) return undefined;
  return (mode & (WRITABLE_BY_OTHERS | WRITABLE_BY_GROUP)) === 0
    ? undefined
    : `others than root may write to ${what}`;
}

/** `chain`: the socket first, then each folder above it up to the root. */
export function judgeOwner(chain: readonly PathFacts[], alsoOwnedBy: readonly number[]): OwnerVerdict {
  const [socket, ...folders] = chain;
  if (!socket) return { kind: 'absent' };
  const refuse = (reason: string): OwnerVerdict => ({ kind: 'refused', reason });
  const trusts = (uid: number): boolean => uid === 0 || alsoOwnedBy.includes(uid);
  if (!socket.isSocket) return refuse(`${socket.path} is not a socket`);
  if (!trusts(socket.uid)) return refuse(`${socket.path} belongs to user ${socket.uid} and not to root`);
  for (const folder of folders) {
    const problem = problemOf(folder, trusts);
    if (problem !== undefined) return refuse(problem);
  }
  return { kind: 'trusted' };
}

export async function factsOf(path: string): Promise<PathFacts> {
  const stat = await lstat(path);
  return { path, uid: stat.uid, mode: stat.mode, isSocket: stat.isSocket() };
}

/** For unix sockets; a link in the path is followed first, so that it is the real folders that are judged. */
export async function checkSocketOwner(
  socket: string,
  alsoOwnedBy: readonly number[],
): Promise<OwnerVerdict> {
  try {
    const folder = await realpath(dirname(socket));
    const chain = [await factsOf(join(folder, basename(socket)))];
    for (let path = folder; ; path = dirname(path)) {
      chain.push(await factsOf(path));
      if (path === dirname(path)) break;
    }
    return judgeOwner(chain, alsoOwnedBy);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    // The folder is closed to users outside the engine's group: the socket cannot be looked at, nor connected to.
    if (code === 'EACCES')
      return {
        kind: 'refused',
        reason: `this user may not use the engine: ask an administrator to add you to the group culvert, then log in again`,
      };
    return { kind: 'refused', reason: `${socket} cannot be checked (${code || 'unknown error'})` };
  }
}
