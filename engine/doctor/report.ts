/** The table of all checks, in the order in which people read them, and the report that it makes of facts. */
import type { DoctorCheck } from '../api/doctor.ts';
import { ANCHOR_RULES } from './anchor-rules.ts';
import type { Facts } from './facts.ts';
import { GATEWAY_RULES } from './gateway-rules.ts';
import { ONLINE_RULES } from './online-rules.ts';
import { OWN_RULES } from './own-rules.ts';
import { applied, type Rule } from './rule.ts';
import { SETTINGS_RULES } from './settings-rules.ts';

export const RULES: readonly Rule[] = [
  ...SETTINGS_RULES,
  ...OWN_RULES,
  ...ANCHOR_RULES,
  ...ONLINE_RULES,
  ...GATEWAY_RULES,
];

export const examine = (facts: Facts): DoctorCheck[] => RULES.flatMap((rule) => applied(rule, facts) ?? []);

/** The only line about a profile that has no meaning. */
export const unreadable = (problems: readonly string[]): DoctorCheck => ({
  id: 'profile',
  title: 'Profile',
  verdict: 'fail',
  text: `The profile cannot be used: ${problems.join('; ')}.`,
  advice: ['Correct the fields that are named, and store the profile again.'],
});
