/**
 * The network monitor where the system has a command that reports changes as they happen (`ip monitor`, `route -n
 * monitor`), and where it has none: then interfaces are compared every two seconds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { debounce } from './debounce.ts';
import type { NetworkEvent, NetworkMonitor, WatchNetwork } from './port.ts';
import { watchSleep } from './sleep.ts';

const POLL_MS = 2000;
const AGAIN_MS = 5000;

/** Calls `changed` for each piece of output of a command that is started again when it ends. */
function watchCommand(path: string, args: readonly string[], changed: () => void): () => void {
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
    child.stdout?.on('data', changed);
    child.on('error', () => undefined);
    child.once('close', () => {
      if (closed) return;
      timer = setTimeout(start, AGAIN_MS);
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

function pollInterfaces(changed: () => void): () => void {
  const picture = (): string => JSON.stringify(networkInterfaces());
  let before = picture();
  const timer = setInterval(() => {
    const now = picture();
    if (now !== before) changed();
    before = now;
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** @param command absolute path and arguments; polling when left out */
export function networkMonitor(command?: readonly [string, ...string[]]): WatchNetwork {
  return (hear: (event: NetworkEvent) => void): NetworkMonitor => {
    const burst = debounce(() => hear({ kind: 'network' }));
    const stop = command
      ? watchCommand(command[0], command.slice(1), burst.signal)
      : pollInterfaces(burst.signal);
    const awake = watchSleep((asleepMs) => hear({ kind: 'wake', asleepMs }));
    return {
      close: () => {
        stop();
        awake();
        burst.close();
      },
    };
  };
}
