/** A client of the engine's socket, for the CLI and the desktop shell. Every failure comes out as an ApiError. */
import { createConnection, type Socket } from 'node:net';
import {
  createMessageConnection,
  type MessageConnection,
  NullLogger,
  ResponseError,
} from 'vscode-jsonrpc/node';
import { METHODS, type Method, type Params, type ResultOf } from '../api/commands.ts';
import { type LogNotification, logNotificationSchema, NOTIFICATIONS } from '../api/events.ts';
import { ApiError, failureSchema, localFailure } from '../api/failure.ts';
import { type Snapshot, snapshotNotificationSchema } from '../api/snapshot.ts';
import { API_VERSION } from '../api/version.ts';
import type { Failure } from '../base/failure.ts';
import { BoundedReader, BoundedWriter } from './transport.ts';

export interface CallOptions {
  /** Milliseconds; 30 s when left out, 0 waits for ever. */
  readonly timeoutMs?: number;
}

export interface RpcClient {
  /** @throws ApiError */
  call<M extends Method>(method: M, params: Params<M>, options?: CallOptions): Promise<ResultOf<M>>;
  onSnapshot(listener: (snapshot: Snapshot) => void): void;
  onLog(listener: (log: LogNotification) => void): void;
  /** Once, when the engine is gone or `close` was called. */
  onClose(listener: () => void): void;
  close(): void;
}

const TIMEOUT_MS = 30_000;
/** A snapshot of many tunnels with their histories. */
const MAX_ANSWER_OCTETS = 32 * 1024 * 1024;

function connectFailure(path: string, error: Error): Failure {
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'EACCES' || code === 'EPERM')
    return localFailure('NOT_PERMITTED', `this user may not use the engine at ${path}`, [
      'run the command as root',
      'add the user to the group that the engine was started with (--group)',
    ]);
  return localFailure(
    'ENGINE_NOT_RUNNING',
    `no engine answers at ${path}${code === '' ? '' : ` (${code})`}`,
    ['start it with: culvert engine', 'name its socket with --socket PATH or CULVERT_SOCKET'],
  );
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    const failed = (error: Error): void => reject(new ApiError(connectFailure(path, error)));
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

const gone = (): Failure => localFailure('ENGINE_NOT_RUNNING', 'the engine closed the connection');

function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return error.failure;
  if (error instanceof ResponseError) {
    const data = failureSchema.safeParse(error.data);
    if (data.success) return data.data;
    // vscode-jsonrpc's own: the connection went away with the request in it.
    if (error.code === -32097 || error.code === -32099) return gone();
  }
  return localFailure('INTERNAL_ERROR', error instanceof Error ? error.message : String(error));
}

class Client implements RpcClient {
  readonly #socket: Socket;
  readonly #rpc: MessageConnection;
  #broken: Failure | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new BoundedReader(socket, {
      maxBody: MAX_ANSWER_OCTETS,
      refused: (error) => {
        this.#broken = localFailure('INTERNAL_ERROR', `the engine's answer makes no sense: ${error.message}`);
        socket.destroy();
      },
    });
    this.#rpc = createMessageConnection(reader, new BoundedWriter(socket), NullLogger);
    this.#rpc.onError(() => undefined);
    socket.once('close', () => this.#rpc.dispose());
    this.#rpc.listen();
  }

  async call<M extends Method>(
    method: M,
    params: Params<M>,
    options: CallOptions = {},
  ): Promise<ResultOf<M>> {
    const { timeoutMs = TIMEOUT_MS } = options;
    if (this.#socket.destroyed) throw new ApiError(this.#broken ?? gone());
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      if (timeoutMs > 0)
        timer = setTimeout(
          () =>
            reject(
              new ApiError(
                localFailure(
                  'INTERNAL_ERROR',
                  `the engine did not answer ${method} within ${timeoutMs / 1000} s`,
                ),
              ),
            ),
          timeoutMs,
        );
    });
    try {
      const answer: unknown = await Promise.race([this.#rpc.sendRequest(method, params), limit]);
      const result = METHODS[method].result.safeParse(answer);
      if (!result.success)
        throw new ApiError(
          localFailure(
            'INTERNAL_ERROR',
            `the engine's answer to ${method} is not as agreed: ${result.error.issues[0]?.path.join('.')}`,
          ),
        );
      return result.data as ResultOf<M>;
    } catch (error) {
      throw new ApiError(this.#broken ?? failureOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  onSnapshot(listener: (snapshot: Snapshot) => void): void {
    this.#rpc.onNotification(NOTIFICATIONS.snapshot, (params: unknown) => {
      const read = snapshotNotificationSchema.safeParse(params);
      if (read.success) listener(read.data.snapshot);
    });
  }

  onLog(listener: (log: LogNotification) => void): void {
    this.#rpc.onNotification(NOTIFICATIONS.log, (params: unknown) => {
      const read = logNotificationSchema.safeParse(params);
      if (read.success) listener(read.data);
    });
  }

  onClose(listener: () => void): void {
    if (this.#socket.destroyed) listener();
    else this.#socket.once('close', () => listener());
  }

  close(): void {
    this.#socket.destroy();
  }
}

/**
 * Connects, and checks that both sides speak the same major version.
 * @throws ApiError `ENGINE_NOT_RUNNING`, `NOT_PERMITTED`, `NOT_SUPPORTED`
 */
export async function connectEngine(path: string): Promise<RpcClient> {
  const client = new Client(await open(path));
  try {
    const { api, version } = await client.call('engine.info', {});
    if (api.major !== API_VERSION.major)
      throw new ApiError(
        localFailure(
          'NOT_SUPPORTED',
          `the engine at ${path} (${version}) speaks version ${api.major} of the API, this program ${API_VERSION.major}`,
        ),
      );
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}
