/** What the certificate doctor found out about a profile: one line a check, each with what to do. */
import * as z from 'zod';
import { NAME_PATTERN, NAME_RULE } from '../base/name.ts';

export const VERDICTS = ['pass', 'warn', 'fail', 'skipped'] as const;

export type Verdict = (typeof VERDICTS)[number];

export interface DoctorParams {
  readonly name: string;
  /** Ask revocation servers whether they answer. */
  readonly online?: boolean | undefined;
  /** Go as far as IKE_AUTH with the gateway, without touching this machine's routes. */
  readonly connect?: boolean | undefined;
}

export interface DoctorCheck {
  /** Stable, such as `key-matches-certificate`. */
  readonly id: string;
  /** What was looked at, in a few words. */
  readonly title: string;
  readonly verdict: Verdict;
  /** What was found, in one sentence with the names, numbers and dates that matter. */
  readonly text: string;
  /** What to do, most likely first. */
  readonly advice: readonly string[];
}

export interface DoctorReport {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly checks: readonly DoctorCheck[];
}

export const doctorSchema: z.ZodType<DoctorParams> = z.strictObject({
  name: z.string().regex(NAME_PATTERN, NAME_RULE),
  online: z.boolean().optional(),
  connect: z.boolean().optional(),
});

export const doctorReportSchema: z.ZodType<DoctorReport> = z.object({
  name: z.string(),
  time: z.string(),
  checks: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      verdict: z.enum(VERDICTS),
      text: z.string(),
      advice: z.array(z.string()),
    }),
  ),
});
