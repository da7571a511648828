/** Looks at this machine: is the package in place, is its service known, may it be installed? Changes nothing. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Platform } from '../platform.ts';
import { checkWindowsProgram } from './file-security.ts';
import type { OwnerVerdict } from './owner.ts';
import { checkProgram } from './program-owner.ts';
import { type Env, engineFolder, JOB, PKEXEC, SERVICE, serviceNames } from './service-command.ts';
import type { ServiceFacts } from './standing.ts';
import { unitState } from './unit-state.ts';

/** What is run as root, at once or by the service. */
const PROGRAMS: Readonly<Record<Platform, readonly string[]>> = {
  linux: ['node', 'culvert', 'culvert.mjs', 'culvert.service', 'culvert-repair.service'],
  darwin: ['node', 'culvert.mjs', `${SERVICE.darwin}.plist`],
  win32: ['node.exe', 'culvert.cmd', 'culvert.mjs', 'engine-task.xml'],
};

const PATIENCE_MS = 5000;

/** What a program of the system prints; undefined when it ends badly. */
const ask = (file: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(file, [...args], { timeout: PATIENCE_MS, windowsHide: true }, (error, out) =>
      resolve(error ? undefined : out),
    );
  });

/** From `launchctl print-disabled system`: `"org.culvert.engine" => disabled`, or `true` on older systems. */
export function isDisabledJob(printed: string, label: string): boolean {
  const line = printed.split('\n').find((text) => text.includes(`"${label}"`));
  return line !== undefined && /=>\s*(disabled|true)\s*$/.test(line);
}

/** From `schtasks /query /xml`: the task's own setting, which is not its triggers'. */
export const isDisabledTask = (xml: string): boolean =>
  /<Settings>(?:(?!<\/Settings>)[\s\S])*<Enabled>\s*false\s*<\/Enabled>/.test(xml);

async function definitionOf(platform: Platform, env: Env): Promise<ServiceFacts['definition']> {
  switch (platform) {
    case 'linux':
      return unitState(SERVICE.linux);
    case 'darwin': {
      if (!existsSync(JOB)) return 'missing';
      const printed = await ask('/bin/launchctl', ['print-disabled', 'system']);
      return isDisabledJob(printed ?? '', SERVICE.darwin) ? 'disabled' : 'enabled';
    }
    case 'win32': {
      const schtasks = `${env.SystemRoot ?? 'C:\\Windows'}\\System32\\schtasks.exe`;
      const xml = await ask(schtasks, ['/query', '/xml', '/tn', SERVICE.win32]);
      // A task that is hidden from this user looks like one that is not there.
      if (xml === undefined) return 'unknown';
      return isDisabledTask(xml) ? 'disabled' : 'enabled';
    }
  }
}

async function checkPrograms(platform: Platform, env: Env): Promise<OwnerVerdict> {
  const folder = engineFolder(platform, env);
  const slash = platform === 'win32' ? '\\' : '/';
  const check = platform === 'win32' ? checkWindowsProgram : checkProgram;
  const paths = PROGRAMS[platform].map((name) => `${folder}${slash}${name}`);
  for (const path of [serviceNames(platform, env).script, ...paths]) {
    const verdict = await check(path);
    if (verdict.kind !== 'trusted') return verdict;
  }
  return { kind: 'trusted' };
}

export async function serviceFacts(platform: Platform, env: Env): Promise<ServiceFacts> {
  const isLinux = platform === 'linux';
  return {
    manager: !isLinux || existsSync('/run/systemd/system'),
    definition: await definitionOf(platform, env),
    programs: await checkPrograms(platform, env),
    canAsk: !isLinux || existsSync(PKEXEC),
  };
}
