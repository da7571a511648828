/** Entry point of the desktop shell: hands the real Electron to `startShell`, and holds no logic. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as electron from 'electron';
import type { HostPort } from './host.ts';
import { currentPlatform } from './platform.ts';
import { startShell } from './shell.ts';

const host: HostPort = electron;
/** Of the bundle: `dist/electron`, beside `dist/renderer`. */
const here = dirname(fileURLToPath(import.meta.url));

startShell({
  host,
  platform: currentPlatform(),
  env: process.env,
  argv: process.argv,
  execPath: process.execPath,
  workingDirectory: process.cwd(),
  uid: process.getuid?.(),
  folders: {
    preload: join(here, 'preload.cjs'),
    renderer: join(here, '..', 'renderer'),
    icons: join(here, 'icons'),
  },
});
