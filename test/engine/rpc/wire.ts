/** A served socket, and a client that says whatever a test wants said. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLog } from '../../../engine/base/log.ts';
import { FrameParser } from '../../../engine/rpc/framing.ts';
import { type RpcServer, type ServerOptions, startServer } from '../../../engine/rpc/server.ts';
import { FakeEngine } from './fake-engine.ts';

export interface Served {
  readonly engine: FakeEngine;
  readonly server: RpcServer;
  readonly path: string;
}

export function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'culvert-rpc-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

export async function serve(t: TestContext, options: Partial<ServerOptions> = {}): Promise<Served> {
  const engine = new FakeEngine();
  const path = options.path ?? join(folder(t), 'engine.sock');
  const server = await startServer({
    engine,
    log: silentLog,
    ownUid: process.getuid?.() ?? 0,
    ...options,
    path,
  });
  t.after(() => server.close());
  return { engine, server, path };
}

export interface Answer {
  readonly id?: number | string | null;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: { readonly code: string; readonly message: string };
  };
}

/** A raw connection: what it wrote, what came back, when it ended. */
export class RawClient {
  readonly socket: Socket;
  readonly answers: Answer[] = [];
  readonly ended: Promise<void>;
  #wake: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    const parser = new FrameParser(64 * 1024 * 1024);
    socket.on('data', (chunk: Buffer) => {
      for (const body of parser.push(chunk)) this.answers.push(JSON.parse(body.toString('utf8')) as Answer);
      for (const wake of this.#wake.splice(0)) wake();
    });
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    void this.ended.then(() => {
      for (const wake of this.#wake.splice(0)) wake();
    });
  }

  static open(t: TestContext, path: string): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
      t.after(() => socket.destroy());
    });
  }

  write(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  send(message: unknown): void {
    const body = JSON.stringify(message);
    this.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  request(id: number, method: string, params?: unknown): void {
    this.send({ jsonrpc: '2.0', id, method, params });
  }

  /** The first answer that fits, now or later; fails when the connection ends first. */
  async answer(fits: (answer: Answer) => boolean): Promise<Answer> {
    for (;;) {
      const found = this.answers.find(fits);
      if (found) return found;
      if (this.socket.destroyed) throw new Error(`the connection ended; got ${JSON.stringify(this.answers)}`);
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  call(id: number, method: string, params?: unknown): Promise<Answer> {
    this.request(id, method, params);
    return this.answer((answer) => answer.id === id);
  }
}
