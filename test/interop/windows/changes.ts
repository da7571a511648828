/**
 * What the machine's kernel tells of its links, addresses and routes, for those who follow it: the threads of the doubles
 * that call back in place of Windows'.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

const KINDS: Readonly<Record<string, string>> = { LINK: 'interface', ADDR: 'address', ROUTE: 'route' };

export class Changes {
  readonly #followers = new Set<Socket>();
  #waiting: (() => void)[] = [];
  #begun: (() => void)[] = [];

  constructor() {
    const monitor = spawn('ip', ['-o', 'monitor', 'label', 'link', 'address', 'route'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    process.once('exit', () => monitor.kill());
    let pending = '';
    monitor.stdout.setEncoding('utf8').on('data', (text: string) => {
      pending += text;
      const lines = pending.split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        const kind = KINDS[/^\[(\w+)\]/.exec(line)?.[1] ?? ''];
        if (kind !== undefined) this.#tell(kind);
      }
    });
  }

  follow(socket: Socket): void {
    this.#followers.add(socket);
    socket.once('close', () => this.#followers.delete(socket));
    for (const done of this.#waiting.splice(0)) done();
  }

  /** Resolves when somebody follows. */
  followed(): Promise<string> {
    if (this.#followers.size > 0) return Promise.resolve('');
    return new Promise((resolve) => this.#waiting.push(() => resolve('')));
  }

  /** Calls back without a change, and takes its time; resolves when that has begun. */
  slow(kind: string): Promise<string> {
    const begun = new Promise<string>((resolve) => this.#begun.push(() => resolve('')));
    this.#tell(`slow ${kind}`);
    return begun;
  }

  begins(): string {
    for (const done of this.#begun.splice(0)) done();
    return '';
  }

  #tell(line: string): void {
    for (const socket of this.#followers) socket.write(`${line}\n`);
  }
}
