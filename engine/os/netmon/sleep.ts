/**
 * Sleep seen from inside: a timer of one second that comes much later than that by the wall clock. It covers suspended
 * machines, whose monotonic clock stands still on Linux, and stopped processes. A wall clock that is set forward looks
 * the same; what follows from it is harmless.
 */

const TICK_MS = 1000;
/** A machine under load makes a timer this late without having slept. */
const ASLEEP_MS = 5000;

export function watchSleep(woke: (asleepMs: number) => void): () => void {
  let last = Date.now();
  const timer = setInterval(() => {
    const now = Date.now();
    const late = now - last - TICK_MS;
    last = now;
    if (late >= ASLEEP_MS) woke(late);
  }, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
