/** The clock and the timers of the running process, behind the Scheduler port. */
import type { Instant } from '../base/brand.ts';
import type { Scheduler } from '../tunnel/ports.ts';

/** Node's timers cannot wait longer than this; a later moment is approached in steps. */
const LONGEST_WAIT = 2 ** 31 - 1;

export function systemScheduler(): Scheduler {
  const now = (): Instant => performance.now() as Instant;
  const at = (when: Instant, run: () => void): (() => void) => {
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      // Rounded up: a timer that fires a fraction of a millisecond early would find its deadline still ahead.
      const wait = Math.max(0, Math.ceil(when - now()));
      timer = setTimeout(() => (now() >= when ? run() : arm()), Math.min(wait, LONGEST_WAIT));
    };
    arm();
    return () => clearTimeout(timer);
  };
  return {
    now,
    at,
    wallClock: () => Date.now(),
    isoTime: (epochMillis) => new Date(epochMillis).toISOString(),
  };
}
