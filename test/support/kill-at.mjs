/**
 * Kills this process, as `kill -9` would, after a given number of its steps: `node --import kill-at.mjs PROGRAM`.
 *
 * A step is something that outlives the process: a file written, cut, renamed or removed, a command of the firewall or
 * of a resolver that has ended, and whatever a program announces by `process.emit('step')`. Nothing in the program has
 * to know of it. CULVERT_KILL_AT says after which step (0: never); the number of steps is then written at the end to
 * the file that CULVERT_KILL_COUNT names, if any. CULVERT_KILL_FROM names files, the first write to which is step 1.
 */
import childProcess from 'node:child_process';
import { writeFileSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const fatal = Number(process.env.CULVERT_KILL_AT ?? 0);
/** Steps count from the first write to one of these files on, when any are named. */
const from = process.env.CULVERT_KILL_FROM?.split(' ');
let counting = from === undefined;
let steps = 0;
/** Names of open files. */
const names = new WeakMap();

function step() {
  if (counting && isMainThread && ++steps === fatal) process.kill(process.pid, 'SIGKILL');
}

process.on('step', step);

const COMMANDS = ['nft', 'resolvectl', 'resolvconf'];

const { execFile } = childProcess;
childProcess.execFile = (path, args, options, done) =>
  execFile(path, args, options, (...result) => {
    if (COMMANDS.includes(basename(path))) step();
    done(...result);
  });

for (const name of ['rename', 'rm']) {
  const real = files[name];
  files[name] = async (...args) => {
    const result = await real(...args);
    step();
    return result;
  };
}

const { open } = files;
files.open = async (path, ...args) => {
  const file = await open(path, ...args);
  names.set(file, basename(String(path)));
  return file;
};

const sample = await open('/dev/null');
const handle = Object.getPrototypeOf(sample);
await sample.close();
for (const name of ['appendFile', 'writeFile', 'write', 'truncate', 'chown', 'chmod']) {
  const real = handle[name];
  handle[name] = async function counted(...args) {
    const result = await real.apply(this, args);
    if (name.endsWith('File') && from?.includes(names.get(this))) counting = true;
    step();
    return result;
  };
}

syncBuiltinESMExports();

process.on('exit', () => {
  const { CULVERT_KILL_COUNT } = process.env;
  if (CULVERT_KILL_COUNT !== undefined && isMainThread) writeFileSync(CULVERT_KILL_COUNT, String(steps));
});
