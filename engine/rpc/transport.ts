/** vscode-jsonrpc's reader and writer on a socket, with the bounds that its own do not have. */
import type { Socket } from 'node:net';
import {
  AbstractMessageReader,
  AbstractMessageWriter,
  type DataCallback,
  type Disposable,
  type Message,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import { MAX_UNREAD_OCTETS } from '../api/limits.ts';
import { TokenBucket } from './bucket.ts';
import { FrameParser, FramingError, frame, parseMessage } from './framing.ts';

export interface ReaderOptions {
  readonly maxBody: number;
  /** Messages beyond it wait: the socket is not read meanwhile, so that nothing is lost. */
  readonly rate?: { readonly burst: number; readonly perSecond: number };
  /** What the other side sent makes no sense; nothing more is read. */
  readonly refused: (error: FramingError) => void;
}

export class BoundedReader extends AbstractMessageReader implements MessageReader {
  readonly #socket: Socket;
  readonly #options: ReaderOptions;
  readonly #parser: FrameParser;
  readonly #bucket: TokenBucket | undefined;
  #waiting: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(socket: Socket, options: ReaderOptions) {
    super();
    this.#socket = socket;
    this.#options = options;
    this.#parser = new FrameParser(options.maxBody);
    this.#bucket = options.rate && new TokenBucket(options.rate.burst, options.rate.perSecond);
  }

  listen(callback: DataCallback): Disposable {
    const onData = (chunk: Buffer): void =>
      this.#guard(() => {
        this.#waiting.push(...this.#parser.push(chunk));
        this.#deliver(callback);
      });
    this.#socket.on('data', onData);
    this.#socket.on('error', (error) => this.fireError(error));
    this.#socket.on('close', () => {
      this.#stop();
      this.fireClose();
    });
    return { dispose: () => void this.#socket.off('data', onData) };
  }

  override dispose(): void {
    this.#stop();
    super.dispose();
  }

  #stop(): void {
    this.#ended = true;
    this.#waiting = [];
    clearTimeout(this.#timer);
  }

  #guard(work: () => void): void {
    if (this.#ended) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.#stop();
      this.#socket.pause();
      this.#options.refused(error);
    }
  }

  #deliver(callback: DataCallback): void {
    for (let next = this.#waiting[0]; next && !this.#ended; next = this.#waiting[0]) {
      const wait = this.#bucket?.take(performance.now()) ?? 0;
      if (wait > 0) {
        this.#socket.pause();
        this.#timer = setTimeout(() => {
          this.#guard(() => this.#deliver(callback));
          if (this.#waiting.length === 0 && !this.#ended) this.#socket.resume();
        }, wait);
        return;
      }
      this.#waiting.shift();
      callback(parseMessage(next) as Message);
    }
  }
}

/** Gives up on a peer that does not read: its socket is destroyed. */
export class BoundedWriter extends AbstractMessageWriter implements MessageWriter {
  readonly #socket: Socket;
  readonly #once: boolean;

  /** `once`: hangs up after the first message, as a refusal does. */
  constructor(socket: Socket, once = false) {
    super();
    this.#socket = socket;
    this.#once = once;
    socket.on('close', () => this.fireClose());
  }

  write(message: Message): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded)
      return Promise.reject(new Error('the connection is closed'));
    if (socket.writableLength > MAX_UNREAD_OCTETS) {
      socket.destroy();
      return Promise.reject(new Error('the other side does not read'));
    }
    if (this.#once) socket.end(frame(message));
    else socket.write(frame(message));
    return Promise.resolve();
  }

  end(): void {
    this.#socket.end();
  }
}
