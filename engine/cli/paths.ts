/** Where the engine's socket and state are, by option, environment and user. */
import { homedir, tmpdir } from 'node:os';
import { join, sep } from 'node:path';

export interface Locations {
  readonly socket: string;
  readonly state: string;
}

export interface LocationOptions {
  readonly socket?: string | undefined;
  readonly state?: string | undefined;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `undefined` where there are no user numbers. */
  readonly uid: number | undefined;
}

const set = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

function defaults({ env, uid }: Surroundings): Locations {
  if (sep === '\\')
    return {
      socket: '\\\\.\\pipe\\culvert-engine',
      state: join(set(env.ProgramData) ?? 'C:\\ProgramData', 'Culvert'),
    };
  if (uid === 0) return { socket: '/run/culvert/engine.sock', state: '/var/lib/culvert' };
  const runtime = set(env.XDG_RUNTIME_DIR);
  // Without a runtime folder of the session the socket goes below the temporary one, under the user's own number.
  const folder = runtime ? join(runtime, 'culvert') : join(tmpdir(), `culvert-${uid}`);
  const state = set(env.XDG_STATE_HOME) ?? join(homedir(), '.local', 'state');
  return { socket: join(folder, 'engine.sock'), state: join(state, 'culvert') };
}

/** Options beat the environment, which beats the defaults. A state folder named without a socket holds the socket too. */
export function locations(options: LocationOptions, surroundings: Surroundings): Locations {
  const { env } = surroundings;
  const usual = defaults(surroundings);
  const state = options.state ?? set(env.CULVERT_STATE);
  const beside = state === undefined || sep === '\\' ? undefined : join(state, 'engine.sock');
  const socket =
    options.socket ?? (options.state === undefined ? set(env.CULVERT_SOCKET) : undefined) ?? beside;
  return { socket: socket ?? usual.socket, state: state ?? usual.state };
}
