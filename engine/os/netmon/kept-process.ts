/** A child process whose output is followed, and that is started again when it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';

/**
 * Hands over the output of each run; errors of starting are an end like any other. Gives back how to stop.
 * @param path absolute
 * @param againMs between an end and the next start
 */
export function keepProcess(
  path: string,
  args: readonly string[],
  againMs: number,
  follow: (output: Readable) => void,
): () => void {
  let child: ChildProcess | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const start = (): void => {
    child = spawn(path, [...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { LC_ALL: 'C' },
      cwd: '/',
    });
    child.unref();
    child.on('error', () => undefined);
    if (child.stdout) follow(child.stdout);
    child.once('close', () => {
      if (closed) return;
      timer = setTimeout(start, againMs);
      timer.unref();
    });
  };
  start();
  return () => {
    closed = true;
    clearTimeout(timer);
    child?.kill();
  };
}
