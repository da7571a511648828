/**
 * What is run to start the service or to install it, after the user has proved the right to do so, and what its end
 * means. Every program is named by its absolute path. Nothing here depends on what a window says.
 */
import { localFailure } from '../../engine/api/failure.ts';
import type { Outcome } from '../bridge/contract.ts';
import type { Platform } from '../platform.ts';
import type { ServiceNames } from './standing.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

export type Env = Readonly<Record<string, string | undefined>>;

/** Name of the unit, of the launchd job, and of the task of Windows: Node does not speak the service manager's protocol. */
export const SERVICE = {
  linux: 'culvert.service',
  darwin: 'org.culvert.engine',
  win32: '\\Culvert\\Engine',
} as const;

/** Where the packages put the engine: on macOS not in the app, to whose folder administrators may write. */
export function engineFolder(platform: Platform, env: Env): string {
  switch (platform) {
    case 'linux':
      return '/opt/Culvert/resources/engine';
    case 'darwin':
      return '/Library/Application Support/Culvert/engine';
    case 'win32':
      return `${env.ProgramFiles ?? 'C:\\Program Files'}\\Culvert\\resources\\engine`;
  }
}

export const JOB: string = `/Library/LaunchDaemons/${SERVICE.darwin}.plist`;

export const PKEXEC = '/usr/bin/pkexec';

export function serviceNames(platform: Platform, env: Env): ServiceNames {
  const folder = engineFolder(platform, env);
  const script = platform === 'win32' ? `${folder}\\install-service.cmd` : `${folder}/install-service.sh`;
  return { service: SERVICE[platform], script };
}

const system32 = (env: Env): string => `${env.SystemRoot ?? 'C:\\Windows'}\\System32`;

/** The end of PowerShell when the user has said no (ERROR_CANCELLED). */
const REFUSED = 126;

/** PowerShell's literal: a quote is doubled. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The program runs with an administrator's rights once the user has agreed; its code is PowerShell's. */
function elevated(env: Env, program: string, args: string): Command {
  const script = [
    'try {',
    `$done = Start-Process -FilePath ${literal(program)} -ArgumentList ${literal(args)}`,
    '-Verb RunAs -WindowStyle Hidden -Wait -PassThru -ErrorAction Stop; exit $done.ExitCode',
    '} catch {',
    'if ($_.Exception.Message.Contains(([ComponentModel.Win32Exception]1223).Message))',
    `{ exit ${REFUSED} }; [Console]::Error.WriteLine($_.Exception.Message); exit 1 }`,
  ].join(' ');
  return {
    file: `${system32(env)}\\WindowsPowerShell\\v1.0\\powershell.exe`,
    args: ['-NoProfile', '-NonInteractive', '-Command', script],
  };
}

const asAdministrator = (line: string): Command => ({
  file: '/usr/bin/osascript',
  args: ['-e', `do shell script "${line}" with administrator privileges`],
});

export function startCommand(platform: Platform, env: Env): Command {
  switch (platform) {
    case 'linux':
      // systemd asks polkit, which asks the user where it must.
      return { file: '/usr/bin/systemctl', args: ['start', SERVICE.linux] };
    case 'darwin': {
      const launchctl = '/bin/launchctl';
      // A job that somebody has taken out is put in again, which starts it.
      return asAdministrator(
        `${launchctl} kickstart system/${SERVICE.darwin} || ${launchctl} bootstrap system ${JOB}`,
      );
    }
    case 'win32':
      return elevated(env, `${system32(env)}\\schtasks.exe`, `/run /tn "${SERVICE.win32}"`);
  }
}

/** Runs the script, whose path has been checked. */
export function installCommand(platform: Platform, env: Env): Command {
  const { script } = serviceNames(platform, env);
  switch (platform) {
    case 'linux':
      return { file: PKEXEC, args: [script] };
    case 'darwin':
      return asAdministrator(`/bin/sh '${script}'`);
    case 'win32':
      return elevated(env, `${system32(env)}\\cmd.exe`, `/d /s /c ""${script}""`);
  }
}

/** How a command ended. `code` is undefined when it was ended for taking too long, or never began. */
export interface Ended {
  readonly code: number | undefined;
  readonly stderr: string;
}

const failed = (code: 'CANCELLED' | 'NOT_PERMITTED' | 'HOST_CONFIGURATION', message: string) =>
  ({ ok: false, failure: localFailure(code, message) }) as const;

/** Words of pkexec, polkit and systemctl in English, of osascript by its number. */
const SAID_NO = /request dismissed|\(-128\)/i;
const MAY_NOT =
  /not authorized|access denied|authentication (is )?(required|failed)|no authentication agent/i;

const MAX_WORDS = 300;

/** The last line is the reason; what is before it is how it came to it. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, MAX_WORDS) ?? '';

export function outcomeOf(platform: Platform, what: 'install' | 'start', ended: Ended): Outcome<boolean> {
  const { code, stderr } = ended;
  if (code === 0) return { ok: true, value: true };
  const doing = what === 'start' ? 'started' : 'installed';
  if (SAID_NO.test(stderr) || (platform === 'win32' && code === REFUSED))
    return failed('CANCELLED', `the service was not ${doing}: the permission was not given`);
  const reason = lastLine(stderr);
  const why = reason === '' ? (code === undefined ? ': it took too long' : ` (code ${code})`) : `: ${reason}`;
  return failed(
    MAY_NOT.test(stderr) ? 'NOT_PERMITTED' : 'HOST_CONFIGURATION',
    `the service could not be ${doing}${why}`,
  );
}
