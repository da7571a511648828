/** How long the peer takes our authentication for good (RFC 4478): after that it wants to see it again. */
import type { Instant, Millis } from '../../base/brand.ts';
import { readU32 } from '../../base/bytes.ts';
import { after } from '../../base/instant.ts';
import { findNotify } from '../../wire/find.ts';
import type { Payload } from '../../wire/payloads/types.ts';
import { NotifyType } from '../../wire/registry.ts';
import type { Core } from '../core.ts';

/** A tenth of it is left for the new authentication, within these. */
const MARGIN = { least: 3_000, most: 300_000 } as const;

/** The moment to begin anew: before the end, but never before half of it has passed. */
export function reauthMoment(now: Instant, seconds: number): Instant {
  const whole = seconds * 1000;
  const margin = Math.min(MARGIN.most, Math.max(MARGIN.least, whole / 10), whole / 2);
  return after(now, (whole - margin) as Millis);
}

/** Takes an AUTH_LIFETIME, in IKE_AUTH or later; zero is no lifetime. */
export function readAuthLifetime(core: Core, payloads: readonly Payload[]): void {
  const found = findNotify(payloads, NotifyType.AUTH_LIFETIME);
  if (found?.data.length !== 4 || core.config.role !== 'initiator') return;
  const seconds = readU32(found.data, 0);
  if (seconds === 0) return;
  core.reauthAt = reauthMoment(core.now, seconds);
  core.authExpiresAt = after(core.now, (seconds * 1000) as Millis);
  core.note('auth', `the gateway wants to see our credentials again within ${seconds} s`);
}
