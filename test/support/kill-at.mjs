/**
 * Kills this process, as `kill -9` would, after a given number of its steps: `node --import kill-at.mjs PROGRAM`.
 *
 * A step is something that outlives the process: a file written, cut, renamed or removed, a command of the firewall or
 * of a resolver that has ended, and whatever a program announces by `process.emit('step')`. Nothing in the program has
 * to know of it. CULVERT_KILL_AT says after which step (0: never); the number of steps is then written at the end to
 * the file that CULVERT_KILL_COUNT names, if any.
 */
import childProcess from 'node:child_process';
import { writeFileSync } from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const fatal = Number(process.env.CULVERT_KILL_AT ?? 0);
/** Steps are counted from this file on being written to the first time, when it is named. */
const from = process.env.CULVERT_KILL_FROM;
let counting = from === undefined;
let steps = 0;

function step() {
  if (counting && ++steps === fatal) process.kill(process.pid, 'SIGKILL');
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
    if (from !== undefined && args.some((arg) => basename(String(arg)) === from)) counting = true;
    step();
    return result;
  };
}

const sample = await files.open('/dev/null');
const handle = Object.getPrototypeOf(sample);
await sample.close();
for (const name of ['appendFile', 'writeFile', 'write', 'truncate', 'chown', 'chmod']) {
  const real = handle[name];
  handle[name] = async function counted(...args) {
    const result = await real.apply(this, args);
    step();
    return result;
  };
}

syncBuiltinESMExports();

process.on('exit', () => {
  const { CULVERT_KILL_COUNT } = process.env;
  if (CULVERT_KILL_COUNT !== undefined) writeFileSync(CULVERT_KILL_COUNT, String(steps));
});
