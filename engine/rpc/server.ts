/** The engine's socket: accepts clients, holds them to their rights and limits, feeds their subscriptions. */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import type { EngineApi } from '../api/engine.ts';
import { MAX_CLIENTS, MAX_CLIENTS_PER_USER, SNAPSHOT_INTERVAL_MS } from '../api/limits.ts';
import type { Log } from '../base/log.ts';
import { type AccessOptions, accessOf } from './access.ts';
import { Connection } from './connection.ts';
import { isPipe, type ListenOptions, listenOn } from './listen.ts';

export interface ServerOptions extends ListenOptions, AccessOptions {
  readonly engine: EngineApi;
  readonly log: Log;
  /** A watcher that reads nothing for so long is disconnected; 10 s when left out. */
  readonly stallMs?: number | undefined;
}

export interface RpcServer {
  readonly path: string;
  /** Clients that are connected now. */
  readonly clients: number;
  /** Takes no new clients, lets answers leave, removes the socket. */
  close(): Promise<void>;
}

/** Counters and lifetimes move without an event. */
const REFRESH_MS = 1000;
const STALL_MS = 10_000;
const TICK_MS = 100;

/** @throws ApiError as `listenOn` */
export async function startServer(options: ServerOptions): Promise<RpcServer> {
  const { engine, log, path, stallMs = STALL_MS } = options;
  const connections = new Set<Connection>();
  let stopFeeds: (() => void) | undefined;
  let changed = true;
  let sentAt = Number.NEGATIVE_INFINITY;

  const tick = (): void => {
    const now = performance.now();
    const due =
      now - sentAt >= (changed ? SNAPSHOT_INTERVAL_MS : REFRESH_MS) &&
      [...connections].some((c) => c.watches.watching);
    let taken: unknown;
    const snapshot = (): unknown => (taken ??= engine.snapshot());
    if (due) {
      changed = false;
      sentAt = now;
    }
    for (const connection of connections) {
      const { stalledMs } = connection.watches.flush(now, due ? snapshot : undefined);
      if (stalledMs < stallMs) continue;
      log.warn('a watcher does not read; disconnected', { uid: connection.uid });
      connection.destroy();
    }
  };

  /** Listens to the engine only while somebody listens to us. */
  const feeds = (): void => {
    const wanted = [...connections].some((c) => c.watches.watching || c.watches.following);
    if (wanted && !stopFeeds) {
      const timer = setInterval(tick, TICK_MS);
      const stopChange = engine.onChange(() => {
        changed = true;
      });
      const stopLog = engine.onLog((line) => {
        for (const connection of connections) connection.watches.line(line);
      });
      stopFeeds = () => {
        clearInterval(timer);
        stopChange();
        stopLog();
      };
    } else if (!wanted && stopFeeds) {
      stopFeeds();
      stopFeeds = undefined;
    }
    // A new watcher gets its first snapshot at the next tick.
    if (wanted) sentAt = Number.NEGATIVE_INFINITY;
  };

  const accept = (socket: Socket): void => {
    const access = accessOf(socket, options);
    const uid = access.peer?.uid;
    const ofUser = [...connections].filter((c) => c.uid === uid).length;
    if (
      connections.size >= MAX_CLIENTS ||
      (uid !== undefined && uid !== 0 && ofUser >= MAX_CLIENTS_PER_USER)
    ) {
      log.warn('too many clients; one was turned away', { uid });
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    if (access.right === undefined) log.warn('a client was refused', { uid, pid: access.peer?.pid });
    const connection: Connection = new Connection({
      socket,
      access,
      engine,
      log,
      changed: feeds,
      closed: () => {
        connections.delete(connection);
        feeds();
      },
    });
    connections.add(connection);
  };

  const server = createServer(accept);
  await listenOn(server, options);
  server.on('error', (error) => log.error('the socket failed', { reason: error.message }));

  return {
    path,
    get clients() {
      return connections.size;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.end();
      await closed;
      stopFeeds?.();
      if (!isPipe(path)) rmSync(path, { force: true });
    },
  };
}
