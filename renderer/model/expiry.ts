/** When the end of a certificate is worth a word. */

const DAY_MS = 86_400_000;
/** Long enough to ask for another one. */
const SOON_DAYS = 30;

/** Whole days until then, 0 and below once it is over; `undefined` when there is time. Both are ISO 8601. */
export function daysToExpiry(expires: string | undefined, now: string): number | undefined {
  if (expires === undefined) return undefined;
  const days = Math.ceil((Date.parse(expires) - Date.parse(now)) / DAY_MS);
  return Number.isFinite(days) && days <= SOON_DAYS ? days : undefined;
}
