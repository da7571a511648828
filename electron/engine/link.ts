/**
 * The link to the engine: looks for it, checks whose it is, connects, keeps the latest snapshot, and begins again when
 * it goes away. It never gives up and never throws; what is wrong is its state.
 */
import type { Params, ResultOf } from '../../engine/api/commands.ts';
import type { LogNotification } from '../../engine/api/events.ts';
import { ApiError, localFailure } from '../../engine/api/failure.ts';
import type { Snapshot } from '../../engine/api/snapshot.ts';
import { connectEngine, type RpcClient } from '../../engine/rpc/client.ts';
import type { BridgeEvents, CallableMethod, EngineState, Outcome } from '../bridge/contract.ts';
import { retryDelayMs } from './backoff.ts';
import type { OwnerVerdict } from './owner.ts';
import type { Standing } from './standing.ts';

export interface LinkOptions {
  readonly socket: string;
  readonly checkOwner: () => Promise<OwnerVerdict>;
  /** How the service stands, asked each time that no engine is found: what can be done about it. */
  readonly standing: () => Promise<Pick<Standing, 'offer' | 'words' | 'advice'>>;
  readonly onState: (state: EngineState) => void;
  readonly onSnapshot: (snapshot: Snapshot) => void;
  readonly onLog: (log: BridgeEvents['log']) => void;
}

/** What a method may take besides the usual 30 s: those that wait for a gateway. */
const PATIENCE_MS: Readonly<Record<string, number>> = {
  'tunnel.up': 300_000,
  'tunnel.down': 60_000,
  'profiles.doctor': 180_000,
  'diagnose.bundle': 180_000,
  'host.repair': 60_000,
};

/** Lines that a log view begins with. */
const FIRST_LINES = 500;

export class EngineLink {
  readonly #options: LinkOptions;
  #client: RpcClient | undefined;
  #state: EngineState = { kind: 'connecting' };
  #snapshot: Snapshot | undefined;
  #logWatch: number | undefined;
  #wantsLog = false;
  #attempt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #looking = false;
  readonly #waiting = new Set<() => void>();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get state(): EngineState {
    return this.#state;
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Looks for the engine now, however long the next look was away. */
  look(): void {
    if (this.#stopped || this.#client || this.#looking) return;
    clearTimeout(this.#timer);
    this.#attempt = 0;
    void this.#connect();
  }

  /** Looks often until an engine is connected or refused, for `ms` at most; resolves with the state. */
  async settled(ms: number): Promise<EngineState> {
    const isSettled = (): boolean => this.#state.kind === 'connected' || this.#state.kind === 'refused';
    // A refusal of before is none of the engine that comes now.
    if (this.#state.kind === 'refused') this.#enter({ kind: 'connecting' });
    this.look();
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      this.#wake();
    }, ms);
    while (!isSettled() && !over && !this.#stopped)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    clearTimeout(timer);
    return this.#state;
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
    clearTimeout(this.#timer);
    this.#client?.close();
  }

  async call<M extends CallableMethod>(method: M, params: Params<M>): Promise<Outcome<ResultOf<M>>> {
    const client = this.#client;
    if (!client)
      return {
        ok: false,
        failure: localFailure(
          'ENGINE_NOT_RUNNING',
          this.#state.kind === 'not-running' || this.#state.kind === 'refused'
            ? this.#state.reason
            : 'the engine is not connected yet',
        ),
      };
    try {
      const timeoutMs = PATIENCE_MS[method];
      const value = await client.call(method, params, timeoutMs === undefined ? {} : { timeoutMs });
      return { ok: true, value };
    } catch (error) {
      if (error instanceof ApiError) return { ok: false, failure: error.failure };
      throw error;
    }
  }

  async followLog(on: boolean): Promise<void> {
    this.#wantsLog = on;
    const client = this.#client;
    if (!client) return;
    try {
      if (on && this.#logWatch === undefined) await this.#beginLog(client);
      else if (!on && this.#logWatch !== undefined) {
        const watch = this.#logWatch;
        this.#logWatch = undefined;
        await client.call('log.unfollow', { watch });
      }
    } catch (error) {
      // The connection went away in between; the next one begins anew.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async #beginLog(client: RpcClient): Promise<void> {
    const { lines, watch } = await client.call('log.follow', { lines: FIRST_LINES });
    this.#logWatch = watch;
    this.#options.onLog({ lines, missed: 0 });
  }

  #enter(state: EngineState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.#options.onState(state);
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }

  async #connect(): Promise<void> {
    this.#looking = true;
    try {
      const verdict = await this.#options.checkOwner();
      if (verdict.kind === 'refused') this.#enter({ kind: 'refused', reason: verdict.reason });
      else if (verdict.kind === 'absent') await this.#absent('the service of Culvert is not running');
      else await this.#open();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { code, message } = error.failure;
      if (code === 'ENGINE_NOT_RUNNING') await this.#absent(message);
      else this.#enter({ kind: 'refused', reason: message });
    } finally {
      this.#looking = false;
      if (!this.#client) this.#later();
    }
  }

  async #absent(reason: string): Promise<void> {
    const { offer, words, advice } = await this.#options.standing();
    const said = words === undefined ? reason : [words, ...advice.slice(0, 1)].join('. ');
    if (!this.#stopped) this.#enter({ kind: 'not-running', reason: said, offer });
  }

  async #open(): Promise<void> {
    const client = await connectEngine(this.#options.socket);
    if (this.#stopped) {
      client.close();
      return;
    }
    client.onSnapshot((snapshot) => this.#arrived(client, snapshot));
    client.onLog((log) => this.#logged(client, log));
    this.#client = client;
    client.onClose(() => this.#lost(client));
    this.#attempt = 0;
    this.#enter({ kind: 'connected' });
    await client.call('snapshot.watch', {});
    if (this.#wantsLog) await this.#beginLog(client);
  }

  #arrived(client: RpcClient, snapshot: Snapshot): void {
    if (client !== this.#client) return;
    this.#snapshot = snapshot;
    this.#options.onSnapshot(snapshot);
  }

  #logged(client: RpcClient, { watch, lines, missed }: LogNotification): void {
    if (client === this.#client && watch === this.#logWatch) this.#options.onLog({ lines, missed });
  }

  #lost(client: RpcClient): void {
    if (client !== this.#client) return;
    this.#client = undefined;
    this.#snapshot = undefined;
    this.#logWatch = undefined;
    if (this.#stopped) return;
    this.#enter({ kind: 'connecting' });
    if (!this.#looking) this.#later();
  }

  #later(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#connect(), retryDelayMs(this.#attempt));
    this.#attempt += 1;
  }
}
