/** Runs the command line as a process of its own, as a user does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../engine/cli/main.ts', import.meta.url));

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ran: Promise<Ran>;
  /** What it has printed so far. */
  stdout(): string;
}

export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  }
  const ran = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, ...said })));
  return { process: child, ran, stdout: () => said.stdout };
}

export const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  start(args, env).ran;
