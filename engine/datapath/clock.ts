/** The system's monotonic clock, the same on every thread (`performance.now` starts anew on each). */
import type { Instant } from '../base/brand.ts';

export function monotonic(): Instant {
  const [seconds, nanoseconds] = process.hrtime();
  return (seconds * 1000 + nanoseconds / 1e6) as Instant;
}
