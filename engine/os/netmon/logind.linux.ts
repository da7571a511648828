/**
 * Sleep as systemd-logind announces it: its signal PrepareForSleep says true before, false after (org.freedesktop.login1).
 *
 * `busctl monitor` hears it. It is systemd's own, so it is there wherever logind is, speaks JSON, and its rule holds the
 * bus to logind's own messages; the libraries for D-Bus have no keeper any more, and a reader of our own would be one
 * more protocol for one bit. No inhibitor is held: what there is to do is done after waking.
 *
 * The clock (`sleep.ts`) goes on watching: it knows of stopped processes and of machines without logind. This hears of
 * short naps as well, and at once. Whichever of them is first counts.
 */
import { createInterface } from 'node:readline';
import { keepProcess } from './kept-process.ts';
import type { NetworkEvent, NetworkMonitor, WatchNetwork } from './port.ts';

const RULE =
  "type='signal',sender='org.freedesktop.login1',interface='org.freedesktop.login1.Manager',member='PrepareForSleep'";

/** The bus is not there, or is started anew. */
const AGAIN_MS = 30_000;
/** One wake seen in two ways. */
const SAME_MS = 10_000;

/** What a line of `busctl monitor --json=short` announces: going to sleep, awake, or nothing of interest. Total. */
export function readPrepareForSleep(line: string): boolean | undefined {
  try {
    const message: unknown = JSON.parse(line);
    if (typeof message !== 'object' || message === null) return undefined;
    const { member, payload } = message as {
      readonly member?: unknown;
      readonly payload?: { data?: unknown };
    };
    if (member !== 'PrepareForSleep' || !Array.isArray(payload?.data)) return undefined;
    const [asleep] = payload.data as readonly unknown[];
    return typeof asleep === 'boolean' ? asleep : undefined;
  } catch {
    return undefined;
  }
}

export interface LogindOptions {
  /** Absolute path of busctl. */
  readonly busctl: string;
  /** Another bus than the system's, for tests. */
  readonly address?: string;
}

/** Calls `heard` with true before the machine sleeps and with false after. Gives back how to stop. */
export function watchLogind(
  { busctl, address }: LogindOptions,
  heard: (asleep: boolean) => void,
): () => void {
  const where = address === undefined ? '--system' : `--address=${address}`;
  const args = [where, '--json=short', `--match=${RULE}`, 'monitor'];
  return keepProcess(busctl, args, AGAIN_MS, (output) =>
    createInterface({ input: output }).on('line', (line) => {
      const asleep = readPrepareForSleep(line);
      if (asleep !== undefined) heard(asleep);
    }),
  );
}

/** A monitor that hears of logind too. */
export function withLogind(watch: WatchNetwork, options: LogindOptions): WatchNetwork {
  return (hear: (event: NetworkEvent) => void): NetworkMonitor => {
    let asleepSince: number | undefined;
    /** When each of them has last said so. */
    const saidAt = { clock: Number.NEGATIVE_INFINITY, logind: Number.NEGATIVE_INFINITY };
    const woke = (by: keyof typeof saidAt, other: keyof typeof saidAt, asleepMs: number): void => {
      const now = Date.now();
      saidAt[by] = now;
      if (now - saidAt[other] >= SAME_MS) hear({ kind: 'wake', asleepMs });
    };
    const monitor = watch((event) =>
      event.kind === 'wake' ? woke('clock', 'logind', event.asleepMs) : hear(event),
    );
    const stop = watchLogind(options, (asleep) => {
      if (asleep) asleepSince = Date.now();
      else {
        const slept = asleepSince === undefined ? 0 : Math.max(0, Date.now() - asleepSince);
        asleepSince = undefined;
        woke('logind', 'clock', slept);
      }
    });
    return {
      close: () => {
        stop();
        monitor.close();
      },
    };
  };
}
