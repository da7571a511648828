/** What clients hear without asking: tunnel events inside snapshots, lines of the log, notifications. */
import * as z from 'zod';
import type { LogLevel } from '../base/log.ts';

/** What `data` of a timeline event holds, by its topic; further topics have none. */
export interface EventData {
  readonly state: { readonly state: string };
  /** One try at one endpoint; without `code` it begins, with it it has failed. */
  readonly attempt: { readonly number: number; readonly endpoint: string; readonly code?: string };
  readonly rekey: {
    readonly what: 'ike' | 'child';
    readonly child?: string;
    readonly by: 'us' | 'peer';
    /** `lifetime`, `bytes`, `packets`, `command`, `rehearsal`, … */
    readonly cause?: string;
    readonly done: boolean;
    readonly durationMs?: number;
  };
  /**
   * A new IKE SA beside the one in use, with the gateway `to` when we are sent to another one; without `done` it begins,
   * with `code` nothing came of it.
   */
  readonly reauth: {
    readonly cause: string;
    readonly to?: string;
    readonly done: boolean;
    readonly durationMs?: number;
    readonly code?: string;
    /** In the tunnel, where they are others now. */
    readonly addresses?: string;
  };
  readonly path: { readonly local: string; readonly remote: string };
  /** Answers in a row are one event, at the time of the last; `count` of them. */
  readonly liveness: { readonly ok: boolean; readonly roundTripMs?: number; readonly count?: number };
  /** The gateway sends us to another one. */
  readonly redirect: { readonly to: string; readonly phase: string };
  /** Closed for want of traffic, or opened by it; names with a space between. */
  readonly idle: { readonly children: string; readonly action: 'closed' | 'opened' };
  readonly drops: { readonly cause: string; readonly count: number };
}

/** One line of a tunnel's timeline. */
export interface TunnelEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `state`, `message`, `rekey`, `child`, `host`, … */
  readonly topic: string;
  readonly text: string;
  /** What the text says, for drawing a timeline: see `EventData`. */
  readonly data?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export const tunnelEventSchema: z.ZodType<TunnelEvent> = z.object({
  time: z.string(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  topic: z.string(),
  text: z.string(),
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

/** One line of the engine's log. */
export interface LogLine {
  /** Grows by one a line, from the engine's start on. */
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

export const logLineSchema: z.ZodType<LogLine> = z.object({
  sequence: z.number().int().nonnegative(),
  time: z.string(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  message: z.string(),
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

/** Notifications from the engine: method names. */
export const NOTIFICATIONS = { snapshot: 'snapshot', log: 'log' } as const;

/** The parameter of `log`; `missed` counts lines that were left out because the client reads too slowly. */
export interface LogNotification {
  readonly watch: number;
  readonly lines: readonly LogLine[];
  readonly missed: number;
}

export const logNotificationSchema: z.ZodType<LogNotification> = z.object({
  watch: z.number(),
  lines: z.array(logLineSchema),
  missed: z.number().int().nonnegative(),
});
