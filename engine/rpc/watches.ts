/**
 * Subscriptions of one connection. A reader that is slower than the engine gets fewer snapshots, and a count of
 * the log lines it missed; one that stops reading is disconnected. Nothing is queued without bound.
 */
import type { Socket } from 'node:net';
import type { LogLine, LogNotification } from '../api/events.ts';
import type { Subscriptions } from './dispatch.ts';

/** Log lines kept for one follower while its socket is full. */
const MAX_QUEUED_LINES = 1000;

interface Follower {
  after: number;
  lines: LogLine[];
  missed: number;
}

export interface WatchHost {
  readonly socket: Socket;
  notify(method: 'snapshot' | 'log', params: unknown): void;
  /** How many watches of one kind there may be. @throws when there are as many already */
  admit(kind: 'snapshot' | 'log', have: number): void;
  changed(): void;
}

export class Watches implements Subscriptions {
  readonly #host: WatchHost;
  readonly #snapshots = new Set<number>();
  readonly #followers = new Map<number, Follower>();
  #next = 1;
  #fullSince: number | undefined;

  constructor(host: WatchHost) {
    this.#host = host;
  }

  get watching(): boolean {
    return this.#snapshots.size > 0;
  }

  get following(): boolean {
    return this.#followers.size > 0;
  }

  watchSnapshot(): number {
    this.#host.admit('snapshot', this.#snapshots.size);
    const watch = this.#next++;
    this.#snapshots.add(watch);
    this.#host.changed();
    return watch;
  }

  followLog(after: number): number {
    this.#host.admit('log', this.#followers.size);
    const watch = this.#next++;
    this.#followers.set(watch, { after, lines: [], missed: 0 });
    this.#host.changed();
    return watch;
  }

  end(watch: number): boolean {
    const ended = this.#snapshots.delete(watch) || this.#followers.delete(watch);
    this.#host.changed();
    return ended;
  }

  endAll(): void {
    this.#snapshots.clear();
    this.#followers.clear();
    this.#host.changed();
  }

  line(line: LogLine): void {
    for (const follower of this.#followers.values()) {
      if (line.sequence <= follower.after) continue;
      if (follower.lines.length >= MAX_QUEUED_LINES) follower.missed++;
      else follower.lines.push(line);
    }
  }

  /** Sends what is due, unless the socket is still busy with earlier things; tells how long that has lasted. */
  flush(now: number, snapshot: (() => unknown) | undefined): { readonly stalledMs: number } {
    const due = (snapshot && this.watching) || [...this.#followers.values()].some((f) => f.lines.length > 0);
    if (!due && this.#fullSince === undefined) return { stalledMs: 0 };
    if (this.#host.socket.writableNeedDrain) {
      this.#fullSince ??= now;
      return { stalledMs: now - this.#fullSince };
    }
    this.#fullSince = undefined;
    if (snapshot)
      for (const watch of this.#snapshots) this.#host.notify('snapshot', { watch, snapshot: snapshot() });
    for (const [watch, follower] of this.#followers) {
      if (follower.lines.length === 0) continue;
      const notification: LogNotification = { watch, lines: follower.lines, missed: follower.missed };
      follower.lines = [];
      follower.missed = 0;
      this.#host.notify('log', notification);
    }
    return { stalledMs: 0 };
  }
}
