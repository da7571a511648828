/**
 * Culvert on the client's machine: one engine, and the CLI against it, as a user would have them. What scenarios ask
 * again and again goes over the socket, since each start of the CLI from source takes half a second.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiError } from '../../../engine/api/failure.ts';
import type { Snapshot, TunnelSnapshot } from '../../../engine/api/snapshot.ts';
import { FAILURES, type Failure } from '../../../engine/base/failure.ts';
import type { ProfileDocument } from '../../../engine/profile/schema.ts';
import { connectEngine, type RpcClient } from '../../../engine/rpc/client.ts';
import { ended, type Output, until } from './command.ts';
import type { Host } from './host.ts';

const CLI = fileURLToPath(new URL('../../../engine/cli/main.ts', import.meta.url));
const TSX = import.meta.resolve('tsx');
/** From source, or what CULVERT_CLI names: the bundle (`dist/culvert.mjs`), or a command as packages have it. */
const COMMAND: readonly string[] = ((named) => {
  if (named === undefined) return [process.execPath, '--import', TSX, CLI];
  return named.endsWith('.mjs') ? [process.execPath, resolve(named)] : [resolve(named)];
})(process.env.CULVERT_CLI);

export type UpAnswer =
  | { readonly ok: true; readonly tunnel: TunnelSnapshot; readonly milliseconds: number }
  | { readonly ok: false; readonly failure: Failure; readonly exitCode: number };

export class Culvert {
  readonly host: Host;
  readonly socket: string;
  readonly state: string;
  readonly logFile: string;
  #process: ChildProcess | undefined;
  #client: RpcClient | undefined;
  #profiles = 0;

  private constructor(host: Host) {
    this.host = host;
    this.socket = join(host.folder, 'engine.sock');
    this.state = join(host.folder, 'engine.state');
    this.logFile = join(host.folder, 'engine.log');
  }

  static async start(host: Host): Promise<Culvert> {
    const culvert = new Culvert(host);
    await culvert.restart();
    return culvert;
  }

  /** Starts the engine, again after `kill` or `stop` with the same socket and state folder. */
  async restart(
    level = process.env.CULVERT_DATAPATH_LEVEL,
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const limit = level === undefined ? [] : ['--datapath-level', level];
    const process = this.host.spawn(
      [...COMMAND, 'engine', '--json', '--socket', this.socket, '--state', this.state, ...limit],
      { log: this.logFile, stdout: 'pipe', env },
    );
    this.#process = process;
    let said = '';
    process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until(
      'a ready engine',
      () => {
        if (process.exitCode !== null) throw new Error(`the engine ended at once\n${said}${this.log()}`);
        return said.includes('ready') && existsSync(this.socket);
      },
      { interval: 10, timeout: 20_000 },
    );
    this.#client = await connectEngine(this.socket);
  }

  #rpc(): RpcClient {
    if (this.#client === undefined) throw new Error('no engine runs');
    return this.#client;
  }

  get pid(): number {
    return this.#process?.pid as number;
  }

  /** `culvert up FILE --wait`. */
  async up(profile: ProfileDocument, timeout = 60_000): Promise<UpAnswer> {
    const file = join(this.host.folder, `profile-${++this.#profiles}.json`);
    writeFileSync(file, JSON.stringify(profile, undefined, 2), { mode: 0o600 });
    const start = performance.now();
    const output = await this.cli(['up', file, '--wait', '--json'], timeout);
    const milliseconds = performance.now() - start;
    if (output.code !== 0) return { ok: false, failure: failureOf(output), exitCode: output.code };
    const tunnel = await this.tunnel(profile.name);
    if (tunnel === undefined) throw new Error(`up succeeded and status lists no ${profile.name}`);
    return { ok: true, tunnel, milliseconds };
  }

  /** The same by one call to the engine, without the start of a process. */
  async upByCall(profile: ProfileDocument): Promise<UpAnswer> {
    const start = performance.now();
    try {
      const { tunnel } = await this.#rpc().call(
        'tunnel.up',
        { profile: { ...profile }, wait: true },
        { timeoutMs: 60_000 },
      );
      return { ok: true, tunnel, milliseconds: performance.now() - start };
    } catch (error) {
      if (error instanceof ApiError)
        return { ok: false, failure: error.failure, exitCode: FAILURES[error.failure.code] };
      throw error;
    }
  }

  async down(name?: string): Promise<void> {
    const output = await this.cli(['down', ...(name === undefined ? [] : [name]), '--json']);
    if (output.code !== 0) throw new Error(`culvert down: ${output.stdout}${output.stderr}`);
  }

  /** The same by one call to the engine. */
  async downByCall(name: string): Promise<void> {
    await this.#rpc().call('tunnel.down', { name });
  }

  /** Ends every kill switch. */
  async releaseByCall(): Promise<void> {
    await this.#rpc().call('host.release', {});
  }

  async rekey(name: string, child?: string): Promise<void> {
    await this.#rpc().call(
      'tunnel.rekey',
      child === undefined ? { name, what: 'ike' } : { name, what: 'child', child },
    );
  }

  /** A new IKE SA with full authentication beside the one in use. */
  async reauthenticate(name: string): Promise<void> {
    await this.#rpc().call('tunnel.reauthenticate', { name });
  }

  /** Keeps a profile with the engine, in place of one of that name. */
  async store(profile: ProfileDocument): Promise<void> {
    await this.#rpc().call('profiles.add', { profile: { ...profile }, replace: true });
  }

  snapshot(): Promise<Snapshot> {
    return this.#rpc().call('snapshot.get', {});
  }

  async tunnel(name: string): Promise<TunnelSnapshot | undefined> {
    return (await this.snapshot()).tunnels.find((tunnel) => tunnel.name === name);
  }

  /** Any CLI command against this engine. */
  cli(args: readonly string[], timeout = 30_000): Promise<Output> {
    return this.host.run([...COMMAND, ...args, '--socket', this.socket], { timeout });
  }

  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  /** It has ended, whoever ended it. */
  get gone(): boolean {
    const child = this.#process;
    return !child || child.exitCode !== null || child.signalCode !== null;
  }

  /** Ends it without any chance to clean up. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#client?.close();
    this.#client = undefined;
    process.kill(signal);
    await ended(process, 10_000);
    this.#process = undefined;
  }
}

/** The failure that a command printed as JSON on either stream. */
function failureOf(output: Output): Failure {
  for (const text of [output.stdout, output.stderr]) {
    for (const part of [text, ...text.split('\n').reverse()]) {
      try {
        const { error } = JSON.parse(part) as { error?: Failure };
        if (error !== undefined) return error;
      } catch {
        // Not this one.
      }
    }
  }
  throw new Error(`no failure in JSON, exit code ${output.code}:\n${output.stdout}${output.stderr}`);
}
