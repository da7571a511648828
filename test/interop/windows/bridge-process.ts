/** The bridge as a process on the client's machine, and what it has written down. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../lab/command.ts';
import type { Host } from '../lab/host.ts';

const SCRIPT = fileURLToPath(new URL('bridge.ts', import.meta.url));
/** The machine is the laboratory's own, so any port is free. */
const PORT = 4799;

export class Bridge {
  readonly port: number = PORT;
  readonly #host: Host;
  readonly #record: string;
  #from = 0;

  constructor(host: Host) {
    this.#host = host;
    this.#record = join(host.folder, 'bridge.record');
    writeFileSync(this.#record, '');
  }

  async start(): Promise<void> {
    const log = join(this.#host.folder, 'bridge.log');
    const command = [
      process.execPath,
      '--import',
      import.meta.resolve('tsx'),
      SCRIPT,
      String(PORT),
      this.#record,
    ];
    this.#host.spawn(command, { log });
    await until('the bridge', () => existsSync(log) && readFileSync(log, 'utf8').includes('ready'), {
      timeout: 20_000,
    });
  }

  /** What was asked for with success since `forget`, one line each; an answer of one line follows `=>`. */
  done(): readonly string[] {
    return this.#lines()
      .slice(this.#from)
      .flatMap((line) => (line.startsWith('0 ') ? [line.slice(2)] : []));
  }

  forget(): void {
    this.#from = this.#lines().length;
  }

  #lines(): readonly string[] {
    return readFileSync(this.#record, 'utf8').split('\n').slice(0, -1);
  }
}
