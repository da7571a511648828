/** Where the system's engine listens, as the packages set it up. */
import type { Platform } from '../platform.ts';

const SOCKETS: Readonly<Record<Platform, string>> = {
  linux: '/run/culvert/engine.sock',
  // macOS has no /run.
  darwin: '/var/run/culvert/engine.sock',
  win32: '\\\\.\\pipe\\culvert-engine',
};

export interface EngineLocation {
  readonly socket: string;
  /** Users whose engine is accepted besides root's: one's own, for an engine that a developer runs. */
  readonly alsoOwnedBy: readonly number[];
}

export interface LocationInput {
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number | undefined;
  /** An installed app talks to the system's engine and to no other, whatever its environment says. */
  readonly isPackaged: boolean;
}

export function engineLocation({ platform, env, uid, isPackaged }: LocationInput): EngineLocation {
  const named = env.CULVERT_SOCKET;
  if (isPackaged || !named) return { socket: SOCKETS[platform], alsoOwnedBy: [] };
  return { socket: named, alsoOwnedBy: uid === undefined ? [] : [uid] };
}
