/** `inactivity` and `start_action` of strongSwan's formats: when a CHILD_SA ends for want of traffic, when it begins. */
import { parseDuration } from '../lifetime.ts';
import type { Fields, Mapping } from './mapping.ts';

const MOST_MS = 24 * 3_600_000;

export const START =
  'tunnels are brought up by the user; one that rests for want of traffic is opened again by traffic';

export function importInactivity(mapping: Mapping, from: Fields, path: readonly string[]): void {
  const text = from.take('inactivity');
  if (text === undefined) return;
  const span = parseDuration(text);
  if (!span.ok) mapping.unmapped(from.at('inactivity'), span.error);
  else if (span.value > MOST_MS)
    mapping.set(from.at('inactivity'), [...path, 'inactivity'], '24h', 'is at most 24h here');
  else mapping.set(from.at('inactivity'), [...path, 'inactivity'], text);
}

export function importStart(mapping: Mapping, from: Fields): void {
  if (from.take('start_action') !== undefined) mapping.unmapped(from.at('start_action'), START);
}
