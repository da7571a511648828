/** What was tried to bring a tunnel up, one entry an address: for the status and the timeline. */
import * as z from 'zod';
import type { FailureCode } from '../base/failure.ts';
import { failureCodeSchema } from './failure.ts';

export interface AttemptSnapshot {
  /** Of the attempt since `up`; the addresses that one attempt tries share it. */
  readonly number: number;
  /** When it began; ISO 8601, UTC. */
  readonly time: string;
  /** Absent when it ended before an address was tried. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly outcome: 'trying' | 'connected' | 'failed';
  /** How long it took; absent while it lasts. */
  readonly durationMs?: number | undefined;
  /** Why it failed. */
  readonly code?: FailureCode | undefined;
  readonly message?: string | undefined;
}

export const attemptSchema: z.ZodType<AttemptSnapshot> = z.object({
  number: z.number().int().positive(),
  time: z.string(),
  address: z.string().optional(),
  port: z.number().int().min(0).max(65535).optional(),
  outcome: z.enum(['trying', 'connected', 'failed']),
  durationMs: z.number().nonnegative().optional(),
  code: failureCodeSchema.optional(),
  message: z.string().optional(),
});
