/** What clients hear without asking: tunnel events inside snapshots, lines of the log, notifications. */
import { z } from 'zod';
import type { LogLevel } from '../base/log.ts';

/** One line of a tunnel's timeline. */
export interface TunnelEvent {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** `state`, `message`, `rekey`, `child`, `host`, … */
  readonly topic: string;
  readonly text: string;
}

export const tunnelEventSchema: z.ZodType<TunnelEvent> = z.object({
  time: z.string(),
  level: z.enum(['debug', 'info', 'warn', 'error']),
  topic: z.string(),
  text: z.string(),
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
