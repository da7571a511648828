/**
 * The network monitor where the system has a command that reports changes as they happen (`ip monitor`, `route -n
 * monitor`), and where it has none: then interfaces are compared every two seconds.
 */
import { networkInterfaces } from 'node:os';
import { debounce } from './debounce.ts';
import { keepProcess } from './kept-process.ts';
import type { NetworkEvent, NetworkMonitor, WatchNetwork } from './port.ts';
import { watchSleep } from './sleep.ts';

const POLL_MS = 2000;
const AGAIN_MS = 5000;

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
      ? keepProcess(command[0], command.slice(1), AGAIN_MS, (output) => output.on('data', burst.signal))
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
