/**
 * One machine of the laboratory: a network and a mount namespace kept open by a `sleep`. Nothing has a name
 * outside, so two laboratories never meet, and the kernel removes all of it when the last process ends.
 * /run is private (pid files of several daemons), and /etc is a private copy where `etc` says so, as an
 * ordinary folder: whatever way DNS is changed works as on a real machine and is seen by all its processes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { ended, must, type Output, type RunOptions, run, until } from './command.ts';

/** Every process of the laboratory dies with the test process, even when that is killed hard. */
const WITH_US = ['setpriv', '--pdeathsig', 'KILL', '--'] as const;

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** File that gets standard output and error. */
  readonly log?: string;
  /** Keep standard output as a pipe on the child; only standard error goes to the log. */
  readonly stdout?: 'pipe';
}

export class Host {
  readonly name: string;
  readonly pid: number;
  /** The laboratory's folder. */
  readonly folder: string;
  readonly #holder: ChildProcess;
  readonly #children = new Set<ChildProcess>();

  private constructor(name: string, folder: string, holder: ChildProcess, pid: number) {
    this.name = name;
    this.folder = folder;
    this.#holder = holder;
    this.pid = pid;
  }

  static async start(name: string, folder: string, { etc = false } = {}): Promise<Host> {
    const copy = join(folder, `${name}.etc`);
    const script = [
      'set -e',
      'mount -t tmpfs tmpfs /run',
      'mount -t sysfs sysfs /sys',
      ...(etc ? [`mkdir ${copy}`, `cp -a /etc/. ${copy}/`, `mount --bind ${copy} /etc`] : []),
      'ip link set lo up',
      `echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter`,
      `echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter`,
      `echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad`,
      `echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad`,
      'echo up',
      'exec sleep infinity',
    ].join('\n');
    const [command, ...args] = [
      ...WITH_US,
      'unshare',
      '--net',
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      script,
    ];
    const holder = spawn(command, args, { env: environment(folder), stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    holder.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    holder.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until(
      `namespace ${name}`,
      () => {
        if (holder.exitCode !== null) throw new Error(`namespace ${name}: ${said}`);
        return said.includes('up\n');
      },
      { interval: 5 },
    );
    const pid = holder.pid as number;
    appendFileSync(join(folder, 'pids'), `${name} ${pid}\n`);
    holder.unref();
    return new Host(name, folder, holder, pid);
  }

  /** Runs a command on this machine, whatever its exit code. */
  run(command: readonly string[], options: RunOptions = {}): Promise<Output> {
    const [first, ...rest] = this.#inside(command);
    return run(first, rest, options);
  }

  /** Runs a command on this machine. @throws Error with its output when it fails */
  must(command: readonly string[], options: RunOptions = {}): Promise<string> {
    const [first, ...rest] = this.#inside(command);
    return must(first, rest, options);
  }

  /** Several lines of shell in one process: much faster than a command each. */
  script(lines: readonly string[]): Promise<string> {
    return this.must(['sh', '-e'], { input: lines.join('\n') });
  }

  /** Starts a process that stays. Its pid is its own, not that of a wrapper. */
  spawn(command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [first, ...rest] = this.#inside(command);
    const log = options.log === undefined ? 'ignore' : openSync(options.log, 'a');
    const child = spawn(first, rest, {
      env: { ...environment(this.folder), ...options.env },
      stdio: ['ignore', options.stdout ?? log, log],
    });
    if (typeof log === 'number') closeSync(log);
    this.#children.add(child);
    child.once('close', () => this.#children.delete(child));
    if (child.pid !== undefined) appendFileSync(join(this.folder, 'pids'), `${this.name} ${child.pid}\n`);
    return child;
  }

  /** Ends every process that was started here, then the machine itself. */
  async stop(): Promise<void> {
    const all = [...this.#children, this.#holder];
    for (const child of all) child.kill('SIGKILL');
    await Promise.all(all.map((child) => ended(child, 2_000)));
  }

  /** For the exit handler, where nothing can be awaited. */
  kill(): void {
    for (const child of [...this.#children, this.#holder]) child.kill('SIGKILL');
  }

  #inside(command: readonly string[]): [string, ...string[]] {
    return ['nsenter', '-t', String(this.pid), '-n', '-m', '--', ...WITH_US, ...command];
  }
}

/** Names the laboratory in every process of it, so that a later run knows what a dead one left. */
function environment(folder: string): NodeJS.ProcessEnv {
  return { ...process.env, CULVERT_LAB: folder };
}
