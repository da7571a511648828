/** Running commands: one promise a command, with the whole output and a time limit. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Text for the command's standard input. */
  readonly input?: string;
  /** Milliseconds after which the command is killed and the run fails. */
  readonly timeout?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs to the end whatever the exit code. @throws Error when it cannot start or takes too long */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  const { timeout = 30_000 } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...options.env }, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${line(command, args)}: no end after ${timeout} ms\n${stdout}${stderr}`));
    }, timeout);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === null ? 255 : 128), stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** As `run`, but an exit code other than 0 is an error that shows the output. */
export async function must(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const output = await run(command, args, options);
  if (output.code !== 0) {
    throw new Error(
      `${line(command, args)}: exit code ${output.code}\n${output.stdout}${output.stderr}`.trim(),
    );
  }
  return output.stdout;
}

/** Resolves when the process has ended; kills it hard after `patience` milliseconds. */
export function ended(child: ChildProcess, patience: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    child.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks every `interval` ms until the answer is something. @throws Error naming `what` after `timeout` ms */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { timeout = 30_000, interval = 50 }: { timeout?: number; interval?: number } = {},
): Promise<T> {
  const end = performance.now() + timeout;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > end) throw new Error(`waited ${timeout} ms in vain: ${what}`);
    await sleep(interval);
  }
}

function line(command: string, args: readonly string[]): string {
  return [command, ...args].join(' ');
}
