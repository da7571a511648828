/** A shell that runs on the double: its engine link points where the test says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { Service } from '../../electron/engine/service.ts';
import type { Platform } from '../../electron/platform.ts';
import { startShell } from '../../electron/shell.ts';
import { createElectronDouble, type ElectronDouble } from './double/electron-double.ts';

export interface RunningOptions {
  readonly argv?: readonly string[];
  readonly platform?: Platform;
  readonly first?: boolean;
  readonly browser?: Browser;
  readonly hasTray?: boolean;
  readonly socket?: string;
  readonly renderer?: string;
  readonly preload?: string;
  readonly icons?: string;
  readonly service?: Service;
}

export interface RunningShell extends ElectronDouble {
  /** Its user data, and a place for the test's own files. */
  readonly folder: string;
}

export async function runShell(options: RunningOptions = {}): Promise<RunningShell> {
  const folder = mkdtempSync(join(tmpdir(), 'culvert-shell-'));
  const { first = true, browser } = options;
  const double = createElectronDouble({ userData: folder, first, browser });
  await startShell({
    host: double.host,
    platform: options.platform ?? 'linux',
    env: {
      CULVERT_SOCKET: options.socket ?? join(folder, 'none.sock'),
      XDG_CONFIG_HOME: join(folder, 'config'),
    },
    argv: ['electron', '.', ...(options.argv ?? [])],
    execPath: '/opt/Culvert/culvert-desktop',
    workingDirectory: folder,
    uid: process.getuid?.(),
    folders: {
      preload: options.preload ?? '',
      renderer: options.renderer ?? folder,
      icons: options.icons ?? '/icons',
    },
    trayAvailable: async () => options.hasTray ?? true,
    ...(options.service ? { service: options.service } : {}),
  });
  return {
    ...double,
    // A getter does not survive the spread.
    get channels() {
      return double.channels;
    },
    folder,
    async close() {
      await double.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until `met` gives something, and fails with what was waited for. */
export async function eventually<T>(what: string, met: () => T | undefined | false, ms = 8000): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = met();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`${what} did not happen within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
