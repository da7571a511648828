/** One engine a state folder: two would undo each other's changes. The kernel lets go of a dead engine's lock. */
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { listenOn } from './rpc/listen.ts';

/** Makes the folder when it is not there. @throws ApiError when another engine holds it */
export async function lockState(stateDir: string): Promise<Server> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const lock = createServer((socket) => socket.destroy());
  await listenOn(lock, { path: join(stateDir, 'lock'), mode: 0o600 });
  return lock;
}
