/** How long to wait before looking for the engine again. */
const FIRST_MS = 200;
const LONGEST_MS = 5000;

/** `attempt` counts from 0 since the engine was last there. */
export const retryDelayMs = (attempt: number): number =>
  Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
