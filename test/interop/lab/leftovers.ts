/** Folders of laboratories: one a run, named by the pid of the test process; those of dead runs are removed. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'culvert-lab-';
let count = 0;

/** A fresh folder `culvert-lab-PID-N` for files of one laboratory. */
export function newFolder(): string {
  const folder = join(tmpdir(), `${PREFIX}${process.pid}-${count++}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Ends what a dead run left behind and removes its folders. */
export function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const match = new RegExp(`^${PREFIX}(\\d+)-\\d+$`).exec(name);
    if (match === null || isAlive(Number(match[1]))) continue;
    const folder = join(tmpdir(), name);
    for (const pid of recorded(folder)) {
      if (belongsTo(pid, folder)) process.kill(pid, 'SIGKILL');
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function recorded(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'pids'), 'utf8')
      .split('\n')
      .map((line) => Number(line.split(' ')[1]))
      .filter((pid) => pid > 1);
  } catch {
    return [];
  }
}

/** Pids are used again: only a process that names the folder in its command line or environment is ours. */
function belongsTo(pid: number, folder: string): boolean {
  try {
    const about = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
    return about.includes(`${folder}/`) || about.includes(`${folder}\0`);
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
