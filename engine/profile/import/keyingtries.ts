/** `keyingtries` of strongSwan's formats: attempts at connecting; 0 and `%forever` have no end (ipsec.conf(5)). */
import type { Fields, Mapping } from './mapping.ts';

const MOST = 1000;

export function importKeyingtries(mapping: Mapping, from: Fields): void {
  const text = from.take('keyingtries');
  if (text === undefined) return;
  const tries = text === '%forever' ? 0 : /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
  if (tries === undefined) mapping.unmapped(from.at('keyingtries'), 'must be a number');
  else if (tries > MOST)
    mapping.set(from.at('keyingtries'), 'ike.keyingtries', MOST, `at most ${MOST} here; 0 has no end`);
  else mapping.set(from.at('keyingtries'), 'ike.keyingtries', tries);
}
