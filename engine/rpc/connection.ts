/** One client: its rights, its limits, its requests and subscriptions. */
import type { Socket } from 'node:net';
import {
  createMessageConnection,
  ErrorCodes,
  type MessageConnection,
  NullLogger,
  ResponseError,
} from 'vscode-jsonrpc/node';
import type * as z from 'zod';
import { METHODS, type Method, type Right } from '../api/commands.ts';
import type { EngineApi } from '../api/engine.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import {
  MAX_MESSAGE_OCTETS,
  MAX_PENDING_REQUESTS,
  MAX_WATCHES,
  REQUEST_BURST,
  REQUESTS_PER_SECOND,
} from '../api/limits.ts';
import type { Failure } from '../base/failure.ts';
import type { Log } from '../base/log.ts';
import { type Access, covers } from './access.ts';
import { HANDLERS } from './dispatch.ts';
import { frame } from './framing.ts';
import { BoundedReader, BoundedWriter } from './transport.ts';
import { Watches } from './watches.ts';

/** JSON-RPC's code for "the engine says no"; the Failure is in `data`. */
export const ENGINE_FAILURE = -32000;

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly access: Access;
  readonly engine: EngineApi;
  readonly log: Log;
  /** Subscriptions have changed. */
  readonly changed: () => void;
  readonly closed: () => void;
}

type Refusal = ResponseError<Failure>;

const refusal = (code: number, failure: Failure): Refusal =>
  new ResponseError(code, failure.message, failure);

const notPermitted = (what: string, needed: Right, held: Right): Refusal =>
  refusal(
    ENGINE_FAILURE,
    localFailure('NOT_PERMITTED', `${what} needs the right "${needed}", this user has "${held}"`),
  );

/** `params.profile.name: must be …`, one line for all that is wrong, at most five of it. */
function paramsFailure(method: string, error: z.ZodError): Failure {
  const reasons = error.issues.slice(0, 5).map((issue) => {
    const path = issue.path
      .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key).slice(0, 64)}`))
      .join('');
    return `${path === '' ? 'params' : path.slice(1)}: ${issue.message}`;
  });
  return localFailure('USAGE', `${method}: ${reasons.join('; ')}`);
}

export class Connection {
  readonly watches: Watches;
  readonly uid: number | undefined;
  readonly #options: ConnectionOptions;
  readonly #rpc: MessageConnection;
  #pending = 0;

  constructor(options: ConnectionOptions) {
    const { socket, access } = options;
    this.#options = options;
    this.uid = access.peer?.uid;
    const reader = new BoundedReader(socket, {
      maxBody: MAX_MESSAGE_OCTETS,
      rate: { burst: REQUEST_BURST, perSecond: REQUESTS_PER_SECOND },
      refused: (error) => this.#refuse(error.code, localFailure('USAGE', error.message)),
    });
    this.#rpc = createMessageConnection(
      reader,
      new BoundedWriter(socket, access.right === undefined),
      NullLogger,
    );
    this.watches = new Watches({
      socket,
      notify: (method, params) => void this.#rpc.sendNotification(method, params).catch(() => undefined),
      admit: (kind, have) => {
        if (have >= MAX_WATCHES)
          throw new ApiError(
            localFailure('USAGE', `a client may have ${MAX_WATCHES} watches of the ${kind} at once`),
          );
      },
      changed: options.changed,
    });
    this.#rpc.onRequest((method, params) => this.#request(method, params));
    this.#rpc.onError(() => undefined);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.watches.endAll();
      this.#rpc.dispose();
      options.closed();
    });
    this.#rpc.listen();
  }

  /** Disconnects at once. */
  destroy(): void {
    this.#options.socket.destroy();
  }

  /** Disconnects once what was written has left, or after a short wait. */
  end(): void {
    const { socket } = this.#options;
    socket.end();
    setTimeout(() => socket.destroy(), 500).unref();
  }

  /** The stream makes no sense any more: says so, without an id to answer to, and hangs up. */
  #refuse(code: number, failure: Failure): void {
    const { socket } = this.#options;
    if (!socket.destroyed)
      socket.write(
        frame({ jsonrpc: '2.0', id: null, error: { code, message: failure.message, data: failure } }),
      );
    this.end();
  }

  async #request(method: string, params: unknown): Promise<unknown> {
    const { access, log } = this.#options;
    if (access.right === undefined) return refusal(ENGINE_FAILURE, notAdmitted(access));
    if (!Object.hasOwn(METHODS, method))
      return refusal(
        ErrorCodes.MethodNotFound,
        localFailure('USAGE', `there is no method ${method.slice(0, 64)}`),
      );
    const needed = METHODS[method as Method].right;
    if (!covers(access.right, needed)) return notPermitted(method, needed, access.right);
    if (this.#pending >= MAX_PENDING_REQUESTS)
      return refusal(
        ENGINE_FAILURE,
        localFailure('USAGE', `${MAX_PENDING_REQUESTS} requests wait for an answer already`),
      );
    const read = METHODS[method as Method].params.safeParse(params ?? {});
    if (!read.success) return refusal(ErrorCodes.InvalidParams, paramsFailure(method, read.error));
    const rightFor = METHODS[method as Method].rightFor as ((params: unknown) => Right) | undefined;
    const wanted = rightFor?.(read.data) ?? needed;
    if (!covers(access.right, wanted))
      return notPermitted(`${method} with these parameters`, wanted, access.right);
    this.#pending++;
    try {
      return await this.#call(method as Method, read.data);
    } catch (error) {
      if (error instanceof ApiError) return refusal(ENGINE_FAILURE, error.failure);
      log.error('a request failed', {
        method,
        reason: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      return refusal(
        ErrorCodes.InternalError,
        localFailure('INTERNAL_ERROR', 'the engine failed inside; its log says how'),
      );
    } finally {
      this.#pending--;
    }
  }

  #call(method: Method, params: unknown): unknown {
    // The tables share their keys, which the type checker cannot follow through an index.
    const handler = HANDLERS[method] as (engine: EngineApi, params: unknown, watches: Watches) => unknown;
    return handler(this.#options.engine, params, this.watches);
  }
}

function notAdmitted({ peer }: Access): Failure {
  const who = peer ? `user ${peer.uid} (process ${peer.pid})` : 'a user that the system does not name';
  return localFailure('NOT_PERMITTED', `the engine does not serve ${who}`, [
    "run the command as root, or as the engine's own user",
    'add the user to the group that the engine was started with (--group)',
  ]);
}
