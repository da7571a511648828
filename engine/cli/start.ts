/** How the engine process is started: what the command line hands to `main.ts`. */
import type { LogLevel } from '../base/log.ts';
import type { OffloadLevel } from '../base/offload-level.ts';

export interface EngineOptions {
  /** Path of the unix socket, or name of the pipe. */
  readonly socket: string;
  /** Folder of profiles, journal and log. */
  readonly state: string;
  /** Name or number of the group whose members may connect. */
  readonly group?: string | undefined;
  readonly logLevel: LogLevel;
  /** Standard error when left out. */
  readonly logFile?: string | undefined;
  /** No more than this is done in bulk by the data path; all that the system has when left out. */
  readonly offload?: OffloadLevel | undefined;
  /** Of the program. */
  readonly version: string;
}

export interface RunningEngine {
  /** Ends all tunnels in order, restores the host, closes the socket. */
  stop(): Promise<void>;
}

/**
 * Undoes what earlier runs left, without an engine; `release` ends kill switches as well. Gives one line a change.
 * Rejects with ApiError when an engine holds the state.
 */
export type RepairMachine = (request: {
  readonly state: string;
  readonly release: boolean;
}) => Promise<readonly string[]>;

/** Resolves once clients can connect. Rejects with ApiError. */
export type StartEngine = (options: EngineOptions) => Promise<RunningEngine>;
