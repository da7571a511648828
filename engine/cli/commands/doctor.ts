/** `culvert doctor`: what is wrong with a profile, check by check, and what to do. */
import type { Command } from 'commander';
import type { DoctorCheck, DoctorReport, Verdict } from '../../api/doctor.ts';
import { FAILURES } from '../../base/failure.ts';
import { type CommonOptions, withCommon, withEngine } from '../context.ts';
import { plural } from '../units.ts';

interface DoctorOptions extends CommonOptions {
  readonly online?: boolean;
  readonly connect?: boolean;
}

/** Servers and a gateway that do not answer are waited for. */
const DOCTOR_MS = 120_000;

const MARKS: Readonly<Record<Verdict, string>> = { pass: 'ok', warn: 'WARN', fail: 'FAIL', skipped: '-' };

const checkText = ({ verdict, title, text, advice }: DoctorCheck): string =>
  [
    `${MARKS[verdict].padEnd(5)} ${title}: ${text}`,
    ...advice.map((line) => `${' '.repeat(8)}→ ${line}`),
  ].join('\n');

const count = ({ checks }: DoctorReport, verdict: Verdict): number =>
  checks.filter((check) => check.verdict === verdict).length;

/** The report for people. */
export const reportText = (report: DoctorReport): string =>
  [
    ...report.checks.map(checkText),
    `${plural(report.checks.length, 'check')}: ${count(report, 'pass')} passed, ${count(report, 'warn')} to look at, ${count(report, 'fail')} failed, ${count(report, 'skipped')} skipped`,
  ].join('\n');

export function addDoctorCommand(program: Command): void {
  withCommon(program.command('doctor').argument('<profile>', 'name of a stored profile'))
    .description('examine a profile: key, certificates, dates, identities, algorithms, selectors')
    .option('--online', 'ask the servers of the CAs too: revocation, and what time it is')
    .option('--connect', 'ask the gateway too, as far as IKE_AUTH; nothing on this machine is changed')
    .action((name: string, options: DoctorOptions) =>
      withEngine(options, async (client, output) => {
        const report = await client.call(
          'profiles.doctor',
          { name, online: options.online, connect: options.connect },
          { timeoutMs: DOCTOR_MS },
        );
        output.result(report, () => reportText(report));
        return count(report, 'fail') > 0 ? FAILURES.CHECKS_FAILED : 0;
      }),
    );
}
