/**
 * The network monitor: hears of changes from the system, in the first way that can be had, and makes one event of a
 * burst.
 *
 * Beside it the interfaces are compared, seldom: a command that is started anew misses what happens meanwhile, and a
 * system may take a registration and never call, as Wine does. Where the system tells nothing, comparing is all there
 * is, and is done often.
 */
import type { Log } from '../../base/log.ts';
import { compareInterfaces } from './compare.ts';
import { debounce } from './debounce.ts';
import type { NetworkEvent, NetworkMonitor, WatchNetwork } from './port.ts';
import { watchSleep } from './sleep.ts';
import type { ChangeSource } from './source.ts';

/** How often interfaces are compared. */
interface Comparing {
  readonly besideMs: number;
  readonly aloneMs: number;
}

const COMPARING: Comparing = { besideMs: 30_000, aloneMs: 2000 };

export interface MonitorParts {
  /** The best first; the next one follows when one cannot be opened or is lost. */
  readonly sources: readonly ChangeSource[];
  readonly log: Log;
  readonly comparing?: Comparing;
}

export function networkMonitor({ sources, log, comparing = COMPARING }: MonitorParts): WatchNetwork {
  return (hear: (event: NetworkEvent) => void): NetworkMonitor => {
    const burst = debounce(() => hear({ kind: 'network' }));
    const stops: (() => void)[] = [];
    const stop = (): void => {
      for (const each of stops.splice(0)) each();
    };
    const listen = (nth: number): void => {
      const source = sources[nth];
      const everyMs = source ? comparing.besideMs : comparing.aloneMs;
      const next = (reason: string): void => {
        stop();
        const instead = sources[nth + 1]?.name ?? `comparing the interfaces every ${comparing.aloneMs} ms`;
        log.warn('changes of the network are not told', { by: source?.name, reason, instead });
        listen(nth + 1);
      };
      const lost = (reason: string): void => {
        next(reason);
        // What changed in between was told to nobody.
        burst.signal();
      };
      try {
        if (source) stops.push(source.open({ changed: burst.signal, lost }));
      } catch (error) {
        next(error instanceof Error ? error.message : String(error));
        return;
      }
      stops.push(compareInterfaces(everyMs, burst.signal));
    };
    listen(0);
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
