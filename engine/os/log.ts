/**
 * The engine's log: JSON lines through pino to standard error or to a file that is rotated by size, and the latest
 * lines in memory for clients.
 */
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { destination, type Logger, pino } from 'pino';
import type { Log, LogFields, LogLevel } from '../base/log.ts';

/** One line, as clients get it. */
export interface LogEntry {
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** The latest lines, and who wants the next. */
export class LogRing {
  readonly #size: number;
  #lines: LogEntry[] = [];
  #next = 0;
  readonly #listeners = new Set<(line: LogEntry) => void>();

  constructor(size: number) {
    this.#size = size;
  }

  add(line: Omit<LogEntry, 'sequence'>): void {
    const entry = { sequence: this.#next++, ...line };
    this.#lines.push(entry);
    // Trimmed by halves, so that a line costs no move of all the others.
    if (this.#lines.length >= 2 * this.#size) this.#lines = this.#lines.slice(-this.#size);
    for (const listener of this.#listeners) listener(entry);
  }

  /** The latest `count` lines with a sequence number above `after`, oldest first. */
  tail(count: number, after = -1): readonly LogEntry[] {
    const kept = this.#lines.slice(-this.#size).filter((line) => line.sequence > after);
    return count <= 0 ? [] : kept.slice(-count);
  }

  /** Returns how to stop. */
  onLine(listener: (line: LogEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Standard error when left out. */
  readonly file?: string | undefined;
  /** Octets at which the file becomes `FILE.1`; 5 MiB when left out. */
  readonly rotateAt?: number | undefined;
  /** Lines kept in memory; 2,000 when left out. */
  readonly lines?: number | undefined;
}

export interface EngineLog {
  readonly log: Log;
  readonly ring: LogRing;
  /** Writes what is still under way. */
  flush(): void;
}

const ROTATE_AT = 5 * 1024 * 1024;
const LINES = 2000;
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

interface Sink {
  write(line: string): void;
  flush(): void;
}

function fileSink(file: string, rotateAt: number): Sink {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const sink = destination({ dest: file, sync: true, mode: 0o600 });
  let size = sizeOf(file);
  return {
    write: (line) => {
      sink.write(line);
      size += Buffer.byteLength(line);
      if (size < rotateAt) return;
      renameSync(file, `${file}.1`);
      sink.reopen(file);
      size = 0;
    },
    flush: () => sink.flushSync(),
  };
}

const present = (fields: LogFields): Record<string, string | number | boolean> => {
  const kept: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) kept[key] = value;
  return kept;
};

/** Opens the log. Lines below `level` are not written, but kept in memory: `culvert log` shows every IKE message. */
export function openLog({ level, file, rotateAt = ROTATE_AT, lines = LINES }: LogOptions): EngineLog {
  const ring = new LogRing(lines);
  const sink: Sink = file === undefined ? stderrSink() : fileSink(file, rotateAt);
  const root = pino(
    {
      level,
      base: { pid: process.pid },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  const make = (logger: Logger, bound: LogFields): Log => {
    const write = (at: LogLevel, message: string, fields: LogFields = {}): void => {
      const own = present(fields);
      if (LEVELS.indexOf(at) >= LEVELS.indexOf(level)) logger[at](own, message);
      ring.add({ time: new Date().toISOString(), level: at, message, fields: { ...present(bound), ...own } });
    };
    return {
      debug: (message, fields) => write('debug', message, fields),
      info: (message, fields) => write('info', message, fields),
      warn: (message, fields) => write('warn', message, fields),
      error: (message, fields) => write('error', message, fields),
      with: (fields) => make(logger.child(present(fields)), { ...bound, ...fields }),
    };
  };
  return { log: make(root, {}), ring, flush: () => sink.flush() };
}

function stderrSink(): Sink {
  const sink = destination({ dest: 2, sync: true });
  return { write: (line) => void sink.write(line), flush: () => sink.flushSync() };
}
