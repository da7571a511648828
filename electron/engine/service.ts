/**
 * How the engine's service is started on each system, after the user has proved the right to do so. Every program is
 * named by its absolute path. Nothing here depends on what a window says.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { localFailure } from '../../engine/api/failure.ts';
import type { Outcome } from '../bridge/contract.ts';
import type { Platform } from '../platform.ts';

export interface ServiceCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** Files of which one must exist, or the service is not installed. */
  readonly installedWhen: readonly string[];
}

/** Name of the unit, of the launchd job, and of the task of Windows: Node does not speak the service manager's protocol. */
export const SERVICE = {
  linux: 'culvert.service',
  darwin: 'org.culvert.engine',
  win32: '\\Culvert\\Engine',
} as const;

export function serviceCommand(
  platform: Platform,
  env: Readonly<Record<string, string | undefined>>,
): ServiceCommand {
  switch (platform) {
    case 'linux':
      // systemd asks polkit, which asks the user.
      return {
        file: '/usr/bin/systemctl',
        args: ['start', SERVICE.linux],
        installedWhen: ['/usr/lib', '/lib', '/etc'].map(
          (folder) => `${folder}/systemd/system/${SERVICE.linux}`,
        ),
      };
    case 'darwin':
      return {
        file: '/usr/bin/osascript',
        args: [
          '-e',
          `do shell script "/bin/launchctl kickstart system/${SERVICE.darwin}" with administrator privileges`,
        ],
        installedWhen: [`/Library/LaunchDaemons/${SERVICE.darwin}.plist`],
      };
    case 'win32': {
      const system = `${env.SystemRoot ?? 'C:\\Windows'}\\System32`;
      const start = `Start-Process -FilePath '${system}\\schtasks.exe' -ArgumentList '/run /tn "${SERVICE.win32}"' -Verb RunAs -WindowStyle Hidden -Wait`;
      return {
        file: `${system}\\WindowsPowerShell\\v1.0\\powershell.exe`,
        args: ['-NoProfile', '-NonInteractive', '-Command', start],
        installedWhen: [
          `${env.ProgramFiles ?? 'C:\\Program Files'}\\Culvert\\resources\\engine\\culvert.mjs`,
        ],
      };
    }
  }
}

/** Long enough for a person to find the password. */
const PATIENCE_MS = 120_000;

export interface Service {
  isInstalled(): boolean;
  start(): Promise<Outcome<boolean>>;
}

export function systemService(
  platform: Platform,
  env: Readonly<Record<string, string | undefined>>,
): Service {
  const { file, args, installedWhen } = serviceCommand(platform, env);
  const isInstalled = (): boolean => existsSync(file) && installedWhen.some((path) => existsSync(path));
  return {
    isInstalled,
    start: () =>
      new Promise((resolve) => {
        if (!isInstalled()) {
          const failure = localFailure('NOT_SUPPORTED', 'the service of Culvert is not installed here', [
            'Install the package of Culvert for this system.',
            'From a checkout: sudo npm run -s culvert -- engine',
          ]);
          resolve({ ok: false, failure });
          return;
        }
        execFile(file, [...args], { timeout: PATIENCE_MS, windowsHide: true }, (error, _out, words) => {
          if (!error) {
            resolve({ ok: true, value: true });
            return;
          }
          const said = words.trim().split('\n')[0];
          const message = `the service could not be started${said ? `: ${said}` : ''}`;
          resolve({ ok: false, failure: localFailure('NOT_PERMITTED', message) });
        });
      }),
  };
}
