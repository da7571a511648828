/** Takes a socket path: folder and socket for root and the group alone, a leftover replaced only if nobody listens. */
import { chmodSync, chownSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { dirname } from 'node:path';
import { ApiError, localFailure } from '../api/failure.ts';

export interface ListenOptions {
  readonly path: string;
  /** Group of folder and socket. */
  readonly groupId?: number | undefined;
  /** 0660 when left out. */
  readonly mode?: number | undefined;
}

/** sun_path of sockaddr_un, with its final zero (unix(7)); macOS has 104. */
const MAX_PATH_OCTETS = 103;
const FOLDER_MODE = 0o750;
const SOCKET_MODE = 0o660;

export const isPipe = (path: string): boolean => path.startsWith('\\\\.\\pipe\\');

const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // EAGAIN: somebody listens whose queue is full.
    socket.once('error', (error) => resolve(errorCode(error) === 'EAGAIN'));
  });
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(error);
    server.once('error', failed);
    // Node binds a path inside listen(), so the mask holds for exactly that call.
    const mask = isPipe(path) ? undefined : process.umask(0o117);
    try {
      server.listen(path, () => {
        server.off('error', failed);
        resolve();
      });
    } finally {
      if (mask !== undefined) process.umask(mask);
    }
  });
}

/**
 * A pipe of Windows. Who may open it for reading and writing is what its default security descriptor says: LocalSystem,
 * administrators and the engine's own user. An existing pipe of the name is another engine's, or somebody's trap.
 */
async function bindPipe(server: Server, path: string): Promise<void> {
  try {
    await bind(server, path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EADDRINUSE' || code === 'EACCES') throw inUse(path);
    throw error;
  }
}

const inUse = (path: string): ApiError =>
  new ApiError(
    localFailure('USAGE', `another engine already serves ${path}`, [
      'use that one, or give this one another --socket and --state',
    ]),
  );

/** Moves a dead socket out of the way; puts it back when it turns out to be alive after all. */
async function replaceLeftover(path: string): Promise<void> {
  if (await answers(path)) throw inUse(path);
  const aside = `${path}.${process.pid}`;
  renameSync(path, aside);
  // Between the question and the move another engine may have taken the path: then we hold its socket now.
  if (await answers(aside)) {
    renameSync(aside, path);
    throw inUse(path);
  }
  rmSync(aside, { force: true });
}

/**
 * Listens on the path.
 * @throws ApiError `USAGE` when somebody else serves it or the path is none for a socket, `NOT_PERMITTED`
 */
export async function listenOn(
  server: Server,
  { path, groupId, mode = SOCKET_MODE }: ListenOptions,
): Promise<void> {
  if (isPipe(path)) {
    await bindPipe(server, path);
    return;
  }
  if (Buffer.byteLength(path) > MAX_PATH_OCTETS)
    throw new ApiError(
      localFailure('USAGE', `the socket path is longer than ${MAX_PATH_OCTETS} octets: ${path}`),
    );
  try {
    const folder = dirname(path);
    const made = mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    if (made !== undefined && groupId !== undefined) chownSync(folder, -1, groupId);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat && !stat.isSocket())
      throw new ApiError(localFailure('USAGE', `${path} exists and is not a socket`));
    if (stat) await replaceLeftover(path);
    await bind(server, path);
    if (groupId !== undefined) chownSync(path, -1, groupId);
    chmodSync(path, mode);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EADDRINUSE') throw inUse(path);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      throw new ApiError(
        localFailure('NOT_PERMITTED', `this user may not serve ${path} (${code})`, [
          'run the engine as root, or give it a --socket of your own',
        ]),
      );
    if (code === 'ENOTDIR' || code === 'ENOENT' || code === 'EEXIST')
      throw new ApiError(localFailure('USAGE', `${path} is no place for a socket (${code})`));
    throw error;
  }
}
