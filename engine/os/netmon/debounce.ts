/** One call for a burst of signals: after a pause, and at the latest after a while of unrest. */

const QUIET_MS = 150;
const LATEST_MS = 600;

export interface Debounced {
  signal(): void;
  close(): void;
}

export function debounce(run: () => void): Debounced {
  let quiet: NodeJS.Timeout | undefined;
  let latest: NodeJS.Timeout | undefined;
  const close = (): void => {
    clearTimeout(quiet);
    clearTimeout(latest);
    quiet = undefined;
    latest = undefined;
  };
  const fire = (): void => {
    close();
    run();
  };
  return {
    signal: () => {
      clearTimeout(quiet);
      quiet = setTimeout(fire, QUIET_MS);
      latest ??= setTimeout(fire, LATEST_MS);
    },
    close,
  };
}
