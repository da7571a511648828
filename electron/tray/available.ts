/** Whether a tray would be seen: GNOME without an extension has none, and does not say so to who makes one. */
import { execFile } from 'node:child_process';
import type { Platform } from '../platform.ts';

const WATCHER = 'org.kde.StatusNotifierWatcher';
const BUSCTL = '/usr/bin/busctl';
const PATIENCE_MS = 2000;

/** Resolves to false when nobody answers: then the window must do without a tray. */
export function trayIsAvailable(platform: Platform): Promise<boolean> {
  if (platform !== 'linux') return Promise.resolve(true);
  const question = ['--user', 'get-property', WATCHER, '/StatusNotifierWatcher', WATCHER];
  return new Promise((resolve) => {
    execFile(
      BUSCTL,
      [...question, 'IsStatusNotifierHostRegistered'],
      { timeout: PATIENCE_MS },
      (error, out) => resolve(!error && out.trim() === 'b true'),
    );
  });
}
