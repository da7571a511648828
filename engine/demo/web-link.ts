/** A connection to an engine's socket that comes back by itself: what the browser bridge knows of the engine. */
import type { EngineState } from '../../electron/bridge/contract.ts';
import type { Method, Params, ResultOf } from '../api/commands.ts';
import type { LogLine } from '../api/events.ts';
import { ApiError, localFailure } from '../api/failure.ts';
import type { Snapshot } from '../api/snapshot.ts';
import { connectEngine, type RpcClient } from '../rpc/client.ts';

export interface LinkEvents {
  readonly engine: (state: EngineState) => void;
  readonly snapshot: (snapshot: Snapshot) => void;
  readonly log: (log: { readonly lines: readonly LogLine[]; readonly missed: number }) => void;
}

const RETRY_MS = 500;
/** Of the log that a page begins with. */
const LINES = 1000;
const CONNECTING: EngineState = { kind: 'connecting' };
/** A doctor that asks servers, or an attempt to connect, takes its time; each has limits of its own. */
const PATIENCE_MS = 180_000;

export class WebLink {
  readonly #path: string;
  readonly #events: LinkEvents;
  #client: RpcClient | undefined;
  #state: EngineState = CONNECTING;
  #snapshot: Snapshot | undefined;
  #following = 0;
  #logWatch: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(path: string, events: LinkEvents) {
    this.#path = path;
    this.#events = events;
    void this.#connect();
  }

  get state(): EngineState {
    return this.#state;
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** @throws ApiError */
  async call<M extends Method>(method: M, params: Params<M>): Promise<ResultOf<M>> {
    if (!this.#client) throw new ApiError(localFailure('ENGINE_NOT_RUNNING', 'the engine is not running'));
    return await this.#client.call(method, params, { timeoutMs: PATIENCE_MS });
  }

  /** Begins `log` events, and resolves with the latest lines. Ends with as many `unfollow`s. */
  async follow(): Promise<readonly LogLine[]> {
    this.#following++;
    return this.#client ? await this.#followOn(this.#client) : [];
  }

  unfollow(): void {
    this.#following = Math.max(0, this.#following - 1);
    const watch = this.#logWatch;
    if (this.#following > 0 || watch === undefined) return;
    this.#logWatch = undefined;
    this.#client?.call('log.unfollow', { watch }).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#client?.close();
  }

  #enter(state: EngineState): void {
    this.#state = state;
    this.#events.engine(state);
  }

  async #connect(): Promise<void> {
    try {
      const client = await connectEngine(this.#path);
      if (this.#closed) {
        client.close();
        return;
      }
      client.onSnapshot((snapshot) => {
        this.#snapshot = snapshot;
        this.#events.snapshot(snapshot);
      });
      client.onLog(({ lines, missed }) => {
        if (this.#following > 0) this.#events.log({ lines, missed });
      });
      client.onClose(() => this.#lost('the engine closed the connection'));
      this.#client = client;
      await client.call('snapshot.watch', {});
      if (this.#following > 0) this.#events.log({ lines: await this.#followOn(client), missed: 0 });
      this.#enter({ kind: 'connected' });
    } catch (error) {
      const failure = error instanceof ApiError ? error.failure : undefined;
      const reason = error instanceof Error ? error.message : String(error);
      if (failure?.code === 'NOT_PERMITTED' || failure?.code === 'NOT_SUPPORTED') {
        this.#enter({ kind: 'refused', reason });
        this.#retry();
      } else this.#lost(reason);
    }
  }

  async #followOn(client: RpcClient): Promise<readonly LogLine[]> {
    if (this.#logWatch !== undefined) return (await client.call('log.tail', { lines: LINES })).lines;
    const { lines, watch } = await client.call('log.follow', { lines: LINES });
    this.#logWatch = watch;
    return lines;
  }

  #lost(reason: string): void {
    this.#client = undefined;
    this.#logWatch = undefined;
    if (this.#closed) return;
    if (this.#state.kind !== 'not-running') this.#enter({ kind: 'not-running', reason, offer: 'none' });
    this.#retry();
  }

  #retry(): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#connect(), RETRY_MS);
  }
}
