/** Culvert on Windows: one engine behind its pipe, and the command against it, each a node.exe under Wine. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ended, until } from '../lab/command.ts';
import { type Wine, windowsPath } from './wine.ts';

const PIPE = '\\\\.\\pipe\\culvert-lab';

export class WindowsCulvert {
  readonly #wine: Wine;
  readonly #command: readonly string[];
  readonly #log: string;
  readonly #state: string;
  #engine: ChildProcess | undefined;

  /** `folder` has node.exe and the bundle; logs and state go to `scratch`. */
  constructor(wine: Wine, folder: string, scratch: string) {
    this.#wine = wine;
    this.#command = [join(folder, 'node.exe'), windowsPath(join(folder, 'culvert.mjs'))];
    this.#log = join(scratch, 'engine.log');
    this.#state = windowsPath(join(scratch, 'engine.state'));
  }

  /** What the engine that runs now has printed. */
  said(): string {
    return existsSync(this.#log) ? readFileSync(this.#log, 'utf8') : '';
  }

  async start(): Promise<void> {
    rmSync(this.#log, { force: true });
    const args = ['engine', '--json', '--socket', PIPE, '--state', this.#state];
    const engine = this.#wine.spawn([...this.#command, ...args], this.#log);
    this.#engine = engine;
    await until(
      'a ready engine',
      () => {
        if (engine.exitCode !== null) throw new Error(`the engine ended at once\n${this.said()}`);
        return this.said().includes('"ready":true');
      },
      { timeout: 40_000, interval: 100 },
    );
  }

  /** As a crash or the task manager would end it. */
  async kill(): Promise<void> {
    const engine = this.#engine;
    if (!engine) return;
    engine.kill('SIGKILL');
    await ended(engine, 5_000);
  }

  /** `culvert ARGS --json`, which must succeed. */
  async cli<T>(...args: string[]): Promise<T> {
    const { code, text } = await this.#wine.run(
      [...this.#command, ...args, '--socket', PIPE, '--json'],
      60_000,
    );
    assert.equal(code, 0, `culvert ${args.join(' ')} ended with ${code}: ${text}\n${this.said()}`);
    return JSON.parse(text) as T;
  }
}
