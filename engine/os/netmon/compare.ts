/** Changes found by comparing the interfaces and their addresses now and then. Of routes it sees nothing. */
import { networkInterfaces } from 'node:os';

/** Gives back how to stop. */
export function compareInterfaces(everyMs: number, changed: () => void): () => void {
  const picture = (): string => JSON.stringify(networkInterfaces());
  let before = picture();
  const timer = setInterval(() => {
    const now = picture();
    if (now !== before) changed();
    before = now;
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
