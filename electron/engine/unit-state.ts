/** Whether systemd would start a unit, read from its folders as `systemctl is-enabled` does, and without running it. */
import { lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceFacts } from './standing.ts';

/** In the order in which systemd looks (systemd.unit(5)). */
const FOLDERS = [
  'etc/systemd/system',
  'run/systemd/system',
  'usr/local/lib/systemd/system',
  'usr/lib/systemd/system',
  'lib/systemd/system',
];

function isMasked(path: string): boolean {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return readlinkSync(path) === '/dev/null';
  return statSync(path).size === 0;
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

function isWanted(folder: string, unit: string): boolean {
  if (!exists(folder)) return false;
  return readdirSync(folder).some(
    (name) => /\.(wants|requires)$/.test(name) && exists(join(folder, name, unit)),
  );
}

/** `root`: of the file system. */
export function unitState(unit: string, root = '/'): ServiceFacts['definition'] {
  const folders = FOLDERS.map((folder) => join(root, folder));
  const found = folders.map((folder) => join(folder, unit)).find(exists);
  if (found === undefined) return 'missing';
  if (isMasked(found)) return 'masked';
  return folders.some((folder) => isWanted(folder, unit)) ? 'enabled' : 'disabled';
}
