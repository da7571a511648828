/** One engine a state folder: two would undo each other's changes. The kernel lets go of a dead engine's lock. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve, sep } from 'node:path';
import { listenOn } from './rpc/listen.ts';

/** Makes the folder when it is not there. @throws ApiError when another engine holds it */
export async function lockState(stateDir: string): Promise<Server> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lock = createServer((socket) => socket.destroy());
  await listenOn(lock, { path: lockPath(stateDir), mode: 0o600 });
  return lock;
}

/** Windows has no sockets in folders: there it is a pipe whose name stands for the folder. */
function lockPath(stateDir: string): string {
  if (sep === '/') return join(stateDir, 'lock');
  const folder = createHash('sha256').update(resolve(stateDir).toLowerCase()).digest('hex').slice(0, 32);
  return `\\\\.\\pipe\\culvert-lock-${folder}`;
}
