/** Launch at login: through Electron on Windows and macOS, an autostart entry of the XDG specification elsewhere. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { AppPort } from '../host.ts';
import type { Platform } from '../platform.ts';

export interface LoginItemOptions {
  readonly app: Pick<AppPort, 'setLoginItemSettings'>;
  readonly platform: Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly execPath: string;
}

/** A word of `Exec=`: quoted, and `%` doubled (Desktop Entry Specification, "The Exec key"). */
export function quoteExec(word: string): string {
  const quoted = word.replaceAll(/["`$\\]/g, (character) => `\\${character}`).replaceAll('%', '%%');
  // The value is a string of the entry as well, where a backslash begins an escape.
  return `"${quoted}"`.replaceAll('\\', '\\\\');
}

export const autostartEntry = (execPath: string): string =>
  [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Culvert',
    `Exec=${quoteExec(execPath)} --hidden`,
    'Icon=culvert',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');

export function setLoginItem(start: boolean, { app, platform, env, execPath }: LoginItemOptions): void {
  if (platform !== 'linux') {
    app.setLoginItemSettings({ openAtLogin: start, args: ['--hidden'] });
    return;
  }
  const folder = join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'autostart');
  const path = join(folder, 'culvert.desktop');
  if (!start) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, autostartEntry(execPath));
}
