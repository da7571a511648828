/**
 * Runs system commands: absolute path, argument array, no shell, a fixed environment and a time limit.
 *
 * The engine is privileged, so commands are looked for in system folders alone and never along the PATH that
 * whoever started the engine may have set.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { OsError } from './error.ts';

export interface CommandResult {
  /** Exit status; -1 when the command was killed (time limit) or could not be started. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Text for standard input; nothing (end of file at once) when left out. */
  readonly input?: string;
  /** Milliseconds until the command is killed; 10,000 when left out. */
  readonly limit?: number;
}

export interface CommandRunner {
  /** Absolute path of a command of the system, or undefined when it is not installed. */
  find(name: string): string | undefined;
  /**
   * Runs to the end and gives back what came out; a failing exit status is an answer, not an error.
   * @throws OsError `not-supported` when the command is not installed
   */
  run(name: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** `/run/current-system/sw/bin` is where NixOS keeps what others keep in /usr. */
const SYSTEM_FOLDERS = [
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/run/current-system/sw/bin',
  '/usr/local/sbin',
  '/usr/local/bin',
] as const;

const DEFAULT_LIMIT_MS = 10_000;
const MAX_OUTPUT_OCTETS = 32 * 1024 * 1024;

/** One line that names a command as a person would type it, for errors and logs. */
export const commandLine = (name: string, args: readonly string[]): string => [name, ...args].join(' ');

/** A runner on the real system. */
export function systemCommands(folders: readonly string[] = SYSTEM_FOLDERS): CommandRunner {
  const found = new Map<string, string>();
  const find = (name: string): string | undefined => {
    const known = found.get(name);
    if (known !== undefined) return known;
    for (const folder of folders) {
      const path = `${folder}/${name}`;
      try {
        accessSync(path, constants.X_OK);
      } catch {
        continue;
      }
      found.set(name, path);
      return path;
    }
    return undefined;
  };
  const run = (
    name: string,
    args: readonly string[],
    options: CommandOptions = {},
  ): Promise<CommandResult> => {
    const path = find(name);
    if (path === undefined) {
      return Promise.reject(
        new OsError('not-supported', `the command ${name} is not installed`, commandLine(name, args)),
      );
    }
    return new Promise((resolve) => {
      const child = execFile(
        path,
        [...args],
        {
          encoding: 'utf8',
          timeout: options.limit ?? DEFAULT_LIMIT_MS,
          killSignal: 'SIGKILL',
          maxBuffer: MAX_OUTPUT_OCTETS,
          env: { PATH: folders.join(':'), LC_ALL: 'C' },
          cwd: '/',
        },
        (error, stdout, stderr) => {
          const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          const said = status === -1 && stderr === '' ? (error?.message ?? '') : stderr;
          resolve({ status, stdout, stderr: said });
        },
      );
      // A command that leaves before it has read its input is told by its exit status, not by EPIPE.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input ?? '');
    });
  };
  return { find, run };
}
